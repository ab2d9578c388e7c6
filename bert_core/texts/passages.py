"""Passages of a wanted length, cut out of the texts that ship.

How strong a link is depends on how many tokens share a row's 1: what is said of a text is held
against texts of like length only.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain

from bert_core.texts.hundred import Texts

SHORTEST = 4  # tokens: two of the text, between [CLS] and [SEP]
ADDED = 2  # [CLS] and [SEP]
MOST = 100
FEW = 20  # passages; with fewer, those that run on from one text into the next are better


def like_length(tokens: int) -> tuple[int, int]:
    """The fewest and the most tokens of what counts as long as `tokens`, special ones counted.

    Lengths fall into fixed classes, of which the longest is at most a quarter longer than the
    shortest, so that all visitors with texts of a class share what was read for it.
    """
    fewest = SHORTEST
    while (beyond := max(fewest + 1, -(-fewest * 5 // 4))) <= tokens:
        fewest = beyond
    return fewest, beyond - 1


def passages_like(
    tokens: int, sources: Sequence[Sequence[str]], pieces: Callable[[str], int]
) -> Texts:
    """At most `MOST` passages of whole sentences as long as `tokens`, by `like_length`.

    sources: texts, each its sentences in order. pieces: how many tokens a sentence has. No
    sentence is in two passages. A passage stays within one text, unless fewer than `FEW` do.
    """
    fewest, most = like_length(tokens)
    counted = [[(sentence, pieces(sentence)) for sentence in text] for text in sources]
    found = [passage for text in counted for passage in _cut(text, fewest, most)]
    if len(found) < FEW:
        found = list(_cut(list(chain.from_iterable(counted)), fewest, most))
    if len(found) > MOST:  # evenly from all of them
        found = [found[at * len(found) // MOST] for at in range(MOST)]
    return tuple((passage, None) for passage in found)


def _cut(counted: Sequence[tuple[str, int]], fewest: int, most: int) -> Iterator[str]:
    """From each sentence on the shortest passage that is long enough, if it is not too long."""
    start = 0
    while start < len(counted):
        end, total = start, ADDED
        while end < len(counted) and total < fewest:
            total += counted[end][1]
            end += 1
        if fewest <= total <= most:
            yield " ".join(sentence for sentence, _ in counted[start:end])
            start = end
        else:
            start += 1
