"""What tests of pretraining share: a small corpus that the tiny vocabulary knows, and settings."""

import random
from pathlib import Path
from typing import Any

from bert_core.pretraining.corpus import SplitCorpus, prepare_corpus
from bert_core.pretraining.setup import RunRequest
from tests.kit.tiny import WORDS, save_tiny, tiny_wordpiece

SMALL: dict[str, Any] = {"batch": 8, "length": 32, "rate": 1e-3}


def write_texts(folder: Path, documents: int = 60, seed: int = 0) -> Path:
    """Documents in two files: each has two to twelve sentences, and speaks of a few words."""
    rng = random.Random(seed)
    words = WORDS.split()
    files: list[list[str]] = [[], []]
    for number in range(documents):
        topic = rng.sample(words, 5)
        sentences = [
            f"{' '.join(rng.choices(topic, k=rng.randint(3, 12))).capitalize()} {number}."
            for _ in range(rng.randint(2, 12))
        ]
        files[number % 2].append("\n".join(sentences))
    (folder / "deeper").mkdir(parents=True)
    (folder / "first.txt").write_text("\n\n".join(files[0]), encoding="utf-8")
    (folder / "deeper" / "second.txt").write_text("\n\n".join(files[1]), encoding="utf-8")
    return folder


def small_corpus(folder: Path, documents: int = 60) -> SplitCorpus:
    """That corpus as the tiny vocabulary's pieces."""
    return prepare_corpus(
        write_texts(folder / "texts", documents), tiny_wordpiece(), folder / "cache"
    )


def small_request(folder: Path, out: str = "out", **changes: Any) -> RunRequest:
    """A run of the tiny model on that corpus; both are made where they are not there."""
    texts, model = folder / "texts", folder / "tiny"
    if not texts.exists():
        write_texts(texts)
        save_tiny(model)
    settings: dict[str, Any] = {
        "texts": texts,
        "out": folder / out,
        "changes": SMALL,
        "source": str(model),
        "limit": ("steps", 12),
    }
    return RunRequest(**{**settings, **changes})
