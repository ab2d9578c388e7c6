"""The registry of engines: loaded once, within a limit, none taken away from who uses it."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from bert_core.errors import (
    BrokenModelError,
    DeviceError,
    EngineClosedError,
    ModelTooLargeError,
)
from bert_core.model.bert import Bert
from bert_core.model.inference import ALL, Asked
from bert_core.model.tokenization import encode
from bert_core.serving.registry import EngineRegistry
from tests.kit.tiny import tiny_bert

PATIENCE = 20.0
CACHE = 1000


class Loader:
    """Makes tiny models, and notes what was asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None

    def __call__(self, source: str, device: str, **_: object) -> Bert:
        self.calls.append((source, device))
        assert self.gate.wait(PATIENCE)
        if self.error is not None:
            raise self.error
        return tiny_bert()

    @property
    def sources(self) -> list[str]:
        return [source for source, _ in self.calls]


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def make(loader: Loader) -> Iterator[Callable[[float], EngineRegistry]]:
    """A registry with room for so many models."""
    made: list[EngineRegistry] = []
    size = tiny_bert().bytes + CACHE

    def build(models: float) -> EngineRegistry:
        made.append(EngineRegistry(int(models * size), loader, cache_bytes=CACHE))
        return made[-1]

    yield build
    for registry in made:
        registry.close()


def test_a_model_is_loaded_once_for_all_who_ask(
    make: Callable[[float], EngineRegistry], loader: Loader
) -> None:
    registry = make(2)
    loader.gate.clear()
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(registry.get, "a", "cpu") for _ in range(8)]
        loader.gate.set()
        engines = {future.result(PATIENCE) for future in asked}
    assert len(engines) == 1
    assert loader.calls == [("a", "cpu")]


def test_auto_is_the_device_that_it_picks(
    make: Callable[[float], EngineRegistry], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    monkeypatch.setattr("torch.backends.mps.is_available", lambda: False)
    registry = make(2)
    assert registry.get("a", "auto") is registry.get(" a ", "cpu")


def test_one_model_does_not_wait_for_the_loading_of_another(
    make: Callable[[float], EngineRegistry], loader: Loader
) -> None:
    registry = make(2)
    there = registry.get("a", "cpu")
    loader.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(registry.get, "b", "cpu")
        assert registry.get("a", "cpu") is there
        assert not slow.done()
        loader.gate.set()
        slow.result(PATIENCE)


def test_the_longest_unused_idle_engine_is_ended(
    make: Callable[[float], EngineRegistry], loader: Loader
) -> None:
    registry = make(2)
    a, b = registry.get("a", "cpu"), registry.get("b", "cpu")
    registry.get("a", "cpu")
    registry.get("c", "cpu")
    assert b.closed
    assert not a.closed
    assert registry.bytes <= registry.max_bytes
    assert registry.get("b", "cpu") is not b
    assert loader.sources == ["a", "b", "c", "b"]


def test_an_engine_in_use_is_never_ended(
    make: Callable[[float], EngineRegistry], tiny: Bert
) -> None:
    registry = make(2)
    used, unused = registry.get("a", "cpu"), registry.get("b", "cpu")
    asked, go = threading.Event(), threading.Event()

    def still_wanted() -> bool:
        asked.set()
        return go.wait(PATIENCE)

    future = used.submit(Asked(encode(tiny, "the cat"), ALL), still_wanted=still_wanted)
    assert asked.wait(PATIENCE)
    registry.get("c", "cpu")
    assert unused.closed
    go.set()
    assert future.result(PATIENCE).encoding.text == "the cat"


def test_where_all_are_in_use_the_new_one_is_refused(
    make: Callable[[float], EngineRegistry], tiny: Bert
) -> None:
    registry = make(1)
    used = registry.get("a", "cpu")
    asked, go = threading.Event(), threading.Event()

    def still_wanted() -> bool:
        asked.set()
        return go.wait(PATIENCE)

    future = used.submit(Asked(encode(tiny, "the cat"), ALL), still_wanted=still_wanted)
    assert asked.wait(PATIENCE)
    with pytest.raises(ModelTooLargeError, match="others use"):
        registry.get("b", "cpu")
    go.set()
    future.result(PATIENCE)
    assert registry.get("a", "cpu") is used


def test_a_model_larger_than_the_limit_is_refused(
    make: Callable[[float], EngineRegistry],
) -> None:
    with pytest.raises(ModelTooLargeError, match="smaller model"):
        make(0.5).get("a", "cpu")


def test_a_load_that_failed_is_tried_anew(
    make: Callable[[float], EngineRegistry], loader: Loader
) -> None:
    registry = make(1)
    loader.error = BrokenModelError("cut off")
    for _ in range(2):
        with pytest.raises(BrokenModelError, match="cut off"):
            registry.get("a", "cpu")
    loader.error = None
    assert not registry.get("a", "cpu").closed
    assert loader.sources == ["a", "a", "a"]


def test_an_engine_that_somebody_closed_is_loaded_anew(
    make: Callable[[float], EngineRegistry],
) -> None:
    registry = make(1)
    registry.get("a", "cpu").close()
    assert not registry.get("a", "cpu").closed


def test_a_device_that_is_not_there_is_refused(make: Callable[[float], EngineRegistry]) -> None:
    with pytest.raises(DeviceError):
        make(1).get("a", "toaster")


def test_closing_ends_all_engines(make: Callable[[float], EngineRegistry]) -> None:
    registry = make(2)
    engines = [registry.get(name, "cpu") for name in ("a", "b")]
    registry.close()
    assert all(engine.closed for engine in engines)
    with pytest.raises(EngineClosedError):
        registry.get("a", "cpu")
