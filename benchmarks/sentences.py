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


NOUNS = [
    "cat",
    "dog",
    "house",
    "river",
    "king",
    "queen",
    "door",
    "window",
    "book",
    "tree",
    "ship",
    "horse",
    "garden",
    "letter",
    "train",
    "stone",
    "bridge",
    "table",
    "doctor",
    "teacher",
    "farmer",
    "soldier",
    "child",
    "mother",
    "captain",
    "village",
    "forest",
    "mountain",
]
VERBS = [
    "saw",
    "found",
    "left",
    "took",
    "held",
    "opened",
    "lost",
    "wanted",
    "followed",
    "remembered",
    "watched",
    "bought",
    "sold",
]
KINDS = [
    "old",
    "young",
    "quiet",
    "small",
    "great",
    "broken",
    "white",
    "dark",
    "strange",
    "happy",
    "poor",
    "distant",
]
LINKS = ["and", "but", "while", "because", "before", "after", "although", "when"]
LONG = [
    "extraordinary",
    "understanding",
    "neighbourhood",
    "uncomfortable",
    "congratulations",
    "entertainment",
]


def make_story(random_source: random.Random, word: str, least: int = 5, most: int = 60) -> str:
    """A sentence of `least` to `most` words, one of them `word` and one of several pieces."""
    count = random_source.randint(least, most)
    words: list[str] = []
    while len(words) < count:
        pick = random_source.choice
        clause = f"the {pick(KINDS)} {pick(NOUNS)} {pick(VERBS)} the {pick(NOUNS)} {pick(LINKS)}"
        words += clause.split()
    words = words[:count]
    at, long = random_source.sample(range(1, count - 1), 2)
    words[at], words[long] = word, random_source.choice(LONG)
    return (" ".join(words) + ".").capitalize()


def make_sentence(random_source: random.Random, tokens: int) -> str:
    """Words that make `tokens` tokens together with [CLS] and [SEP]."""
    return " ".join(random_source.choices(frequent_words(), k=tokens - 2))
