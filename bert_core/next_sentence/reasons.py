"""Why B follows A, by asking again: without a token, and with another B.

Leaving a token out (or masking it) and looking at what the answer does is erasure (Li et al.
2016, https://arxiv.org/abs/1612.08220). It tells what the answer rests on with
everything else in place: of two tokens that say the same, neither may seem to matter. An input
with a hole in it is also one that the model never saw in training.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from bert_core.errors import InputError
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding, with_masks
from bert_core.next_sentence.candidates import PairScore, score_pairs
from bert_core.next_sentence.neighbours import bundled_texts, draw_elsewhere, shuffle_words
from bert_core.next_sentence.score import score_next_sentence
from bert_core.serving.runner import Runner, direct_runner

Way = Literal["remove", "mask"]
Unit = Literal["token", "word"]
VariantName = Literal["true", "swapped", "shuffled", "elsewhere", "other_text"]

CHUNK = 32  # inputs handed in together
REPEATS = 5  # of each variant that is drawn


@dataclass(frozen=True)
class PartChange:
    """What the answer does when one part of the input is gone.

    positions: its tokens. label: the token, or the word as typed. sequence: 0 in A, 1 in B.
    is_next, difference: the answer without it: probability, and IsNext's logit less NotNext's.
    is_next_change, difference_change: that less the answer with it; below 0 the part speaks for
        IsNext, above 0 against it.
    """

    positions: tuple[int, ...]
    label: str
    sequence: int
    is_next: float
    difference: float
    is_next_change: float
    difference_change: float


@dataclass(frozen=True)
class Variant:
    """The answers to one way of changing the pair; means over what was drawn.

    name: "true" A and B as they are; "swapped" B first; "shuffled" the words of B in another
        order; "elsewhere" another sentence of the longer text in place of B; "other_text" one of
        a bundled text.
    """

    name: VariantName
    scores: tuple[PairScore, ...]

    @property
    def is_next(self) -> float:
        """Mean probability."""
        return float(np.mean([score.is_next for score in self.scores]))

    @property
    def difference(self) -> float:
        """Mean of IsNext's logit less NotNext's."""
        return float(np.mean([score.difference for score in self.scores]))


def parts_of(encoding: Encoding, unit: Unit = "token") -> tuple[tuple[int, ...], ...]:
    """The positions of each token of A and B, or of each word; special tokens are no parts."""
    if unit == "word":
        return tuple(word.positions for word in encoding.words)
    return tuple((at,) for at, sequence in enumerate(encoding.sequences) if sequence is not None)


def without(encoding: Encoding, positions: Iterable[int]) -> Encoding:
    """The input as if these tokens had not been there: those after them move up.

    Its text stays as typed, and so do offsets and numbers of words. Pieces of a word that lost
    its first piece keep their `##`.

    Raises:
        InputError: a position is outside the text or on an added special token.
    """
    gone = set(positions)
    for position in gone:
        if not 0 <= position < len(encoding) or encoding.sequences[position] is None:
            raise InputError(f"Token {position} cannot be removed: it is none of the text's.")
    kept = [at for at in range(len(encoding)) if at not in gone]
    return replace(
        encoding,
        ids=tuple(encoding.ids[at] for at in kept),
        original_ids=tuple(encoding.original_ids[at] for at in kept),
        tokens=tuple(encoding.tokens[at] for at in kept),
        segments=tuple(encoding.segments[at] for at in kept),
        sequences=tuple(encoding.sequences[at] for at in kept),
        word_ids=tuple(encoding.word_ids[at] for at in kept),
        offsets=tuple(encoding.offsets[at] for at in kept),
        masked=tuple(new for new, at in enumerate(kept) if at in encoding.masked),
    )


def weigh_parts(
    bert: Bert,
    encoding: Encoding,
    way: Way = "remove",
    unit: Unit = "token",
    run: Runner | None = None,
) -> Iterator[PartChange]:
    """The answer with each of `parts_of(encoding, unit)` gone in turn, in their order.

    way: "remove" leaves the tokens out, "mask" puts the mask in their place.

    Raises:
        MissingHeadError: the checkpoint has no next-sentence head.
        InputError: the input has no second sentence.
    """
    run = run or direct_runner(bert)
    whole = score_next_sentence(bert, run([Asked(encoding)])[0])
    difference = whole.is_next_logit - whole.not_next_logit
    parts = parts_of(encoding, unit)
    for start in range(0, len(parts), CHUNK):
        some = parts[start : start + CHUNK]
        changed = [
            without(encoding, part) if way == "remove" else with_masks(bert, encoding, part)
            for part in some
        ]
        for part, one in zip(some, run([Asked(one) for one in changed]), strict=True):
            score = score_next_sentence(bert, one, may_be_empty=True)
            now = score.is_next_logit - score.not_next_logit
            yield PartChange(
                positions=part,
                label=_label(encoding, part, unit),
                sequence=encoding.sequences[part[0]] or 0,
                is_next=score.is_next,
                difference=now,
                is_next_change=score.is_next - whole.is_next,
                difference_change=now - difference,
            )


def compare_variants(
    bert: Bert,
    text: str,
    pair: str,
    around: Sequence[str] = (),
    *,
    run: Runner | None = None,
) -> Iterator[Variant]:
    """Topic or order: the answers to the pair itself and to its variants.

    around: sentences of the text that the pair is from, of which up to `REPEATS` take the place
    of B. A head that goes by order gives less to "swapped" and "shuffled" than to "true"; one
    that goes by topic gives less to "other_text" only.

    "elsewhere" is not there without such sentences, "shuffled" not where words have no other
    order. Errors as in `score_pairs`.
    """
    for name, pairs in variant_pairs(text, pair, around).items():
        yield Variant(name, tuple(score_pairs(bert, pairs, run)))


def variant_pairs(
    text: str, pair: str, around: Sequence[str] = (), *, seed: int = 0
) -> dict[VariantName, list[tuple[str, str]]]:
    """What `compare_variants` asks about: pairs (A, B) for each name."""
    rng = np.random.default_rng(seed)
    mixed = dict.fromkeys(shuffle_words(pair, rng) for _ in range(REPEATS))
    others = list(dict.fromkeys(one for one in around if one.strip() not in _both(text, pair)))
    drawn = rng.permutation(len(others))[:REPEATS]
    strange = [draw_elsewhere(bundled_texts(), rng) for _ in range(REPEATS)]
    pairs: dict[VariantName, list[tuple[str, str]]] = {
        "true": [(text, pair)],
        "swapped": [(pair, text)],
        "shuffled": [(text, one) for one in mixed if one != pair],
        "elsewhere": [(text, others[at]) for at in sorted(drawn)],
        "other_text": [(text, one) for one in strange],
    }
    return {name: some for name, some in pairs.items() if some}


def _both(text: str, pair: str) -> set[str]:
    """Sentences that are no other ones: A, B and nothing."""
    return {text.strip(), pair.strip(), ""}


def _label(encoding: Encoding, part: tuple[int, ...], unit: Unit) -> str:
    if unit == "token":
        return encoding.tokens[part[0]]
    word = encoding.word_at(part[0])
    return encoding.tokens[part[0]] if word is None else word.surface
