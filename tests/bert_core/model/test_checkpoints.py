"""Where a checkpoint is found, and the one sentence where there is none."""

import json
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
import torch
from huggingface_hub import HfApi

from bert_core.errors import (
    BrokenModelError,
    ModelError,
    ModelNotFoundError,
    ModelUnreachableError,
    UnsupportedModelError,
)
from bert_core.model.checkpoints import (
    EMBEDDED_FOLDER,
    PROBE_SECONDS,
    cached_checkpoints,
    check_folder,
    find_checkpoint,
)
from tests.kit.tiny import save_tiny, tiny_model

AT_MOST = 5.0  # seconds that a name without a network may cost


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache of our own, in place of the machine's."""
    folder = tmp_path / "hub"
    folder.mkdir()
    # The cache manager has a copy of the constant, taken when it is first imported.
    monkeypatch.setattr("huggingface_hub.utils._cache_manager.HF_HUB_CACHE", str(folder))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(folder))
    return folder


def add_to_cache(cache: Path, name: str, kind: str = "models") -> Path:
    """The empty snapshot folder of a repository in the layout of the hub's cache."""
    repo = cache / f"{kind}--{name.replace('/', '--')}"
    commit = "0" * 40
    (repo / "refs").mkdir(parents=True)
    (repo / "refs" / "main").write_text(commit)
    (repo / "blobs").mkdir()
    folder = repo / "snapshots" / commit
    folder.mkdir(parents=True)
    return folder


# Folders


def test_the_embedded_model_is_there() -> None:
    assert find_checkpoint("embedded") == find_checkpoint(" embedded ") == EMBEDDED_FOLDER
    assert check_folder(EMBEDDED_FOLDER)["model_type"] == "bert"


def test_a_folder_is_found_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_tiny(tmp_path / "owner" / "name")
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint("owner/name") == Path("owner/name")


def test_a_folder_without_a_configuration_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"no config\.json"):
        find_checkpoint(str(tmp_path))


@pytest.mark.parametrize("content", ["", "{", "[]", '"bert"', "null", "\x00", "\ud800"])
def test_a_configuration_that_is_not_json_is_refused(tmp_path: Path, content: str) -> None:
    save_tiny(tmp_path)
    (tmp_path / "config.json").write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(BrokenModelError):
        find_checkpoint(str(tmp_path))


@pytest.mark.parametrize("architecture", ["roberta", "gpt2", "distilbert", "modernbert"])
def test_another_architecture_is_refused_by_name(tmp_path: Path, architecture: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"model_type": architecture}))
    with pytest.raises(UnsupportedModelError, match=f"is a {architecture} model"):
        find_checkpoint(str(tmp_path))


@pytest.mark.parametrize("config", [{}, {"model_type": None}, {"model_type": ""}])
def test_a_configuration_without_an_architecture_is_refused(
    tmp_path: Path, config: dict[str, object]
) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnsupportedModelError, match='write "model_type": "bert"'):
        find_checkpoint(str(tmp_path))


def test_relative_positions_are_refused(tmp_path: Path) -> None:
    config = {"model_type": "bert", "position_embedding_type": "relative_key"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnsupportedModelError, match="relative positions"):
        find_checkpoint(str(tmp_path))


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return (pytest.fail, ("a pickle was opened",))


