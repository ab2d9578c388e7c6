"""A checkpoint that is small to send and large to load costs neither memory nor time."""

import io
import json
import os
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from bert_core.errors import BertLensError, InputError, LabBusyError, ModelError
from bert_core.lab import server as lab_server
from bert_core.lab.archive import NO_MODEL, pack_model
from bert_core.lab.roots import LOCK, PREFIX
from bert_core.lab.server import Lab
from bert_core.model.bert import load_bert
from launcher.commands import ROOT
from tests.kit.tiny import save_tiny

SECONDS, MEGABYTES = 10, 500  # ten times what is promised

BOMBS = [
    {"vocab_size": 50_000_000},
    {"vocab_size": 3_900_000},
    {"num_hidden_layers": 3_000},
    {"num_hidden_layers": 128},
    {"num_hidden_layers": -1},
    {"num_labels": 10_000_000},
    {"max_position_embeddings": 10**12},
    {"max_position_embeddings": 60_000},
    {"hidden_size": 16_000, "num_attention_heads": 1},
    {"intermediate_size": 100_000},
    {"type_vocab_size": 10**9},
    {"hidden_size": 10**400},
]


def spoil(folder: Path, **said: object) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **said}))
    return folder


def most_memory() -> float:
    """Megabytes that this process ever had at once."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@pytest.mark.parametrize("bomb", BOMBS, ids=str)
def test_a_configuration_of_huge_numbers_costs_nothing(tmp_path: Path, bomb: dict) -> None:
    folder = spoil(save_tiny(tmp_path), **bomb)
    before, start = most_memory(), time.monotonic()
    if "num_labels" in bomb:
        load_bert(str(folder), "cpu")  # a BERT with two heads has no use for it
    else:
        with pytest.raises(ModelError) as caught:
            load_bert(str(folder), "cpu")
        assert len(str(caught.value)) < 300
    assert time.monotonic() - start < SECONDS
    assert most_memory() - before < MEGABYTES


# Bringing a file


def packed(tmp_path: Path, **said: object) -> bytes:
    return pack_model(spoil(save_tiny(tmp_path), **said))


def zipped(**contents: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_what_is_refused_leaves_no_run_no_process_and_no_file(tmp_path: Path) -> None:
    lab = Lab(1, tmp_path / "lab")
    try:
        for content in (
            b"not a zip",
            packed(tmp_path / "a", vocab_size=50_000_000),
            packed(tmp_path / "b", num_hidden_layers=3_000),
            zipped(**{"config.json": b"[" * 100_000}),
            zipped(**{"config.json": b'{"model_type": "bert"}', "model.safetensors": bytes(10**8)}),
            zipped(**{"config.json": bytes(10**8)}),
        ):
            with pytest.raises(InputError, match="no model of the lab"):
                lab.bring(content)
        time.sleep(2 * lab_server.WATCH_SECONDS)
        assert not lab._runs
        assert not list((tmp_path / "lab").rglob("*.*"))
    finally:
        lab.close()


def test_a_visitor_and_all_together_bring_no_more_than_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = packed(tmp_path / "a")
    lab = Lab(1, tmp_path / "lab")
    try:
        assert lab.model_folder(lab.bring(content, "anna")) is not None
        (run,) = lab._runs.values()
        monkeypatch.setattr(lab_server, "MOST_OF_ONE", int(1.5 * run.brought))
        with pytest.raises(LabBusyError, match="for one visitor"):
            lab.bring(content, "anna")
        lab.bring(content, "ben")
        monkeypatch.setattr(lab_server, "MOST_OF_ALL", int(2.5 * run.brought))
        with pytest.raises(LabBusyError, match="as it has room for"):
            lab.bring(content, "carla")
        assert len(lab._runs) == 2
    finally:
        lab.close()


def test_no_sentence_names_a_folder_of_the_server(tmp_path: Path) -> None:
    lab = Lab(1, tmp_path / "lab")
    try:
        with pytest.raises(BertLensError) as caught:
            lab.bring(packed(tmp_path / "a", hidden_size=33))
        assert NO_MODEL in str(caught.value)
        assert str(tmp_path) not in str(caught.value)
        assert "step-0" not in str(caught.value)
    finally:
        lab.close()


# A server that is killed

SERVER = """
import sys, time
from bert_core.lab.server import Lab
from bert_core.lab.settings import LabSettings
lab = Lab(1)
run_id = lab.start(LabSettings())
print(lab.root, lab._runs[run_id].process.pid, flush=True)
time.sleep(600)
"""


def is_alive(process: int) -> bool:
    try:
        status = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return status != "Z"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks processes up as Linux does")
def test_a_run_ends_with_its_server_and_its_folder_goes_with_the_next(tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    )
    assert server.stdout is not None
    root, process = server.stdout.readline().split()
    assert is_alive(int(process))
    server.kill()
    server.wait()
    deadline = time.monotonic() + 50  # ten times what is promised
    while is_alive(int(process)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    os.utime(root, (1, 1))
    look = "from bert_core.lab.server import Lab; lab = Lab(1); print(lab.root)"
    after = subprocess.run(
        [sys.executable, "-c", look], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    assert not Path(root).exists()
    assert (Path(after.stdout.strip()) / LOCK).exists()
    assert [path.name for path in tmp_path.glob(f"{PREFIX}*")] == [Path(after.stdout.strip()).name]
