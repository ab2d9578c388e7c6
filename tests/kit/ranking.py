"""What stands over the lists of “which sentence is better?”, by what they are compared by."""

from ui.words import masked_words_studies as words


def best_quiet(count: int, measure: str = "total") -> str:
    return words.BEST_QUIET.format(count=count, measure=words.MEASURED[measure])


def rank_heads(measure: str = "total") -> tuple[str, str, str]:
    return "", words.RANK_COLUMNS[2], words.SHORT_MEASURED[measure]


def pairs_heads(measure: str = "total") -> tuple[str, ...]:
    return tuple(head.format(measure=words.SHORT_MEASURED[measure]) for head in words.PAIRS_HEADS)
