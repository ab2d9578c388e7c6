"""When BERT says 70 %, how often is it right? Its guesses behind the masks of many texts.

One token is masked at a time, so the model sees all others. Tokens are drawn uniformly from all
that pretraining could choose (`masks.eligible_tokens`): pieces of longer words and
punctuation too, as in Devlin et al. 2018, section 3.1. Marks are easier than words:
`without_marks` leaves them out.

What the guesses are worth over all texts is in `reliability`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

from bert_core.arrays import Doubles, Flags, Integers
from bert_core.errors import InputError
from bert_core.masked_words.predict import masked_word_logits, require_mlm
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked
from bert_core.model.tokenization import Encoding, Readable, encode, with_masks
from bert_core.pretraining.masks import eligible_tokens
from bert_core.serving.runner import Runner, direct_runner

# Of the bundled hundred lines, whose 1,570 tokens have 1,354 with a letter or digit.
MASKS = 1200

AT_ONCE = 64  # masked inputs that run together, and rows of the masked-word head

Places = tuple[Encoding, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class MaskedGuesses:
    """The guesses behind the masks of one text, each masked alone; arrays (mask,), read-only.

    encoding: the text without masks. positions: of the tokens that were masked, ascending.
    guesses: ids of the first guesses. confidences: their probabilities, in (0, 1].
    ranks: of the originals, 1 being the first guess. surprisals: of the originals, in nats: -log
    of their probability.
    """

    encoding: Encoding
    positions: Integers
    guesses: Integers
    confidences: Doubles
    ranks: Integers
    surprisals: Doubles

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def right(self) -> Flags:
        """(mask,): whether the first guess is the original."""
        originals = np.array(self.encoding.original_ids, dtype=np.int64)
        return self.guesses == originals[self.positions]

    def only(self, kept: Flags) -> "MaskedGuesses":
        """The masks where `kept`, (mask,), is true."""
        return MaskedGuesses(
            encoding=self.encoding,
            positions=_frozen(self.positions[kept], np.int64),
            guesses=_frozen(self.guesses[kept], np.int64),
            confidences=_frozen(self.confidences[kept], np.float64),
            ranks=_frozen(self.ranks[kept], np.int64),
            surprisals=_frozen(self.surprisals[kept], np.float64),
        )

    def among_first(self, count: int) -> Flags:
        """(mask,): whether the original is one of the first `count` guesses."""
        return self.ranks <= count


def sample_masks(
    bert: Readable,
    texts: Sequence[tuple[str, str | None]],
    seed: int = 0,
    masks: int = MASKS,
) -> tuple[Places, ...]:
    """Which tokens of `texts` are to be masked: (input, positions) for each text that has any.

    Drawn uniformly and without repeats from all tokens that pretraining could choose; all of them
    where there are no more than `masks`.

    Raises:
        InputError: `masks` is below 1, or no text has such a token.
    """
    encodings = [encode(bert, text, pair) for text, pair in texts]
    all_places = [
        (number, int(position))
        for number, encoding in enumerate(encodings)
        for position in np.flatnonzero(eligible_tokens(bert, encoding))
    ]
    if masks < 1 or not all_places:
        raise InputError("Mask at least one word, in sentences that have some.")
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(all_places))[:masks]
    positions: dict[int, list[int]] = {}
    for at in sorted(drawn.tolist()):
        number, position = all_places[at]
        positions.setdefault(number, []).append(position)
    return tuple((encodings[number], tuple(found)) for number, found in positions.items())


def calibrate(
    bert: Bert,
    texts: Sequence[tuple[str, str | None]],
    run: Runner | None = None,
    *,
    seed: int = 0,
    masks: int = MASKS,
) -> Iterator[MaskedGuesses]:
    """Mask the tokens that `sample_masks` draws, each alone, and yield text after text.

    texts: (sentence, second one or None). There are as many results as places in the sample.

    Raises:
        MissingHeadError: the checkpoint has no masked-word head.
        InputError: as in `sample_masks`.
    """
    require_mlm(bert)
    places = sample_masks(bert, texts, seed, masks)
    rows = _guess_all(bert, places, run or direct_runner(bert))
    for encoding, positions in places:
        guesses, confidences, ranks, surprisals = zip(*islice(rows, len(positions)), strict=True)
        yield MaskedGuesses(
            encoding=encoding,
            positions=_frozen(positions, np.int64),
            guesses=_frozen(guesses, np.int64),
            confidences=_frozen(confidences, np.float64),
            ranks=_frozen(ranks, np.int64),
            surprisals=_frozen(surprisals, np.float64),
        )


def without_marks(samples: Iterable[MaskedGuesses]) -> tuple[MaskedGuesses, ...]:
    """The same samples without tokens that have no letter and no digit, such as full stops."""
    return tuple(
        sample.only(
            np.array(
                [
                    any(char.isalnum() for char in sample.encoding.tokens[position])
                    for position in sample.positions
                ],
                dtype=bool,
            )
        )
        for sample in samples
    )


def _guess_all(
    bert: Bert, places: Sequence[Places], run: Runner
) -> Iterator[tuple[int, float, int, float]]:
    """First guess, its probability, rank and surprisal of the original, for place after place."""
    every = ((encoding, at) for encoding, positions in places for at in positions)
    while some := list(islice(every, AT_ONCE)):
        runs = run([Asked(with_masks(bert, encoding, [at])) for encoding, at in some])
        states = np.stack(
            [one.last_hidden_state[at] for one, (_, at) in zip(runs, some, strict=True)]
        )
        originals = torch.tensor([encoding.original_ids[at] for encoding, at in some])
        logs = torch.log_softmax(masked_word_logits(bert, states), dim=-1)
        best = logs.max(dim=-1)
        own = logs.gather(1, originals[:, None])
        yield from zip(
            best.indices.tolist(),
            best.values.exp().tolist(),
            ((logs > own).sum(dim=-1) + 1).tolist(),
            (-own[:, 0]).tolist(),
            strict=True,
        )


def _frozen(numbers: Any, kind: DTypeLike) -> NDArray[Any]:
    array = np.array(numbers, dtype=kind)
    array.setflags(write=False)
    return array
