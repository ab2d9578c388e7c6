"""What tests share: the two models, engines that can be held, how hypothesis looks for examples."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import streamlit as st
import torch
from hypothesis import settings
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from xdist.scheduler import LoadScopeScheduling

from bert_core.model.bert import Bert, load_bert
from bert_core.model.checkpoints import EMBEDDED
from bert_core.serving.engine import Engine
from tests.kit.recorder import Held, Recorder
from tests.kit.tiny import tiny_bert
from ui import cached
from ui.settings import Settings
from ui.settings import settings as server_settings

TESTS = Path(__file__).parent
COMPONENTS = "streamlit.components.v2.manifest_scanner"
APP_TEST = "streamlit.testing.v1.local_script_runner"
COMPILED = ScriptCache()

pytest_plugins = ("tests.kit.chromium",)

pytest.register_assert_rewrite("tests.kit.attention_page", "tests.browser.bench")

# The suite runs in several processes (below), and starts programs of ours: each takes one core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def group_of(test: Path) -> str:
    """What runs in one process: a room; in the browser, which takes most of the time, one file, and
    all components, which share their bench."""
    folder, *inner = test.relative_to(TESTS).parts
    return "/".join([folder, *inner[:1]])


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Two processes for the whole suite; what is picked out of it starts sooner in this one."""
    picked = any(config.getoption(name, default=None) for name in ("keyword", "markexpr", "lf"))
    return 0 if picked or config.args_source is not config.ArgsSource.TESTPATHS else 2


class GroupScheduling(LoadScopeScheduling):
    """Hands each process a group. xdist's own groups stand in names that pytest 9.2 no longer lets
    it change."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(TESTS.parent / nodeid.partition("::")[0])


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    config.option.loadscopereorder = False  # the order below
    return GroupScheduling(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """End a test that takes ten times as long as any should; begin with what takes longest: what is
    left in the end the processes share."""
    in_browser = {item: item.path.is_relative_to(TESTS / "browser") for item in items}
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not in_browser[item])
    for item in items:
        if item.get_closest_marker("timeout") is None:
            seconds = 300 if in_browser[item] else 100
            item.add_marker(pytest.mark.timeout(seconds))


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Torch takes one core: two threads wait for each other where others want the cores, and for
    tensors as small as those of tests they wait longer than they work."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def embedded() -> Bert:
    """The model that ships."""
    return load_bert()


@pytest.fixture(scope="session")
def tiny() -> Bert:
    """Two layers, four heads, 32 wide, random weights."""
    return tiny_bert()


@pytest.fixture
def hold(tiny: Bert) -> Iterator[Callable[..., Held]]:
    """Makes engines of the tiny model whose worker is held; lets go of them in the end."""
    made: list[Held] = []

    def make(**options: int) -> Held:
        made.append(Held(tiny, **options))
        return made[-1]

    yield make
    for held in made:
        held.let_go()
        held.engine.close()


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def engine(tiny: Bert, recorder: Recorder) -> Iterator[Engine]:
    with Engine(tiny, run=recorder) as made:
        yield made


@pytest.fixture
def server(embedded: Bert, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A server that nobody has visited yet: nothing cached, nothing set, no hub cache.

    The embedded model is there already; other models are loaded from their folders.
    """

    def load(source: str, device: str, **options: Any) -> Bert:
        return embedded if source == EMBEDDED else load_bert(source, device, **options)

    def forget() -> None:
        for name in Settings.model_fields:
            monkeypatch.delenv(f"BERT_LENS_{name.upper()}", raising=False)
        # A run of a page ends where its tail would begin to wait: tests look at it on its way.
        monkeypatch.setenv("BERT_LENS_TAILS", "0")
        server_settings.cache_clear()

    monkeypatch.setattr("ui.cached.load_bert", load)
    # Looking through all objects takes longer than a page, and what tests leave behind must go.
    monkeypatch.setattr("ui.cached.gc", Mock())
    # AppTest searches all installed packages for components before each run; ours are in none.
    monkeypatch.setattr(f"{COMPONENTS}.scan_component_manifests", list)
    # Each AppTest compiles the pages anew, which takes a third of its time.
    monkeypatch.setattr(f"{APP_TEST}.ScriptCache", lambda: COMPILED)
    for module in ("ui.cached", "ui.settings"):
        monkeypatch.setattr(f"{module}.cached_checkpoints", list)
    forget()
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    forget()
    cached.registry().close()
    st.cache_data.clear()
    st.cache_resource.clear()
