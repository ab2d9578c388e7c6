"""When BERT says 70 %, how often is it right? Its guesses behind the masks of many texts.

One token is masked at a time, so the model sees all others. Tokens are drawn uniformly from all
that pretraining could choose (`masks.eligible_tokens`): pieces of longer words and
punctuation too, as in Devlin et al. 2018, section 3.1.

What the guesses are worth over all texts is in `reliability`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bert_core.arrays import Integers
from bert_core.errors import InputError
from bert_core.evaluation.guesses import guess_masks
from bert_core.evaluation.reliability import Guesses, join_guesses
from bert_core.masked_words.head import require_mlm
from bert_core.model.bert import Bert
from bert_core.model.tokenization import Encoding, Readable, encode, with_masks
from bert_core.pretraining.masks import eligible_tokens
from bert_core.serving.runner import Runner, direct_runner

# Of the bundled hundred lines, whose 1,570 tokens have 1,354 with a letter or digit.
MASKS = 1200

Places = tuple[Encoding, tuple[int, ...]]


@dataclass(frozen=True, eq=False)
class MaskedGuesses(Guesses):
    """The guesses behind the masks of one text, each masked alone.

    encoding: the text without masks. positions: (mask,), of the tokens that were masked, ascending.
    """

    encoding: Encoding
    positions: Integers


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
    asked = (
        (with_masks(bert, encoding, [at]), [at])
        for encoding, positions in places
        for at in positions
    )
    lots = guess_masks(bert, asked, run or direct_runner(bert))
    sizes = [len(positions) for _, positions in places]
    for (encoding, positions), found in zip(places, _shared_out(lots, sizes), strict=True):
        masked = np.array(positions, dtype=np.int64)
        masked.setflags(write=False)
        yield MaskedGuesses(**vars(found), encoding=encoding, positions=masked)


def _shared_out(lots: Iterator[Guesses], sizes: Sequence[int]) -> Iterator[Guesses]:
    """The same guesses in parts of these sizes, each as soon as it is whole."""
    waiting: list[Guesses] = []
    for size in sizes:
        while sum(map(len, waiting)) < size:
            waiting.append(next(lots))
        joined = join_guesses(waiting)
        yield joined.at(slice(size))
        waiting = [joined.at(slice(size, None))]
