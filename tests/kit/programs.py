"""What tests of the programs that a visitor takes along share: texts that are hard to write into
code, a model whose place is, and a run of a program."""

import contextlib
import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bert_core.model.bert import load_bert
from tests.kit.tiny import save_tiny

ODD = {
    "quotes": """She said "don't" and '''so''' and \"\"\"so\"\"\".""",
    "newlines": "one\ntwo\r\nthree\ttabs\u2028four\x85five",
    "emoji": "👩‍👩‍👧 ran 🏳️‍🌈 \U00020000 中文 é e\u0301",
    "backslashes": r"C:\new\table \N{DASH} \x41 {model} %s \ ",
    "code": "'); import os; os.abort() #",
    "hidden characters": "a\0b \u202edog\u202c \ud800 \ufeff",
    "special tokens": "the [SEP] cat [MASK] sat [CLS] on [PAD]",
    "a typed mask": "the [MASK] sat on the mat",
    "nothing": "",
}


def save_oddly(folder: Path) -> Path:
    """The tiny model, in a folder of an awkward name."""
    return save_tiny(folder / "it's \\ tiny" / "bert")


@contextlib.contextmanager
def models_read_once(*kinds: Any) -> Iterator[None]:
    """Each model is read once, by this library and by these classes of transformers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bert_core.model.bert.load_bert", cache(load_bert))
        for kind in kinds:
            patch.setattr(kind, "from_pretrained", cache(kind.from_pretrained))
        yield


def executed(code: str) -> tuple[dict[str, Any], list[str]]:
    """What the program leaves behind, and the lines that it prints."""
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
        exec(compile(code, "snippet", "exec"), names)
    return names, printed.getvalue().splitlines()
