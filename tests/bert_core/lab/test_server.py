"""The lab of a server: who trains, who waits, what ends, and what is taken away."""

import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bert_core.errors import InputError, LabBusyError
from bert_core.lab import archive, server
from bert_core.lab import folder as files
from bert_core.lab.archive import MOST_BYTES, pack_model, unpack_model
from bert_core.lab.folder import ALONE_SECONDS, Control, Status
from bert_core.lab.server import GRACE_SECONDS, PREFIX, Lab, model_source
from bert_core.lab.settings import LabSettings
from bert_core.model.bert import load_bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER

SMALL = LabSettings(layers=1, heads=2, width=64, vocabulary=1_000, steps=300)
PATIENCE_SECONDS = 120.0


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """A lab whose processes only sleep, two at once."""

    def sleep(_: Path) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    monkeypatch.setattr(server, "spawn", sleep)
    made = Lab(2, tmp_path / "lab")
    yield made
    made.close()


def until(found: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not found():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.05)


def state(lab: Lab, run_id: str) -> str:
    run = lab.find(run_id)
    assert run is not None
    return run.status.state


def process_of(lab: Lab, run_id: str) -> "subprocess.Popen[bytes]":
    run = lab.find(run_id)
    assert run is not None
    assert run.process is not None
    return run.process


# Who trains, and who waits


def test_two_train_the_others_wait_their_turn_and_know_how_many_are_before_them(lab: Lab) -> None:
    ids = [lab.start(SMALL) for _ in range(4)]
    states = [state(lab, one) for one in ids]
    assert states == [files.STARTING, files.STARTING, files.WAITING, files.WAITING]
    assert [lab.waiting_before(one) for one in ids] == [0, 0, 0, 1]
    process_of(lab, ids[0]).kill()
    until(lambda: state(lab, ids[2]) == files.STARTING)
    assert lab.waiting_before(ids[3]) == 0


def test_a_run_that_waits_can_be_stopped_and_never_begins(lab: Lab) -> None:
    ids = [lab.start(SMALL) for _ in range(3)]
    lab.stop(ids[2])
    assert state(lab, ids[2]) == files.STOPPED
    process_of(lab, ids[0]).kill()
    until(lambda: state(lab, ids[0]) == files.FAILED)
    assert state(lab, ids[2]) == files.STOPPED


