"""A run: it goes on where it was cut off as if it never was, and what it leaves can be loaded."""

import argparse
import errno
import json
import math
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForPreTraining, AutoTokenizer, BertModel, pipeline

from bert_core.command_line import pretrain as pretrain_command
from bert_core.command_line.main import main
from bert_core.errors import InputError, PretrainingError
from bert_core.figures.labels import percent
from bert_core.model.bert import load_bert
from bert_core.pretraining import folder as pretraining_checkpoint
from bert_core.pretraining.folder import (
    CHECKPOINTS,
    LOG,
    MODEL,
    find_checkpoints,
    read_log,
    read_run,
)
from bert_core.pretraining.pairs import OBJECTIVES
from bert_core.pretraining.recipe import CONFIGS
from bert_core.pretraining.result import save_result
from bert_core.pretraining.setup import PreparedRun, RunRequest, prepare_run
from bert_core.pretraining.train import Pace, StepRecord, train
from bert_core.pretraining.workers import Workers
from tests.kit.pretraining_texts import SMALL, small_request
from tests.kit.tiny import save_tiny, tiny_model

OFTEN = Pace(checkpoint_steps=3, check_examples=8)
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """Small tensors wait for another thread longer than they take, and each number of threads
    adds up in another order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a corpus and a tiny model."""
    folder = tmp_path_factory.mktemp("runs")
    small_request(folder)
    return folder


def prepare(request: RunRequest, **changes: Any) -> PreparedRun:
    return prepare_run(replace(request, **changes), Workers())


def go(run: PreparedRun, steps: int | None = None, pace: Pace = OFTEN) -> list[StepRecord]:
    """Take the steps that are left, or so many, and stop as a kill would."""
    found = []
    records = train(run, pace)
    for record in records:
        found.append(record)
        if len(found) == steps:
            break
    records.close()
    return found


def losses(records: list[StepRecord]) -> list[tuple[float, float | None, float]]:
    return [(one.words_loss, one.pairs_loss, one.gradient) for one in records]


