"""What tests of the attention page share: its texts, and its numbers as it writes them."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from bert_core.attention.measures import KINDS
from bert_core.attention.roles import HeadRole
from bert_core.figures.labels import percent
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import encode
from bert_core.texts.hundred import bundled_hundred
from tests.kit import visit as page
from ui import cached
from ui.words import attention_heads as head_words

KEYS = "The keys to the cabinet are on the table."
PAIR = ("The dog saw the other dog, unbelievably.", "It ran because the dog was there.")
HOSTILE = ("</script><img src=x onerror=alert(1)>", "<b>%{x}</b> $y$ **z** </script><img src=x>")
TEXTS = {
    "one": {"a": KEYS},
    "pair": {"a": PAIR[0], "b": PAIR[1]},
    "hostile": {"a": HOSTILE[0], "b": HOSTILE[1]},
}
LAYER, HEAD = 2, 6
OPEN = {**TEXTS["pair"], "head": "3.7"}
NAMES = [f"{layer}.{head}" for layer in range(1, 7) for head in range(1, 13)]
FEW = bundled_hundred()[::10]


@pytest.fixture
def few_texts(server: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hundred texts are a few, and so are the passages as long as the text."""
    monkeypatch.setattr("ui.attention.many.bundled_hundred", lambda: FEW)
    monkeypatch.setattr("ui.attention.anyway.passages_for", lambda page, tokens: FEW)


@pytest.fixture(scope="module")
def pair_run(embedded: Bert) -> BertRun:
    """What the library makes of the pair."""
    return run_bert(embedded, encode(embedded, *PAIR))


def scanned(at: AppTest) -> AppTest:
    """The page after the texts under way were read."""
    assert all(scan.wait(30) for scan in cached._scans().values())
    return at.run()


def amount(name: str, value: float) -> str:
    """A value of a measure as the page writes it."""
    unit = "offset" if name == "distance" else KINDS[name].unit
    ways = {
        "bits": f"{value:.2f} bits",
        "tokens": f"{value:.1f} tokens",
        "offset": f"{round(value, 1) + 0:+.1f}",
    }
    return "–" if np.isnan(value) else ways.get(unit) or percent(value)


def role_line(role: HeadRole | None) -> str:
    if role is None:
        return ""
    tail = " is evenly spread" if role.measure == "broad" else f", chance {percent(role.baseline)}"
    return f"{head_words.ROLES[role.measure]}: {percent(role.value)}{tail}"


def assert_fine(at: AppTest) -> None:
    page.assert_whole(at, "attention")
    assert page.errors(at) == page.warnings(at) == []
    assert "<img" not in "".join(page.markup(at))