def test_a_pickle_is_refused_unopened_and_says_how_to_convert_it(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save({"weights": Bomb()}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UnsupportedModelError, match="bert_core convert"):
        find_checkpoint(str(tmp_path))


def test_a_model_one_folder_below_is_named(tmp_path: Path) -> None:
    save_tiny(tmp_path / "checkpoint-500")
    with pytest.raises(ModelNotFoundError, match=r"one folder below.*checkpoint-500"):
        find_checkpoint(str(tmp_path))


def test_weights_of_another_library_are_refused_by_name(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "tf_model.h5")
    with pytest.raises(UnsupportedModelError, match=r"tf_model\.h5"):
        find_checkpoint(str(tmp_path))


def test_an_adapter_is_refused_as_one(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "adapter_model.safetensors")
    with pytest.raises(UnsupportedModelError, match="adapter"):
        find_checkpoint(str(tmp_path))


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(ModelNotFoundError, match="no weights"):
        find_checkpoint(str(tmp_path))


# Names


STRANGE = [
    "",
    "   ",
    "\0",
    "a\0b",
    "../..",
    "../../etc/passwd",
    "/no/such/folder",
    "a/b/c",
    "-rf",
    ".hidden",
    "x" * 10_000,
    "/" + "x" * 10_000,
    "https://example.org/model",
    "owner/na me",
    "名前/\u202e",
    "~nobody-at-all/x",
    "a" * 97,
    "\ud800",
    "a--b/..",
    "a..b",
]


@pytest.mark.parametrize("source", STRANGE, ids=range(len(STRANGE)))
def test_a_strange_name_is_refused_in_a_short_sentence(
    source: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise huggingface_hub.errors.RepositoryNotFoundError("404", response=NotFound())

    monkeypatch.setattr(HfApi, "model_info", refuse)
    with pytest.raises(ModelError) as caught:
        find_checkpoint(source)
    message = str(caught.value)
    assert len(message) < 400
    assert message.isprintable()


class NotFound:
    """As much of an HTTP answer as the hub's errors read."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.request = None
        self.status_code = 404


@pytest.mark.parametrize("source", ["\\\\host\\share", "//host/share", "\\/host/share"])
def test_no_folder_of_another_machine_is_looked_at(
    monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    monkeypatch.setattr(Path, "is_dir", lambda _: pytest.fail("it was looked at"))
    with pytest.raises(ModelNotFoundError, match="another machine"):
        find_checkpoint(source)


# The hub


@pytest.mark.parametrize("error", [OSError("no route"), TimeoutError()])
def test_a_hub_that_cannot_be_reached_is_said_to_be(
    cache: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(HfApi, "model_info", fail)
    with pytest.raises(ModelUnreachableError, match="embedded model"):
        find_checkpoint("bert-base-uncased")


def test_a_hub_that_hangs_is_given_up(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()

    def hang(*_: object, **__: object) -> None:
        released.wait(60)

    monkeypatch.setattr(HfApi, "model_info", hang)
    monkeypatch.setattr("bert_core.model.checkpoints.PROBE_SECONDS", 0.05)
    with pytest.raises(ModelUnreachableError):
        find_checkpoint("bert-base-uncased")
    released.set()
    assert PROBE_SECONDS < AT_MOST


def test_a_name_that_nobody_has_is_an_answer_within_five_seconds(cache: Path) -> None:
    """As this machine is, with a network or without."""
    start = time.monotonic()
    with pytest.raises((ModelUnreachableError, ModelNotFoundError)):
        find_checkpoint("no-such-owner-at-all/no-such-model-at-all")
    assert time.monotonic() - start < AT_MOST


def test_a_pickle_on_the_hub_is_refused_before_it_is_fetched(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = SimpleNamespace(siblings=[SimpleNamespace(rfilename="pytorch_model.bin")])
    monkeypatch.setattr(HfApi, "model_info", lambda *_, **__: info)
    with pytest.raises(UnsupportedModelError, match="pickle"):
        find_checkpoint("owner/name")


# The cache


def test_what_is_in_the_cache_needs_no_network(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("the hub was asked")

    monkeypatch.setattr(HfApi, "model_info", fail)
    folder = save_tiny(add_to_cache(cache, "owner/name"))
    assert find_checkpoint("owner/name").samefile(folder)


def test_the_cache_lists_what_can_be_loaded_and_nothing_else(cache: Path) -> None:
    for name in ("owner/b", "a"):
        save_tiny(add_to_cache(cache, name))
    other = add_to_cache(cache, "owner/roberta")
    (other / "config.json").write_text('{"model_type": "roberta"}')
    tiny_model().config.save_pretrained(add_to_cache(cache, "owner/cut-off"))
    add_to_cache(cache, "owner/empty")
    save_tiny(add_to_cache(cache, "owner/data", "datasets"))
    (cache / "stray file").write_text("")
    assert cached_checkpoints() == ["a", "owner/b"]


def test_without_a_cache_the_list_is_empty(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.rmdir()
    assert cached_checkpoints() == []
