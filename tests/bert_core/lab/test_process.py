"""A run of the lab: what it is, what it writes down, and what it is told."""

import json
import math
import os
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from bert_core.errors import InputError
from bert_core.lab import folder as files
from bert_core.lab import process, step_view
from bert_core.lab.folder import ALONE_SECONDS, Control, Status
from bert_core.lab.pretraining import unigram_loss
from bert_core.lab.process import LabRun, main
from bert_core.lab.settings import (
    LENGTH,
    TEXT,
    WATCHED,
    LabSettings,
    from_json,
    read_sentences,
    to_json,
)
from bert_core.lab.snapshot import (
    copy_of,
    cosines,
    list_snapshots,
    load_snapshot,
    save_snapshot,
    steps_to_look_at,
    take_snapshot,
)
from bert_core.masked_words.predict import predict_masked
from bert_core.model.bert import load_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.pretraining.documents import is_held_out, read_documents, read_held_out
from bert_core.pretraining.examples import NO_LABEL
from bert_core.pretraining.masks import FATES

SMALL = LabSettings(layers=1, heads=2, width=64, vocabulary=1_000, steps=300)


def new_folder(at: Path, settings: LabSettings = SMALL, control: Control | None = None) -> Path:
    at.mkdir()
    (at / files.SETTINGS).write_text(to_json(settings), encoding="utf-8")
    (at / files.SEEN).touch()
    if control is not None:
        files.write_control(at, control)
    return at


@pytest.fixture(scope="module")
def stepped(tmp_path_factory: pytest.TempPathFactory) -> LabRun:
    """A run that was told to take three steps alone, and then to stop."""
    folder = new_folder(tmp_path_factory.mktemp("lab") / "run", control=Control(False, until=3))
    run = LabRun(folder, SMALL)
    listen, asked = run._listen, []

    def listens() -> Control:
        asked.append(run.status.state)
        return replace(listen(), stop=asked.count(files.PAUSED) > 1)

    run._listen = listens  # type: ignore[method-assign]
    run.work()
    return run


# What it is


def test_settings_come_back_from_json() -> None:
    settings = replace(
        SMALL, rate=40, pairs=False, seed=7, sentences=("这是[MASK]。", "a [MASK] b")
    )
    assert from_json(to_json(settings)) == settings


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"layers": 5}, "layers"),
        ({"width": 64_000}, "width"),
        ({"rate": 90}, "rate"),
        ({"seed": -1}, "seed"),
        ({"sentences": ()}, "sentences"),
        ({"sentences": ("No blank.",)}, "[MASK]"),
        ({"sentences": ("[MASK]" * 100,)}, "characters"),
        ({"sentences": ("[MASK]",) * 9}, "sentences"),
    ],
)
def test_settings_out_of_bounds_are_refused_in_a_sentence(wrong: dict, said: str) -> None:
    with pytest.raises(InputError, match=said.replace("[", r"\[")):
        replace(SMALL, **wrong)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sentences": 3}', '{"sentences": [], "x": 1}'])
def test_what_is_no_settings_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        from_json(text)


def test_sentences_are_lines_and_empty_ones_are_left_out() -> None:
    assert read_sentences("\n one  [MASK]\n\n\ttwo\n") == ("one [MASK]", "two")


def test_the_bundled_text_is_small_and_has_chapters_held_out_of_each_book() -> None:
    assert sum(path.stat().st_size for path in TEXT.glob("*.txt")) < 1_000_000
    named = read_held_out(TEXT / "held_out.json")
    kept = {one.file for one in read_documents(TEXT) if is_held_out(one, named)}
    assert kept == {path.name for path in TEXT.glob("*.txt")}


@pytest.mark.parametrize("steps", [1, 7, 300, 10_000])
def test_snapshots_begin_before_the_first_step_and_end_after_the_last(steps: int) -> None:
    found = list(steps_to_look_at(steps))
    assert (found[0], found[-1]) == (0, steps)
    assert found == sorted(set(found))
    assert len(found) < 90


# What it writes down


def test_each_step_leaves_both_losses(stepped: LabRun) -> None:
    losses = files.read_losses(stepped.folder)
    assert losses.shape == (3, 2)
    assert np.isfinite(losses).all()
    log = [json.loads(line) for line in (stepped.folder / "run/log.jsonl").read_text().splitlines()]
    logged = [(entry["words_loss"], entry["pairs_loss"]) for entry in log]
    np.testing.assert_allclose(losses, logged, rtol=1e-6)


