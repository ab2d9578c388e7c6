"""What all tests share: the two models, and how hypothesis looks for examples."""

import os

import pytest
from hypothesis import settings

from bert_core.model import Bert, load_bert
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
