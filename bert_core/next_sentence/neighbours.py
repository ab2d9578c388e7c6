"""How often the next-sentence head says IsNext: to true neighbours, and to what only looks so.

Five sets of pairs are made from the same first sentences, so that shares can be compared: a head
that knows order would refuse reversed and shuffled ones, one that knows topic only those from
another text (Lan et al. 2020, https://arxiv.org/abs/1909.11942, section 3.1). The texts were
written for this project: forty topics, five or six sentences each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from bert_core.errors import InputError
from bert_core.intervals import share_interval
from bert_core.model.bert import Bert
from bert_core.next_sentence.candidates import score_pairs
from bert_core.serving.runner import Runner

Kind = Literal["true", "reversed", "elsewhere", "other_text", "shuffled"]

# true: two neighbours. reversed: the same, second one first. elsewhere: B from the same text but
# not beside A. other_text: B from another text. shuffled: the words of the true B in any order.
KINDS: tuple[Kind, ...] = ("true", "reversed", "elsewhere", "other_text", "shuffled")

TEXTS = Path(__file__).with_name("neighbours.txt")
FEWEST_SENTENCES = 5  # so that every sentence has one that is not beside it
TRIES = 20  # until words are taken to have no other order
ENDS = ".!?…。！？\"'”’»)"  # what may stand at the end of a sentence, and stays there


@dataclass(frozen=True)
class NeighbourText:
    """A short text in its order, and what it is about."""

    topic: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class SetPair:
    """One pair of a set. text: number of the text that A is from."""

    kind: Kind
    text: int
    first: str
    second: str


@dataclass(frozen=True)
class SetShare:
    """What the head said to one set.

    called: pairs that it called IsNext (probability over a half), of `pairs`.
    share: called / pairs, in [0, 1]; low, high: 95 % interval of it by the bootstrap over texts.
    mean_is_next: mean of the probabilities.
    texts: how many texts they are from.
    """

    kind: Kind
    called: int
    pairs: int
    share: float
    low: float
    high: float
    mean_is_next: float
    texts: int


@cache
def bundled_texts() -> tuple[NeighbourText, ...]:
    """The forty texts that ship."""
    found = []
    for block in TEXTS.read_text(encoding="utf-8").strip().split("\n\n"):
        topic, *sentences = block.split("\n")
        found.append(NeighbourText(topic.removeprefix("# "), tuple(sentences)))
    return tuple(found)


def neighbour_pairs(
    kind: Kind, texts: Sequence[NeighbourText] | None = None, seed: int = 0
) -> tuple[SetPair, ...]:
    """One set: a pair for each two neighbours of each text, drawn by `seed` where it is drawn.

    Every set has the same first sentences, but the reversed one, whose first are their seconds.

    Raises:
        InputError: fewer than two texts, or one of fewer than `FEWEST_SENTENCES` sentences.
    """
    texts = bundled_texts() if texts is None else texts
    if len(texts) < 2 or any(len(text.sentences) < FEWEST_SENTENCES for text in texts):
        raise InputError(f"Sets need two texts of {FEWEST_SENTENCES} sentences or more.")
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    return tuple(
        SetPair(kind, number, *_pair(kind, texts, number, at, rng))
        for number, text in enumerate(texts)
        for at in range(len(text.sentences) - 1)
    )


def called_next(
    bert: Bert,
    run: Runner | None = None,
    texts: Sequence[NeighbourText] | None = None,
    seed: int = 0,
) -> Iterator[SetShare]:
    """The share of each of `KINDS` that the head calls IsNext, one after the other.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
        InputError: as in `neighbour_pairs`.
    """
    for kind in KINDS:
        pairs = neighbour_pairs(kind, texts, seed)
        scores = list(score_pairs(bert, [(pair.first, pair.second) for pair in pairs], run))
        said = [score.difference > 0 for score in scores]
        number = [pair.text for pair in pairs]
        called, asked = np.bincount(number, said).astype(np.int64), np.bincount(number)
        low, high = share_interval(called, asked, seed)
        yield SetShare(
            kind=kind,
            called=int(called.sum()),
            pairs=len(pairs),
            share=float(called.sum() / len(pairs)),
            low=low,
            high=high,
            mean_is_next=float(np.mean([score.is_next for score in scores])),
            texts=len(asked),
        )


def shuffle_words(sentence: str, rng: np.random.Generator) -> str:
    """The words of `sentence` in another order; what ends it stays at its end.

    A sentence without spaces, as in Chinese, is shuffled by characters. One whose words have no
    other order comes back as it is.
    """
    body = sentence.strip().rstrip(ENDS)
    end = sentence.strip()[len(body) :]
    between = " " if len(body.split()) > 1 else ""
    words = body.split() if between else list(body)
    for _ in range(TRIES):
        mixed = [words[at] for at in rng.permutation(len(words))]
        if mixed != words:
            return between.join(mixed) + end
    return sentence


def _pair(
    kind: Kind, texts: Sequence[NeighbourText], number: int, at: int, rng: np.random.Generator
) -> tuple[str, str]:
    """A and B for the neighbours at `at` and `at + 1` of a text."""
    sentences = texts[number].sentences
    first, second = sentences[at], sentences[at + 1]
    if kind == "reversed":
        return second, first
    if kind == "shuffled":
        return first, shuffle_words(second, rng)
    if kind == "elsewhere":
        apart = [other for other in range(len(sentences)) if abs(other - at) > 1]
        return first, sentences[int(rng.choice(apart))]
    if kind == "other_text":
        return first, draw_elsewhere(texts, rng, number)
    return first, second


def draw_elsewhere(
    texts: Sequence[NeighbourText], rng: np.random.Generator, but: int | None = None
) -> str:
    """Any sentence of any text but the one numbered `but`."""
    others = [number for number in range(len(texts)) if number != but]
    return str(rng.choice(texts[int(rng.choice(others))].sentences))
