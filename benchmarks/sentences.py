"""Distinct sentences of a known length, so that no cache answers for the model."""

import random
from functools import lru_cache

from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.wordpiece import load_wordpiece

WORDS = 800  # so many of the vocabulary's most frequent words


@lru_cache(maxsize=1)
def frequent_words() -> tuple[str, ...]:
    """Words of three to seven letters that are one piece each."""
    vocabulary = load_wordpiece(EMBEDDED_FOLDER).vocabulary
    found = (word for word in vocabulary if word.isascii() and word.isalpha() and word.islower())
    return tuple(word for word in found if 3 <= len(word) <= 7)[:WORDS]


def make_sentence(random_source: random.Random, tokens: int) -> str:
    """Words that make `tokens` tokens together with [CLS] and [SEP]."""
    return " ".join(random_source.choices(frequent_words(), k=tokens - 2))
