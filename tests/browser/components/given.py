"""A short text, and the strip that shows it on the bench."""

from typing import Any
from unittest.mock import patch

from playwright.sync_api import Locator

from bert_core.model.tokenization import Encoding
from tests.browser.bench import Bench
from ui.components import strip as strip_module
from ui.components.strip import token_strip


def an_encoding(words: str = "the em+##bed+##ding was muddy ,", start: int = 10) -> Encoding:
    """[CLS] WORDS [SEP]; pieces of a word are joined by +."""
    pieces = [word.split("+") for word in words.split()]
    tokens = ("[CLS]", *(piece for word in pieces for piece in word), "[SEP]")
    word_ids = (None, *(at for at, word in enumerate(pieces) for _ in word), None)
    ids = (101, *range(start, start + len(tokens) - 2), 102)
    return Encoding(
        text=words,
        pair=None,
        ids=ids,
        original_ids=ids,
        tokens=tokens,
        segments=(0,) * len(tokens),
        sequences=(None, *[0] * (len(tokens) - 2), None),
        word_ids=word_ids,
        offsets=((0, 0),) * len(tokens),
        masked=(),
    )


def given_strip(encoding: Encoding, taken: int = 0, **options: Any) -> dict[str, Any]:
    """What the browser gets from `token_strip`, once presses up to `taken` are answered."""
    with patch.object(strip_module, "mount") as mounted:
        token_strip(encoding, key="s", **{"label": "Tokens", "action": "mask", **options})
    shown: dict[str, Any] = mounted.call_args.args[2]({"key": "s", "taken": taken})
    return shown


def chip(bench: Bench, position: int) -> Locator:
    return bench.tab.locator(f"[data-position='{position}']")
