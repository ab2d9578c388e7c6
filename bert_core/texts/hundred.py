"""Sets of sentences: the hundred that ship, and lists that a user pastes.

A list has one text a line; a tab or `|||` makes a line a pair of sentences.
"""

from functools import cache
from pathlib import Path

from bert_core.errors import InputError
from bert_core.texts.lists import APART, LIMIT, LONGEST_LINE, numbered_lines

HUNDRED = Path(__file__).with_name("hundred.txt")

Texts = tuple[tuple[str, str | None], ...]


@cache
def bundled_hundred() -> Texts:
    """The hundred English lines that ship, 25 of them pairs: (sentence, second one or None).

    Written for this project: pronouns with their nouns, words said twice, questions, lists,
    quotations and numbers, so that what heads may look for is there.
    """
    return parse_list(HUNDRED.read_text(encoding="utf-8"))


def parse_list(text: str) -> Texts:
    """The texts of a list: (sentence, second one or None). Blank lines are dropped.

    Spaces around sentences go. A line with one side empty is a single sentence.

    Raises:
        InputError: nothing in it, more than `LIMIT` texts, a line over `LONGEST_LINE` characters,
            or one with more than two sentences.
    """
    found: list[tuple[str, str | None]] = []
    for number, line in numbered_lines(text):
        if len(found) == LIMIT:
            raise InputError(f"The list has more than {LIMIT} sentences: shorten it.")
        read = _parse_line(line, number)
        if read is not None:
            found.append(read)
    if not found:
        raise InputError("The list has no sentences: write one on each line.")
    return tuple(found)


def _parse_line(line: str, number: int) -> tuple[str, str | None] | None:
    """None for a line of nothing but separators."""
    if len(line) > LONGEST_LINE:
        raise InputError(
            f"Line {number} has {len(line)} characters; a line may have {LONGEST_LINE}: "
            "write one sentence, or one pair, on each line."
        )
    parts = [part.strip() for part in APART.split(line.strip())]
    said = [part for part in parts if part]
    if len(said) > 2:
        raise InputError(
            f"Line {number} has {len(said)} parts: a tab or ||| separates two sentences at most."
        )
    if not said:
        return None
    return said[0], said[1] if len(said) == 2 else None