def test_a_step_taken_alone_shows_the_batch_that_it_learnt_from(stepped: LabRun) -> None:
    view = step_view.from_json(files.read_json(stepped.folder / files.BATCH))
    losses = files.read_losses(stepped.folder)[2]
    assert view.step == 3
    assert view.words_loss == pytest.approx(losses[0], rel=1e-5)
    assert view.pairs_loss == pytest.approx(losses[1], rel=1e-5)
    batch, _ = stepped.run.feed.whole_batch(0, {})
    assert view.examples == len(batch)
    for example in view.shown:
        assert len(example.tokens) == len(example.segments) <= LENGTH
        for guess in example.guesses:
            assert example.tokens[guess.position] == guess.seen
            assert guess.became in FATES
            assert (guess.seen == "[MASK]") == (guess.became == "masked")
            if guess.became == "kept":
                assert guess.seen == guess.original


def test_the_losses_of_a_batch_are_those_of_transformers_own_model(stepped: LabRun) -> None:
    run = stepped.run
    batch, _ = run.feed.whole_batch(5, {})
    view = step_view.view_step(run.learner.model, batch, run.wordpiece, 6, True)
    labels = np.full(batch.ids.shape, NO_LABEL)
    rows, places = np.nonzero(batch.labels != NO_LABEL)
    labels[rows, batch.positions[rows, places]] = batch.labels[rows, places]
    with torch.no_grad():
        found = run.learner.model.eval()(
            torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy(batch.attention),
            token_type_ids=torch.from_numpy(batch.segments),
            labels=torch.from_numpy(labels),
            next_sentence_label=torch.from_numpy(batch.pair_labels),
        )
    assert view.pairs_loss is not None
    assert view.words_loss + view.pairs_loss == pytest.approx(float(found.loss), rel=1e-5)
    assert view.chosen == len(rows)


def test_the_unigram_loss_is_that_of_counting_by_hand(stepped: LabRun) -> None:
    training = stepped.run.corpus.training
    counts = Counter(training.pieces.tolist())
    size = len(stepped.run.wordpiece.vocabulary)
    total = len(training.pieces) + size
    hidden = [
        piece
        for batch in stepped.held_out
        for piece in batch.labels.ravel().tolist()
        if piece != NO_LABEL
    ]
    by_hand = -sum(math.log((counts[piece] + 1) / total) for piece in hidden) / len(hidden)
    assert unigram_loss(training, stepped.held_out, size) == pytest.approx(by_hand)
    facts = files.read_facts(stepped.folder)
    assert facts is not None
    assert facts.unigram == pytest.approx(by_hand)


def test_a_snapshot_holds_what_the_model_says_of_each_sentence(
    stepped: LabRun, tmp_path: Path
) -> None:
    model, wordpiece = stepped.run.learner.model, stepped.run.wordpiece
    sentences = (WATCHED[0], "Two [MASK] and [MASK] here.")
    taken = take_snapshot(model, wordpiece, sentences, LENGTH, 12, None)
    save_snapshot(tmp_path, taken)
    assert list_snapshots(tmp_path) == [12]
    stored = load_snapshot(tmp_path, 12)
    bert = copy_of(model, wordpiece)
    for sentence, one in zip(sentences, stored.watched, strict=True):
        run = run_bert(bert, encode(bert, sentence))
        found = predict_masked(bert, run, 5)
        assert one.tokens == run.encoding.tokens
        assert one.masks == run.encoding.masked
        assert list(one.pieces) == [guess.pieces for guess in found]
        assert one.probabilities.shape == (len(found), len(wordpiece.vocabulary))
        np.testing.assert_allclose(one.probabilities.sum(axis=1), 1, atol=1e-3)
        for blank, guess in enumerate(found):
            shares = [share for _, share in one.guesses(blank)]
            np.testing.assert_allclose(shares, guess.probabilities, rtol=1e-3)
        assert run.attentions is not None
        np.testing.assert_allclose(one.attentions, run.attentions, atol=5e-4)
    weights = model.bert.embeddings.position_embeddings.weight.detach().numpy()
    assert stored.positions.shape == (LENGTH, LENGTH)
    one, other = weights[3], weights[9]
    by_hand = one @ other / math.sqrt((one @ one) * (other @ other))
    assert stored.positions[3, 9] == pytest.approx(by_hand, abs=1e-3)


def test_looking_leaves_the_model_as_it_was(stepped: LabRun) -> None:
    model = stepped.run.learner.model.train()
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    take_snapshot(model, stepped.run.wordpiece, WATCHED, LENGTH, 0, None)
    assert model.training
    assert model.config._attn_implementation == "sdpa"
    assert all(weight.requires_grad for weight in model.parameters())
    assert all(torch.equal(before[name], weight) for name, weight in model.state_dict().items())


