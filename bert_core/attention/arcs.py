"""What a picture of lines from token to token shows: pieces or words, which of them, which lines.

Three choices are made one after the other (`read_arcs`): pieces merged into words, lines between
certain sentences only, and of these the few in each row that carry most of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from bert_core.arrays import Flags, Floats
from bert_core.attention.maps import AttentionMap
from bert_core.errors import InputError
from bert_core.model.tokenization import Encoding

Groups = tuple[tuple[int, ...], ...]

# Which lines: from sentence A or B (queries) to sentence A or B (keys).
Block = Literal["all", "aa", "ab", "ba", "bb"]


@dataclass(frozen=True, eq=False)
class ArcView:
    """A map whose rows and columns are tokens or words, and which of its weights are lines.

    weights: (query, key), float32; rows sum to 1 unless keys are hidden.
    labels: text of each row, which is also that of the column of the same number.
    sentences: 0 in A, 1 in B, None for added special tokens.
    positions: for each row the places in the input of the tokens it stands for, ascending.
    mask: (query, key); True where there is a line.
    masked: numbers of the rows in which a token is behind the mask.
    """

    weights: Floats
    labels: tuple[str, ...]
    sentences: tuple[int | None, ...]
    positions: Groups
    mask: Flags
    masked: tuple[int, ...] = ()

    def row_of(self, position: int) -> int | None:
        """The row in which the token at `position` is shown, None where it is hidden."""
        return next((row for row, group in enumerate(self.positions) if position in group), None)


def read_arcs(
    shown: AttentionMap,
    encoding: Encoding,
    *,
    words: bool = False,
    which: Block = "all",
    share: float = 0.8,
) -> ArcView:
    """The lines of one map: `share` of what each row gives to the block `which`.

    words: merge the pieces of a word first (`merge_words`).

    Raises:
        InputError: as `block_filter` and `keep_share`, or the map is not of this encoding.
    """
    if max(shown.positions) >= len(encoding):
        raise InputError("This map is of a longer text than the one it is to be read with.")
    weights = shown.weights
    positions: Groups = tuple((at,) for at in shown.positions)
    if words:
        weights, positions = merge_words(weights, encoding, shown.positions)
    inside = block_filter(encoding, which, positions)
    behind = set(encoding.masked)
    return ArcView(
        weights=weights,
        labels=_labels(encoding, positions, words),
        sentences=tuple(encoding.sequences[group[0]] for group in positions),
        positions=positions,
        mask=keep_share(np.where(inside, weights, np.float32(0)), share),
        masked=tuple(row for row, group in enumerate(positions) if behind.intersection(group)),
    )


def merge_words(
    weights: Floats, encoding: Encoding, positions: Sequence[int] | None = None
) -> tuple[Floats, Groups]:
    """The map between words, and the tokens of each; added special tokens stay single.

    What a word is given is the sum over its pieces, what it gives their mean: so rows that sum
    to 1 still do (Clark et al. 2019, "What Does BERT Look At?", section 4.1).

    weights: (query, key). positions: which token each row is, ascending; all by default.

    Raises:
        InputError: there are more or fewer rows or columns than positions.
    """
    shown = range(len(encoding)) if positions is None else positions
    if weights.shape != (len(shown), len(shown)):
        raise InputError(f"{len(shown)} tokens cannot label a map of shape {weights.shape}.")
    groups: dict[tuple[int | None, int], list[int]] = {}
    for row, at in enumerate(shown):
        sequence, word = encoding.sequences[at], encoding.word_ids[at]
        name = (None, at) if sequence is None or word is None else (sequence, word)
        groups.setdefault(name, []).append(row)
    rows = list(groups.values())
    starts = [group[0] for group in rows]
    sums = np.add.reduceat(weights.astype(np.float64), starts, axis=1)
    sizes = np.array([len(group) for group in rows])
    means = np.add.reduceat(sums, starts, axis=0) / sizes[:, None]
    return means.astype(np.float32), tuple(tuple(shown[row] for row in group) for group in rows)


def block_filter(encoding: Encoding, which: Block, positions: Groups | None = None) -> Flags:
    """(query, key): True where the query lies in the first and the key in the second of `which`.

    "ab" is from sentence A to sentence B. Added special tokens lie in neither; "all" has them.
    positions: the tokens of each row, as in `ArcView`; by default each token alone.

    Raises:
        InputError: there is no such block, or it needs a second sentence that is not there.
    """
    if which not in get_args(Block):
        raise InputError(f"There is no block “{which}”: choose from {', '.join(get_args(Block))}.")
    groups = tuple((at,) for at in range(len(encoding))) if positions is None else positions
    if which == "all":
        return np.ones((len(groups), len(groups)), dtype=np.bool_)
    if "b" in which and 1 not in encoding.sequences:
        raise InputError("There is no second sentence to look at or from.")
    sentences = [encoding.sequences[group[0]] for group in groups]
    queries, keys = ([at == "ab".index(side) for at in sentences] for side in which)
    return np.outer(queries, keys)


def keep_share(weights: Floats, share: float = 0.8) -> Flags:
    """In each row the fewest weights that together hold `share` of it, the largest.

    weights: (query, key), none negative. share: in (0, 1]; 1 keeps all that are not 0. Of equal
    weights the first are kept; a row of zeros keeps none.

    Raises:
        InputError: the share is outside (0, 1].
    """
    if not 0 < share <= 1:
        raise InputError(f"A share of {share} cannot be kept: choose one above 0, up to 1.")
    if share == 1:
        return weights > 0
    order = np.argsort(-weights, axis=1, kind="stable")
    held = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1, dtype=np.float64)
    # Five and three tenths hold eight tenths, though float32 has neither number exactly.
    needed = held[:, -1:] * (share - 1e-6 * (1 - share))
    before = np.hstack([np.zeros((len(weights), 1)), held[:, :-1]])
    kept = np.zeros(weights.shape, dtype=np.bool_)
    np.put_along_axis(kept, order, before < needed, axis=1)
    return kept & (weights > 0)


def _labels(encoding: Encoding, positions: Groups, words: bool) -> tuple[str, ...]:
    """Words as typed, pieces as read; a word behind the mask is shown as its pieces."""
    read = (" ".join(encoding.tokens[at] for at in group) for group in positions)
    if not words:
        return tuple(read)
    typed = {at: word.surface for word in encoding.words for at in word.positions}
    behind = set(encoding.masked)
    return tuple(
        pieces if behind.intersection(group) else typed.get(group[0], pieces)
        for group, pieces in zip(positions, read, strict=True)
    )
