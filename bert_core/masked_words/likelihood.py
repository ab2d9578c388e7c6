"""How probable BERT finds a sentence: each token guessed from the others, log shares summed.

`original`: each token masked alone (Salazar et al. 2020, arXiv 1910.14659). The pieces
of one word then give each other away, so rare long words come out too probable.
`within_word_l2r`: the pieces to the right in the same word are masked too (Kauf and Ivanova 2023,
PLL-word-l2r, arXiv 2305.10588).
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch

from bert_core.arrays import Floats
from bert_core.errors import InputError
from bert_core.masked_words.head import masked_word_logits, require_mlm
from bert_core.masked_words.scores import METHODS, Method, SentenceScore
from bert_core.model.bert import Bert
from bert_core.model.inference import AT_MASKS, Asked
from bert_core.model.tokenization import Encoding, Word, encode, with_masks
from bert_core.serving.runner import Runner, direct_runner

# Inputs handed in together: enough for full batches, few enough that the first results come soon.
CHUNK = 64
CHUNK_TOKENS = 6_000

Sentence = str | tuple[str, str | None]


class Blank(NamedTuple):
    """A token to be guessed: `encoding` has the mask at `position`, and may have it elsewhere."""

    encoding: Encoding
    position: int

    @property
    def original(self) -> int:
        """The id that the text has there."""
        return self.encoding.original_ids[self.position]


def score_sentences(
    bert: Bert,
    sentences: Iterable[Sentence],
    method: Method = "within_word_l2r",
    run: Runner | None = None,
) -> Iterator[SentenceScore]:
    """Each of `sentences`, a text or (text, pair), in order; short ones share batches.

    run: how inputs are run; by default in this thread.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: there is no such method.
    """
    pairs = (one if isinstance(one, tuple) else (one, None) for one in sentences)
    return score_encodings(bert, (encode(bert, *pair) for pair in pairs), method, run)


def score_encodings(
    bert: Bert,
    encodings: Iterable[Encoding],
    method: Method = "within_word_l2r",
    run: Runner | None = None,
) -> Iterator[SentenceScore]:
    """`score_sentences` of what is encoded already; masks that were put in stay, and are scored."""
    require_mlm(bert)
    if method not in METHODS:
        raise InputError(f"Sentences are scored by {' or '.join(METHODS)}, not “{method}”.")
    return _score(bert, encodings, method, run or direct_runner(bert))


def blanks_of(
    bert: Bert, encoding: Encoding, method: Method, words: Iterable[Word] | None = None
) -> tuple[Blank, ...]:
    """One blank for each token of `words` (default: all of the text) that has an original."""
    mask_id = bert.wordpiece.special_ids["mask"]
    found = []
    for word in encoding.words if words is None else words:
        for place, position in enumerate(word.positions):
            hidden = word.positions[place:] if method == "within_word_l2r" else (position,)
            if encoding.original_ids[position] != mask_id:
                found.append(Blank(with_masks(bert, encoding, hidden), position))
    return tuple(found)


def log_probabilities(bert: Bert, blanks: Sequence[Blank], run: Runner) -> Iterator[float]:
    """Natural logarithm of the probability of what the text has at each blank, in order.

    A chunk is run when the first of its answers is asked for.
    """
    for part in chunks([len(blank.encoding) for blank in blanks]):
        yield from _score_chunk(bert, blanks[part], run)


def blank_states(blanks: Sequence[Blank], run: Runner) -> Floats:
    """The last hidden state at each blank: (blank, hidden)."""
    runs = run([Asked(blank.encoding, {AT_MASKS}) for blank in blanks])
    return np.concatenate(
        [one.states_at([blank.position]) for one, blank in zip(runs, blanks, strict=True)]
    )


def chunks(lengths: Sequence[int]) -> Iterator[slice]:
    """Which inputs of these lengths, in tokens, to hand in together: all of them, in order."""
    if lengths:
        size = min(CHUNK, max(1, CHUNK_TOKENS // max(lengths)))
        yield from (slice(start, start + size) for start in range(0, len(lengths), size))


def _score_chunk(bert: Bert, blanks: Sequence[Blank], run: Runner) -> list[float]:
    states = blank_states(blanks, run)
    with torch.inference_mode():
        logits = masked_word_logits(bert, states)
        written = torch.tensor([[blank.original] for blank in blanks])
        shares = logits.gather(1, written)[:, 0] - torch.logsumexp(logits, dim=1)
    # What is all but certain may round to a little above log 1.
    return [min(0.0, share) for share in shares.tolist()]


def _score(
    bert: Bert, encodings: Iterable[Encoding], method: Method, run: Runner
) -> Iterator[SentenceScore]:
    """Inputs whose blanks fit into one chunk are scored together."""
    waiting: list[tuple[Encoding, tuple[Blank, ...]]] = []
    for encoding in encodings:
        blanks = blanks_of(bert, encoding, method)
        if sum(len(others) for _, others in waiting) + len(blanks) > CHUNK:
            yield from _score_waiting(bert, waiting, method, run)
            waiting = []
        waiting.append((encoding, blanks))
    yield from _score_waiting(bert, waiting, method, run)


def _score_waiting(
    bert: Bert,
    waiting: Sequence[tuple[Encoding, tuple[Blank, ...]]],
    method: Method,
    run: Runner,
) -> Iterator[SentenceScore]:
    found = log_probabilities(bert, [blank for _, blanks in waiting for blank in blanks], run)
    for encoding, blanks in waiting:
        yield SentenceScore(
            encoding=encoding,
            method=method,
            positions=tuple(blank.position for blank in blanks),
            log_probabilities=np.array(list(islice(found, len(blanks))), dtype=np.float64),
        )