def test_too_many_that_wait_are_refused_in_a_sentence(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_WAITING", 1)
    for _ in range(3):
        lab.start(SMALL)
    with pytest.raises(LabBusyError, match="wait for their turn"):
        lab.start(SMALL)


def test_a_process_that_dies_without_a_word_is_said_to_have_died(lab: Lab) -> None:
    run_id = lab.start(SMALL)
    process_of(lab, run_id).kill()
    until(lambda: state(lab, run_id) == files.FAILED)
    run = lab.find(run_id)
    assert run is not None
    assert "ended by itself" in run.status.said


def test_a_process_that_nobody_looks_at_and_that_does_not_end_is_ended(lab: Lab) -> None:
    run_id = lab.start(SMALL)
    process = process_of(lab, run_id)
    long_ago = time.time() - ALONE_SECONDS - GRACE_SECONDS - 5
    os.utime(lab.root / run_id / files.SEEN, (long_ago, long_ago))
    until(lambda: process.poll() is not None)


def test_a_run_that_waits_alone_gives_up_its_place(lab: Lab) -> None:
    ids = [lab.start(SMALL) for _ in range(3)]
    long_ago = time.time() - ALONE_SECONDS - 5
    os.utime(lab.root / ids[2] / files.SEEN, (long_ago, long_ago))
    until(lambda: files.read_status(lab.root / ids[2]).state == files.STOPPED)


def test_looking_at_a_run_keeps_it(lab: Lab) -> None:
    run_id = lab.start(SMALL)
    seen = lab.root / run_id / files.SEEN
    os.utime(seen, (1, 1))
    lab.find(run_id)
    assert time.time() - seen.stat().st_mtime < 5


def test_a_run_is_told_what_was_pressed(lab: Lab) -> None:
    run_id = lab.start(SMALL)
    folder = lab.root / run_id
    assert files.read_control(folder) == Control()
    lab.pause(run_id)
    assert files.read_control(folder) == Control(goes=False)
    files.write_status(folder, Status(files.PAUSED, step=41))
    lab.step(run_id)
    assert files.read_control(folder) == Control(goes=False, until=42)
    lab.go_on(run_id)
    assert files.read_control(folder) == Control()
    lab.stop(run_id)
    assert files.read_control(folder).stop


def test_a_run_of_another_server_is_not_found(lab: Lab) -> None:
    assert lab.find("0" * 12) is None
    for tell in (lab.pause, lab.step, lab.go_on, lab.stop):
        tell("0" * 12)


def test_when_it_closes_nothing_is_left(lab: Lab) -> None:
    process = process_of(lab, lab.start(SMALL))
    lab.close()
    assert process.poll() is not None
    assert not lab.root.exists()


def test_runs_that_ended_make_room_the_ones_not_looked_at_first(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_KEPT", 2)
    old, newer = (lab.start(SMALL) for _ in range(2))
    for number, run_id in enumerate((old, newer)):
        files.write_status(lab.root / run_id, Status(files.FINISHED))
        os.utime(lab.root / run_id / files.SEEN, (1e9 + number, time.time() - 60 + number))
    lab.start(SMALL)
    assert lab.find(old) is None
    assert not (lab.root / old).exists()
    assert lab.find(newer) is not None


# The models


@pytest.mark.parametrize(
    "source",
    ["lab:", "lab:x/1", "lab:../../etc/1", f"{PREFIX}{'0' * 12}/../..", "embedded", "lab:0/0"],
)
def test_only_names_of_models_that_are_there_lead_anywhere(lab: Lab, source: str) -> None:
    assert lab.model_folder(source) is None


def test_a_model_is_taken_away_and_brought_back(lab: Lab) -> None:
    packed = pack_model(EMBEDDED_FOLDER)
    folder = lab.model_folder(lab.bring(packed))
    assert folder is not None
    there, brought = load_bert("embedded", "cpu"), load_bert(str(folder), "cpu")
    assert brought.fingerprint == there.fingerprint


def packed(**content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, what in content.items():
            made.writestr(name, what)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a zip",
        packed(),
        packed(**{"config.json": b"{}", "model.safetensors": b"x"}),
        packed(**{"config.json": b'{"model_type": "gpt2"}', "model.safetensors": b"x"}),
        packed(**{"../config.json": b'{"model_type": "bert"}', "model.safetensors": b"x"}),
        packed(**{"config.json": b'{"model_type": "bert"}', "pytorch_model.bin": b"x"}),
    ],
)
def test_a_file_that_holds_no_model_is_refused_and_leaves_nothing(
    content: bytes, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="no model of the lab"):
        unpack_model(content, tmp_path / "made")
    assert not list(tmp_path.iterdir())


def test_a_file_that_unpacks_to_gigabytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000)
    assert MOST_BYTES < 1e9
    bomb = packed(**{"config.json": b'{"model_type": "bert"}', "model.safetensors": b"0" * 10**6})
    with pytest.raises(InputError, match="at most"):
        unpack_model(bomb, tmp_path / "made")
    assert not list(tmp_path.iterdir())


# A real process


@pytest.mark.timeout(300)  # a process that imports torch, and learns, beside others
def test_a_real_run_begins_pauses_steps_and_ends_with_a_model(tmp_path: Path) -> None:
    lab = Lab(1, tmp_path / "lab")
    try:
        run_id = lab.start(replace(SMALL, pairs=False))
        lab.pause(run_id)
        until(lambda: state(lab, run_id) == files.PAUSED)
        before = files.read_status(lab.root / run_id).step
        lab.step(run_id)
        until(lambda: files.read_status(lab.root / run_id).step == before + 1)
        until(lambda: (lab.root / run_id / files.BATCH).exists())
        lab.go_on(run_id)
        until(lambda: state(lab, run_id) == files.FINISHED)
        assert len(files.read_losses(lab.root / run_id)) == 300
        folder = lab.model_folder(model_source(run_id, 300))
        assert folder is not None
        assert load_bert(str(folder), "cpu").layers == 1
        process = process_of(lab, run_id)
        until(lambda: process.poll() is not None)
        assert process.returncode == 0
    finally:
        lab.close()