def test_the_cosine_of_nothing_is_0() -> None:
    np.testing.assert_array_equal(cosines(np.array([[0, 0], [3, 4]], np.float32)), [[0, 0], [0, 1]])


def test_the_model_of_a_step_opens_like_any_other(stepped: LabRun) -> None:
    assert stepped.status.models == (3,)
    bert = load_bert(str(stepped.folder / files.MODELS / "step-3"), "cpu")
    assert (bert.layers, bert.hidden, bert.has_mlm, bert.has_nsp) == (1, 64, True, True)
    newest = load_snapshot(stepped.folder / files.SNAPSHOTS, 3)
    found = predict_masked(bert, run_bert(bert, encode(bert, WATCHED[0])), 5)
    assert newest.watched[0].pieces[0] == found[0].pieces
    card = (stepped.folder / files.MODELS / "step-3" / "README.md").read_text(encoding="utf-8")
    assert "3 of 300 steps" in card


# What it is told


def test_a_run_that_is_told_to_stop_says_so(stepped: LabRun) -> None:
    status = files.read_status(stepped.folder)
    assert (status.state, status.step, status.said) == (files.STOPPED, 3, "")
    assert status.ended


def test_without_pairs_there_is_one_loss_and_no_head_for_the_other(tmp_path: Path) -> None:
    settings = replace(SMALL, pairs=False)
    folder = new_folder(tmp_path / "run", settings)
    run = LabRun(folder, settings)
    stop_after(run, 2)
    losses = files.read_losses(folder)
    assert np.isfinite(losses[:, 0]).all()
    assert np.isnan(losses[:, 1]).all()
    bert = load_bert(str(folder / files.MODELS / "step-2"), "cpu")
    assert (bert.has_mlm, bert.has_nsp) == (True, False)


def stop_after(run: LabRun, steps: int) -> None:
    """Let a run go, and stop it."""
    run._listen = lambda: Control(stop=run.run.position.step >= steps)  # type: ignore[method-assign]
    run.work()


def test_two_runs_with_one_seed_are_alike_and_another_seed_differs(
    stepped: LabRun, tmp_path: Path
) -> None:
    found = {}
    for seed in (0, 1):
        settings = replace(SMALL, seed=seed)
        folder = new_folder(tmp_path / str(seed), settings)
        stop_after(LabRun(folder, settings), 3)
        found[seed] = files.read_losses(folder)
    np.testing.assert_array_equal(found[0], files.read_losses(stepped.folder))
    assert not np.allclose(found[0], found[1])


def test_a_run_ends_when_nobody_looks_any_longer(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "run")
    run = LabRun(folder, SMALL)
    long_ago = time.time() - ALONE_SECONDS - 1
    os.utime(folder / files.SEEN, (long_ago, long_ago))
    run.work()
    status = files.read_status(folder)
    assert status.state == files.STOPPED
    assert "Nobody looked" in status.said
    assert status.models == (0,)


def test_a_run_ends_when_its_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LONGEST_SECONDS", 0.0)
    folder = new_folder(tmp_path / "run")
    LabRun(folder, SMALL).work()
    assert "minutes at most" in files.read_status(folder).said


def test_what_goes_wrong_is_said_in_the_status(tmp_path: Path) -> None:
    folder = new_folder(tmp_path / "run")
    (folder / files.SETTINGS).write_text("{}", encoding="utf-8")
    threads = torch.get_num_threads()
    try:
        assert main_alone(folder) == 1
    finally:
        torch.set_num_threads(threads)
    status = files.read_status(folder)
    assert (status.state, status.said) == (files.FAILED, "These are no settings of a run.")


def main_alone(folder: Path) -> int:
    """`main`, without what it asks of its own process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(process, "bound_memory", lambda: None)
        patch.setattr(os, "nice", lambda _: 0)
        return main(folder)


def test_a_folder_without_a_word_is_one_that_waits(tmp_path: Path) -> None:
    assert files.read_status(tmp_path) == Status()
    assert files.read_control(tmp_path) == Control()
    assert files.read_facts(tmp_path) is None
    assert files.read_losses(tmp_path).shape == (0, 2)


def test_half_a_number_in_the_losses_is_left_for_the_next_look(tmp_path: Path) -> None:
    (tmp_path / files.LOSSES).write_bytes(np.array([1, 2], np.float32).tobytes() + b"\0\0\0")
    np.testing.assert_array_equal(files.read_losses(tmp_path), [[1, 2]])
