"""A server to attack, started as run.py starts it."""

from collections.abc import Iterator

import pytest

from benchmarks.browser import Server, serve


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The app, as a class has it: other models are off."""
    with serve(BERT_LENS_OTHER_MODELS="0") as running:
        yield running
        running.check()
