"""What BERT would put in the place of each token, and how many bits each word takes it by surprise.

Surprisal in bits is -log2 of the probability that the masked-word head gives to what is written.
The pieces of one word give each other away, so a word is scored from left to right, with its
pieces to the right masked too, and its bits are summed (Kauf and Ivanova 2023, arXiv
2305.10588).
"""

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bert_core.errors import InputError
from bert_core.masked_words.head import require_mlm
from bert_core.masked_words.likelihood import (
    Blank,
    blank_states,
    blanks_of,
    chunks,
    log_probabilities,
)
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.model.bert import Bert
from bert_core.model.inference import AT_MASKS, Asked, BertRun
from bert_core.model.tokenization import Encoding, Word, with_masks
from bert_core.serving.runner import Runner, direct_runner

# Up to so many tokens a text is read out at once; of longer ones the passes that are handed in
# together have so many, so that the first answers come soon and nobody waits for all of them.
AT_ONCE = 64
PORTION_TOKENS = 2_000

Key = tuple[tuple[int, ...], tuple[int, ...], int, int]


@dataclass(frozen=True, eq=False)
class TokenSurprisal:
    """What is expected at one token when it is masked, and the others are as they are.

    encoding: the input as the model saw it.
    bits: surprisal of the piece that is written there, at least 0; None where a `[MASK]` was typed.
    """

    encoding: Encoding
    prediction: MaskedPrediction

    @property
    def position(self) -> int:
        return self.prediction.position

    @property
    def bits(self) -> float | None:
        log = self.prediction.original_log
        return None if log is None else max(0.0, -log / math.log(2))


@dataclass(frozen=True)
class WordSurprisal:
    """How unexpected one word is.

    surface: as it was typed. positions: its tokens. bits: of each, scored from left to right.
    """

    surface: str
    positions: tuple[int, ...]
    bits: tuple[float, ...]

    @property
    def total(self) -> float:
        """Surprisal of the whole word, in bits."""
        return sum(self.bits)


def predict_each(
    bert: Bert,
    encoding: Encoding,
    k: int = 5,
    positions: Sequence[int] | None = None,
    run: Runner | None = None,
) -> Iterator[TokenSurprisal]:
    """The `k` most probable pieces at each of `positions`, masked one at a time, in that order.

    Masks that `encoding` has stay. positions: by default all tokens of the text.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: a position is outside the text or on an added special token, or k is below 1.
    """
    require_mlm(bert)
    if k < 1:
        raise InputError("Ask for at least one guess.")
    if positions is None:
        positions = [position for word in encoding.words for position in word.positions]
    with_masks(bert, encoding, positions)  # says now, not at its turn, that one cannot be masked
    return _predict(bert, encoding, k, list(positions), run or direct_runner(bert))


def word_surprisals(
    bert: Bert,
    encoding: Encoding,
    run: Runner | None = None,
    known: Iterable[TokenSurprisal] = (),
    words: Iterable[Word] | None = None,
) -> Iterator[WordSurprisal]:
    """Each of `words`, by default all of the text, in order; a typed `[MASK]` is left out.

    Masks that were put in stay, and what stood there is scored.
    known: what `predict_each` said. The last piece of a word sees all the others, as it did there,
        so that only longer words need passes of their own.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
    """
    require_mlm(bert)
    bits = {_key(one.encoding, one.position): one.bits for one in known if one.bits is not None}
    words = encoding.words if words is None else words
    return _score_words(bert, encoding, run or direct_runner(bert), bits, words)


def readout(
    bert: Bert, encoding: Encoding, k: int = 5, run: Runner | None = None
) -> Iterator[TokenSurprisal | WordSurprisal]:
    """What `predict_each` and `word_surprisals` say of the whole text, from passes they share.

    A text of up to `AT_ONCE` tokens is handed to `run` at once; longer ones go in portions of whole
    words, each with its words after their tokens. `readout_size` says how many answers come.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: `k` is below 1.
    """
    require_mlm(bert)
    if k < 1:
        raise InputError("Ask for at least one guess.")
    return _read_out(bert, encoding, k, run or direct_runner(bert))


def readout_size(bert: Bert, encoding: Encoding) -> int:
    """How many answers `readout` gives: one for each token of the text and each word scored."""
    mask_id = bert.wordpiece.special_ids["mask"]
    scored = [
        word
        for word in encoding.words
        if any(encoding.original_ids[at] != mask_id for at in word.positions)
    ]
    return sum(len(word.positions) for word in encoding.words) + len(scored)


def _read_out(
    bert: Bert, encoding: Encoding, k: int, run: Runner
) -> Iterator[TokenSurprisal | WordSurprisal]:
    for words in _portions(encoding):
        positions = [position for word in words for position in word.positions]
        alone = [Blank(with_masks(bert, encoding, [position]), position) for position in positions]
        blanks = [*alone, *blanks_of(bert, encoding, "within_word_l2r", words)]
        asked = {
            one.numbers: one for one in (Asked(blank.encoding, {AT_MASKS}) for blank in blanks)
        }
        known = dict(zip(asked, run([*asked.values()]), strict=True))

        def look_up(
            asked: Sequence[Asked], known: Mapping[Hashable, BertRun] = known
        ) -> list[BertRun]:
            return [known[one.numbers] for one in asked]

        tokens = list(_predict(bert, encoding, k, positions, look_up))
        yield from tokens
        yield from word_surprisals(bert, encoding, look_up, tokens, words)


def _portions(encoding: Encoding) -> Iterator[list[Word]]:
    """Words whose passes are handed in together: each token alone, and within its word again."""
    if len(encoding) <= AT_ONCE:
        yield [*encoding.words]
        return
    portion: list[Word] = []
    tokens = 0
    for word in encoding.words:
        needed = (2 * len(word.positions) - 1) * len(encoding)
        if portion and tokens + needed > PORTION_TOKENS:
            yield portion
            portion, tokens = [], 0
        portion.append(word)
        tokens += needed
    if portion:
        yield portion


def _predict(
    bert: Bert, encoding: Encoding, k: int, positions: list[int], run: Runner
) -> Iterator[TokenSurprisal]:
    for some in chunks([len(encoding)] * len(positions)):
        part = positions[some]
        blanks = [Blank(with_masks(bert, encoding, [position]), position) for position in part]
        states = np.zeros((len(encoding), bert.hidden), dtype=np.float32)
        states[part] = blank_states(blanks, run)
        # One input that is masked at all of them, each with the state it had when masked alone.
        joined = BertRun(with_masks(bert, encoding, part), states)
        predictions = predict_masked(bert, joined, k, part)
        for blank, prediction in zip(blanks, predictions, strict=True):
            yield TokenSurprisal(blank.encoding, prediction)


def _score_words(
    bert: Bert, encoding: Encoding, run: Runner, known: dict[Key, float], words: Iterable[Word]
) -> Iterator[WordSurprisal]:
    scored = [(word, blanks_of(bert, encoding, "within_word_l2r", [word])) for word in words]
    missing = [blank for _, blanks in scored for blank in blanks if _key(*blank) not in known]
    found = log_probabilities(bert, missing, run)
    for word, blanks in scored:
        if blanks:
            bits = [
                known[_key(*blank)] if _key(*blank) in known else abs(next(found)) / math.log(2)
                for blank in blanks
            ]
            yield WordSurprisal(word.surface, word.positions, tuple(bits))


def _key(encoding: Encoding, position: int) -> Key:
    """The same for the same question to the model."""
    return encoding.ids, encoding.segments, encoding.original_ids[position], position
