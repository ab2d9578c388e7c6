"""What a run of the lab is: the size of its BERT, how it is trained, and what is watched."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bert_core.errors import InputError

TEXT = Path(__file__).parent / "text"

LAYERS = (1, 2, 3, 4)
HEADS = (1, 2, 4, 8)
WIDTHS = (64, 128, 192, 256)
VOCABULARIES = (1_000, 2_000, 4_000, 8_000)
STEPS = (300, 1_000, 3_000, 10_000)
RATES = (5, 15, 25, 40, 50)

# What is watched at most: sentences, and characters of each.
MOST_SENTENCES, LONGEST_SENTENCE = 4, 200

# In tokens. Short examples make short steps, and the sentences of the text are short.
LENGTH = 32
BATCH = 64

# Higher than a large model bears: these are small, and short of time.
LEARNING_RATE = 2e-3

WATCHED = (
    "Once upon a [MASK] there was a little girl.",
    "The Queen said to [MASK], and she was very angry.",
    "They walked along the road of yellow [MASK].",
)


@dataclass(frozen=True)
class LabSettings:
    """A run. Everything is one of a few values, so that no run grows out of bounds.

    layers, heads, width: of the BERT. vocabulary: pieces it is trained with. rate: percent of the
    tokens that are chosen to be guessed. pairs: whether it learns next sentences too. steps: how
    many there are, over which the learning rate falls. seed: two runs with the same are alike.
    sentences: what it is asked as it learns, each with at least one [MASK].

    Raises:
        InputError: a value is none of those that are offered.
    """

    layers: int = 2
    heads: int = 2
    width: int = 128
    vocabulary: int = 4_000
    rate: int = 15
    pairs: bool = True
    steps: int = 3_000
    seed: int = 0
    sentences: tuple[str, ...] = WATCHED

    def __post_init__(self) -> None:
        offered = {
            "layers": LAYERS,
            "heads": HEADS,
            "width": WIDTHS,
            "vocabulary": VOCABULARIES,
            "rate": RATES,
            "steps": STEPS,
        }
        for name, values in offered.items():
            if getattr(self, name) not in values:
                raise InputError(f"“{name}” is one of {', '.join(map(str, values))}.")
        if self.width % self.heads:
            raise InputError("The width is shared out among the heads: it is a multiple of them.")
        if not 0 <= self.seed <= 9_999:
            raise InputError("The seed is a number from 0 to 9,999.")
        if not 1 <= len(self.sentences) <= MOST_SENTENCES:
            raise InputError(f"Give one to {MOST_SENTENCES} sentences to watch.")
        for sentence in self.sentences:
            if "[MASK]" not in sentence:
                raise InputError("Each sentence to watch needs a blank: write [MASK] for a word.")
            if len(sentence) > LONGEST_SENTENCE:
                raise InputError(f"A sentence to watch has at most {LONGEST_SENTENCE} characters.")


def to_json(settings: LabSettings) -> str:
    """The settings as `from_json` reads them."""
    return json.dumps(asdict(settings), ensure_ascii=False)


def from_json(text: str) -> LabSettings:
    """The settings that `to_json` wrote.

    Raises:
        InputError: they are none.
    """
    try:
        content: Mapping[str, Any] = json.loads(text)
        return LabSettings(**{**content, "sentences": tuple(map(str, content["sentences"]))})
    except (ValueError, TypeError, KeyError) as error:
        raise InputError("These are no settings of a run.") from error


def read_sentences(text: str) -> tuple[str, ...]:
    """The sentences to watch, one a line, empty lines left out."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return tuple(line for line in lines if line)