def weights(run: PreparedRun) -> dict[str, torch.Tensor]:
    return {name: one.detach().clone() for name, one in run.learner.model.named_parameters()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.fixture(scope="module")
def unbroken(place: Path) -> tuple[list[StepRecord], dict[str, torch.Tensor]]:
    """Twelve steps in one go, with dropout and long batches."""
    run = prepare(request(place, "unbroken"))
    return go(run), weights(run)


def request(place: Path, out: str, **changes: Any) -> RunRequest:
    recipe = {**SMALL, "dropout": 0.1, "long_length": 64, "long_every": 4}
    return small_request(place, out, **{"changes": recipe, **changes})


# Going on


@pytest.mark.parametrize("steps", [1, 3, 7, 11])
def test_resuming_equals_an_unbroken_run_bit_for_bit(
    place: Path, unbroken: tuple[list[StepRecord], dict[str, torch.Tensor]], steps: int
) -> None:
    asked = request(place, f"cut{steps}")
    go(prepare(asked), steps)
    run = prepare(asked, resume=True)
    assert run.position.step == steps - steps % 3
    records = go(run)
    assert losses(records) == losses(unbroken[0][run.steps - len(records) :])
    assert same(weights(run), unbroken[1])
    assert [entry["step"] for entry in read_log(asked.out)] == list(range(1, 13))
    assert records[-1].tokens == unbroken[0][-1].tokens
    assert run.position.sessions == (2 if steps >= 3 else 1)


def test_a_seed_makes_two_runs_alike_and_another_seed_does_not(place: Path) -> None:
    runs = [
        losses(go(prepare(request(place, f"seed{n}", changes={**SMALL, "seed": seed})), 3))
        for n, seed in enumerate((5, 5, 6))
    ]
    assert runs[0] == runs[1] != runs[2]


def test_a_finished_run_has_nothing_left_to_do(place: Path, unbroken: object) -> None:
    run = prepare(request(place, "unbroken"), resume=True)
    assert run.position.step == run.steps == 12
    assert go(run) == []


def test_resume_starts_afresh_where_there_is_no_checkpoint(place: Path) -> None:
    asked = request(place, "fresh")
    assert prepare(asked, resume=True).position.step == 0
    assert prepare(asked, resume=True).position.step == 0


def test_a_run_needs_nothing_said_twice(place: Path) -> None:
    asked = request(place, "short")
    go(prepare(asked), 4)
    bare = RunRequest(texts=asked.texts, out=asked.out, resume=True)
    run = prepare_run(bare, Workers())
    assert (run.position.step, run.steps, run.recipe.dropout) == (3, 12, 0.1)


def test_a_damaged_checkpoint_gives_way_to_the_one_before(place: Path) -> None:
    asked = request(place, "damaged")
    go(prepare(asked), 7)
    newest, before = find_checkpoints(asked.out)
    assert (newest.name[-1], before.name[-1]) == ("6", "3")
    (newest / MODEL).write_bytes(b"cut off")
    assert prepare(asked, resume=True).position.step == 3


def test_the_last_two_checkpoints_stay(place: Path, unbroken: object) -> None:
    names = [path.name for path in find_checkpoints(place / "unbroken")]
    assert names == ["step-000000012", "step-000000009"]
    assert sorted(path.name for path in (place / "unbroken" / CHECKPOINTS).iterdir()) == names[::-1]


# Kills and full disks


class Killed(BaseException):
    """Nothing runs after it: the tidying up is cut off as well."""


@pytest.mark.parametrize("at", range(1, 12))
def test_a_kill_at_any_moment_of_writing_leaves_whole_checkpoints(
    place: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    asked = request(place, f"killed{at}")
    run = prepare(asked)
    go(run, 6)
    calls = 0

    def dying(function: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls >= at:
                raise Killed
            return function(*args, **kwargs)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(pretraining_checkpoint, "save_file", dying(pretraining_checkpoint.save_file))
        patch.setattr(os, "fsync", dying(os.fsync))
        patch.setattr(Path, "rename", dying(Path.rename))
        patch.setattr(shutil, "rmtree", dying(shutil.rmtree))
        with pytest.raises(Killed):
            go(run)
    resumed = prepare(asked, resume=True)
    assert resumed.position.step in (6, 9)
    left = 12 - resumed.position.step
    assert len(go(resumed)) == left
    names = [path.name for path in (asked.out / CHECKPOINTS).iterdir()]
    assert sorted(names) == ["step-000000009", "step-000000012"]


def test_kill_9_at_a_random_moment_loses_only_the_steps_since_the_checkpoint(place: Path) -> None:
    recipe = {**SMALL, "dropout": 0.1}
    asked = request(place, "shot", changes=recipe, limit=("steps", 3000))
    arguments = command(asked, "--checkpoint-steps", "2", "--steps", "3000")
    process = subprocess.Popen(
        [sys.executable, "-m", "bert_core", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        deadline = time.monotonic() + 120
        while not find_checkpoints(asked.out) and time.monotonic() < deadline:
            assert process.poll() is None, process.stderr.read().decode()
            time.sleep(0.01)
        time.sleep(random.random())
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    logged = [entry["step"] for entry in read_log(asked.out)]
    run = prepare(asked, resume=True)
    assert run.position.step > 0
    assert logged[-1] - 2 <= run.position.step <= logged[-1]
    unbroken = go(prepare(asked, out=asked.out.with_name("whole")), run.position.step + 2)
    assert losses(go(run, 2)) == losses(unbroken[-2:])
    stored = [entry["words_loss"] for entry in read_log(asked.out)]
    assert stored == [record.words_loss for record in unbroken]


def test_a_full_disk_is_said_and_the_checkpoint_before_stays(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(place, "full")
    run = prepare(asked)
    go(run, 4)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pretraining_checkpoint, "save_file", full)
        with pytest.raises(PretrainingError, match="the disk is full"):
            go(run)
    assert [path.name for path in find_checkpoints(asked.out)] == ["step-000000003"]
    assert sorted(path.name for path in (asked.out / CHECKPOINTS).iterdir()) == ["step-000000003"]
    assert len(go(prepare(asked, resume=True))) == 9


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_disk_that_is_full_when_the_log_is_written_is_said(place: Path) -> None:
    asked = request(place, "full_log")
    run = prepare(asked)
    (asked.out / LOG).unlink()
    (asked.out / LOG).symlink_to("/dev/full")
    with pytest.raises(PretrainingError, match="the disk is full"):
        go(run)


def test_a_loss_that_is_no_number_leaves_the_last_checkpoint(place: Path) -> None:
    asked = request(place, "astray")
    run = prepare(asked)
    go(run, 4)
    with torch.no_grad():
        run.learner.model.cls.predictions.bias[:] = math.nan
    with pytest.raises(PretrainingError, match="no longer a number"):
        go(run)
    assert prepare(asked, resume=True).position.step == 3


# Folders that hold something else


def test_a_folder_that_holds_a_run_is_refused_without_resume(place: Path, unbroken: object) -> None:
    with pytest.raises(PretrainingError, match="holds a run already: go on with --resume"):
        prepare(request(place, "unbroken"))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"changes": {**SMALL, "seed": 9}}, "seed: 9, not 0"),
        ({"limit": ("steps", 13)}, "limit"),
        ({"source": "random"}, "source: random"),
    ],
)
def test_a_folder_that_holds_another_run_is_refused(
    place: Path, unbroken: object, changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(PretrainingError, match=f"holds another run .*{named}"):
        prepare(request(place, "unbroken", **changes), resume=True)


def test_a_run_goes_on_with_its_own_text_only(place: Path, tmp_path: Path) -> None:
    asked = small_request(tmp_path)
    go(prepare(asked), 3)
    (tmp_path / "texts" / "more.txt").write_text("A cat sat. A dog ran.")
    with pytest.raises(PretrainingError, match="not the one that the run"):
        prepare(asked, resume=True)


def test_a_folder_with_other_files_is_refused_and_left_alone(place: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.doc").write_text("mine")
    with pytest.raises(PretrainingError, match="holds other files"):
        prepare(request(place, "x"), out=tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["thesis.doc"]


def test_a_run_goes_on_where_the_model_that_it_began_with_is_gone(place: Path) -> None:
    began_with = place / "to be deleted"
    shutil.copytree(place / "tiny", began_with)
    asked = request(place, "orphan", source=str(began_with), limit=("steps", 6))
    go(prepare(asked), 3)
    shutil.rmtree(began_with)
    went_on = go(prepare(asked, resume=True))
    whole = go(
        prepare(request(place, "not orphaned", source=str(place / "tiny"), limit=("steps", 6)))
    )
    assert losses(went_on) == losses(whole)[3:]


def test_two_processes_do_not_train_in_one_folder(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = request(place, "held")
    with pretraining_checkpoint.held(asked.out):
        assert main(command(asked, "--steps", "2")) != 0
        assert "Another process trains" in capsys.readouterr().err
    assert main(command(asked, "--steps", "2")) == 0


def test_what_failed_before_it_began_can_be_begun_again(place: Path, tmp_path: Path) -> None:
    empty = tmp_path / "texts"
    empty.mkdir()
    asked = replace(request(place, "x"), texts=empty, out=tmp_path / "out")
    (empty / "a.txt").write_text("One sentence.")
    with pytest.raises(InputError, match="one document"):
        prepare(asked)
    assert prepare(asked, texts=place / "texts").position.step == 0


# How long


def test_epochs_and_minutes_become_steps_that_are_stored(place: Path) -> None:
    run = prepare(request(place, "epochs", limit=("epochs", 2.0), changes=SMALL))
    assert run.steps == round(2 * len(run.feed.examples[32].plan(0)) / 8)
    asked = request(place, "minutes", limit=("minutes", 0.02))
    before = tiny_model()
    run = prepare(asked)
    stored = read_run(asked.out)
    assert stored is not None
    assert stored["steps"] == run.steps >= 1
    # What was timed left no trace.
    for one, other in zip(before.parameters(), run.learner.model.parameters(), strict=True):
        assert torch.equal(one, other)
    assert not run.learner.optimizer.state
    assert prepare(asked, resume=True).steps == run.steps


# What it leaves


@pytest.fixture(scope="module")
def finished(place: Path) -> Path:
    run = prepare(request(place, "finished"))
    go(run)
    save_result(run)
    return run.folder


def test_transformers_loads_the_folder(finished: Path) -> None:
    model, info = AutoModelForPreTraining.from_pretrained(finished, output_loading_info=True)
    assert not info["missing_keys"]
    assert not info["unexpected_keys"]
    tokenizer = AutoTokenizer.from_pretrained(finished)
    assert tokenizer.tokenize("the cat walking") == ["the", "cat", "walk", "##ing"]
    guesses = pipeline("fill-mask", model=str(finished))("the [MASK] sat")
    assert len(guesses) == 5
    run = prepare_run(RunRequest(finished.parent / "texts", finished, resume=True), Workers())
    for name, weight in run.learner.model.named_parameters():
        assert torch.equal(weight, model.get_parameter(name)), name


def test_the_app_loads_the_folder(finished: Path) -> None:
    bert = load_bert(str(finished), "cpu")
    assert bert.has_mlm
    assert bert.has_nsp


def test_the_card_and_the_log_tell_what_happened(finished: Path) -> None:
    card = (finished / "README.md").read_text()
    log = read_log(finished)
    held = log[-1]["held_out"]
    assert card.startswith("---\nlibrary_name: transformers\n")
    for said in ("12 of 12 steps", "8 examples a batch", "one batch in 4 with 64"):
        assert said in card
    assert f"{log[-1]['tokens']:,} tokens" in card
    if held:
        assert f"{percent(held['first_right'])} right at the first guess" in card
    assert [entry["step"] for entry in log] == list(range(1, 13))
    named = json.loads((finished / "held_out.json").read_text())
    about = read_run(finished)
    assert about is not None
    assert len(named) == about["corpus"]["held_out_documents"]


def test_without_pairs_the_folder_has_no_head_for_them(place: Path) -> None:
    run = prepare(request(place, "alone", changes={**SMALL, "objective": "none"}))
    go(run, 2)
    save_result(run, half=True)
    bert = load_bert(str(run.folder), "cpu")
    assert (bert.has_mlm, bert.has_pooler, bert.has_nsp) == (True, False, False)
    size = (run.folder / MODEL).stat().st_size
    assert size < 2.2 * sum(weight.numel() for weight in weights(run).values())


def test_a_model_without_heads_gets_new_ones(place: Path, tmp_path: Path) -> None:
    encoder = BertModel(tiny_model().config, add_pooling_layer=False)
    save_tiny(tmp_path / "encoder", encoder)
    run = prepare(request(place, "heads", source=str(tmp_path / "encoder")))
    assert run.about["new"] == ["the masked-word head", "the pooler", "the next-sentence head"]
    assert torch.equal(
        run.learner.model.bert.encoder.layer[0].output.dense.weight,
        encoder.encoder.layer[0].output.dense.weight,
    )
    go(run, 2)


# The command


def command(asked: RunRequest, *more: str) -> list[str]:
    """The arguments that ask for a run."""
    recipe = ["--batch", "8", "--length", "32", "--rate", "1e-3", "--dropout", "0.1"]
    places = ["--corpus", str(asked.texts), "--out", str(asked.out), "--from", str(asked.source)]
    return ["pretrain", *places, *recipe, "--device", "cpu", *more]


def test_one_command_pretrains_from_nothing_with_a_vocabulary_of_its_own(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    arguments = ["--corpus", str(place / "texts"), "--out", str(out), "--steps", "3"]
    small = [
        "--config",
        "tiny",
        "--vocabulary",
        "150",
        "--batch",
        "8",
        "--length",
        "32",
        "--whole-words",
        "--bf16",
    ]
    assert main(["pretrain", *arguments, *small]) == 0
    said = capsys.readouterr().err
    assert "step 3 of 3: words" in said
    assert "tokens/s" in said
    assert "left" in said
    bert = load_bert(str(out), "cpu")
    assert (bert.layers, bert.hidden, bert.heads) == (2, 128, 2)
    assert len(bert.wordpiece.vocabulary) <= 150
    assert bert.wordpiece.split("the cat").tokens == ["the", "cat"]
    assert "vocabulary: trained on the same text" in (out / "README.md").read_text()


@pytest.mark.parametrize(("option", "names"), [("config", CONFIGS), ("objective", OBJECTIVES)])
def test_the_command_knows_the_recipes_own_names(option: str, names: Iterable[str]) -> None:
    parser = argparse.ArgumentParser()
    pretrain_command.add_pretrain(parser.add_subparsers())
    asked = ["pretrain", "--corpus", "texts", "--out", "out", f"--{option}"]
    for name in names:
        assert getattr(parser.parse_args([*asked, name]), option) == name
    with pytest.raises(SystemExit):
        parser.parse_args([*asked, "another"])


def test_a_batch_that_does_not_fit_into_memory_is_said(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError

    run = prepare(request(place, "large"))
    monkeypatch.setattr(run.learner.losses, "forward", full)
    with pytest.raises(PretrainingError, match="8 examples of 32 tokens do not fit"):
        go(run)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (["--corpus", "nowhere"], "There is no folder “nowhere”"),
        (["--from", "embedded", "--config", "tiny"], "--config is for a model from nothing"),
        (["--from", "embedded", "--vocabulary", "200"], "keeps its vocabulary"),
        (["--batch", "5000"], "The corpus is too small"),
        (["--mask-rate", "0.9"], "Choose between 5 and 50 %"),
        (["--device", "cuda:99"], "has no device"),
        (["--length", "600"], "Examples have 8 to 512 tokens"),
        (["--held-out", "nowhere.json"], "cannot be read as a list"),
    ],
)
def test_bad_input_is_one_sentence(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: list[str],
    said: str,
) -> None:
    asked = replace(request(place, "x"), out=tmp_path / "out")
    assert main([*command(asked, "--steps", "2"), *changes]) == 2
    lines = capsys.readouterr().err.strip().split("\n")
    assert said in lines[-1]
    assert not [line for line in lines if "Traceback" in line]


# Several processes


@pytest.mark.timeout(300)  # each imports torch, beside others
def test_two_processes_give_the_losses_of_one(place: Path) -> None:
    recipe = {**SMALL, "accumulation": 2, "long_length": 64, "long_every": 4}
    asked = request(place, "two", changes=recipe, limit=("steps", 6))
    alone = go(prepare(asked, out=place / "one"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = (
        "import sys; from pathlib import Path; "
        "from tests.bert_core.pretraining.test_train import two; two(Path(sys.argv[1]))"
    )
    said = [place / f"rank-{rank}.txt" for rank in range(2)]
    processes = [
        subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", script, str(place)],
            cwd=ROOT,
            stderr=said[rank].open("wb"),
            env={
                **os.environ,
                "RANK": str(rank),
                "LOCAL_RANK": str(rank),
                "WORLD_SIZE": "2",
                "MASTER_ADDR": "127.0.0.1",
                "MASTER_PORT": str(port),
                "OMP_NUM_THREADS": "1",
            },
        )
        for rank in range(2)
    ]
    codes = ended_together(processes)
    assert codes == [0, 0], "\n".join(path.read_text()[-3000:] for path in said)
    log = read_log(asked.out)
    assert len(log) == 6
    for entry, record in zip(log, alone, strict=True):
        assert entry["words_loss"] == pytest.approx(record.words_loss, abs=1e-4)
        assert entry["pairs_loss"] == pytest.approx(record.pairs_loss, abs=1e-4)
        assert entry["tokens"] == record.tokens


def ended_together(processes: "list[subprocess.Popen[bytes]]", seconds: float = 200) -> list[int]:
    """The exit codes of processes that wait for each other: if one fails, the others are ended, and
    say where they stood."""
    deadline = time.monotonic() + seconds
    while any(process.poll() is None for process in processes):
        failed = any(process.poll() not in (None, 0) for process in processes)
        if failed or time.monotonic() > deadline:
            for process in processes:
                process.send_signal(signal.SIGABRT)
            break
        time.sleep(0.05)
    return [process.wait() for process in processes]


def two(place: Path) -> None:
    """What each of the two processes does."""
    from bert_core.pretraining.workers import join_workers

    workers = join_workers("cpu")
    assert workers.count == 2
    recipe = {**SMALL, "accumulation": 2, "long_length": 64, "long_every": 4}
    run = prepare_run(request(place, "two", changes=recipe, limit=("steps", 6)), workers)
    go(run)
    if workers.first:
        save_result(run)
    workers.leave()
