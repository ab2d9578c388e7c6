"""What tests share: the two models, engines that can be held, how hypothesis looks for examples."""

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from bert_core.engine import Engine
from bert_core.model import Bert, load_bert
from tests.recorder import Held, Recorder
from tests.tiny import tiny_bert

settings.register_profile("default", deadline=None, max_examples=60)
settings.register_profile("ci", deadline=None, max_examples=60, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


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
