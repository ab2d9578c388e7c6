"""A WordPiece vocabulary of one's own: trained on the text that a BERT will be pretrained on.

The library tokenizers joins the pair of pieces that is most frequent, over and over, until there
are enough (Sennrich et al. 2016, section 3.2, https://arxiv.org/abs/1508.07909). Text is cleaned
as for BERT: Chinese characters stand apart, so that each is a word of its own.
"""

import json
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordPiece as WordPieceModel
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.trainers import WordPieceTrainer

from bert_core.errors import InputError

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
FEWEST, MOST = 100, 100_000

# Characters that get pieces at most, a quarter of the vocabulary or these; rarer ones are [UNK].
MOST_CHARACTERS = 8_000


def train_vocabulary(paragraphs: Callable[[], Iterable[str]], size: int) -> dict[str, Any]:
    """The content of a tokenizer.json without capitals, which `wordpiece_from_spec` takes.

    paragraphs: called twice, and read one after another. size: pieces, special tokens counted;
    fewer where the text has no more. The same text gives the same vocabulary.

    Raises:
        InputError: the size is out of bounds, or the text has no words.
    """
    if not FEWEST <= size <= MOST:
        raise InputError(f"A vocabulary has {FEWEST} to {MOST:,} pieces, not {size:,}.")
    normalizer = BertNormalizer(lowercase=True, handle_chinese_chars=True)
    first, inside = _characters(paragraphs(), normalizer, min(MOST_CHARACTERS, size // 4))
    if not first:
        raise InputError("The text has no words: no vocabulary can be made of it.")
    # Left to itself the trainer numbers characters inside words in an order that differs from
    # time to time, and so breaks ties between pairs; what it is given as special it numbers first.
    numbered = [*SPECIAL, *(f"##{character}" for character in inside)]
    tokenizer = Tokenizer(WordPieceModel(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = BertPreTokenizer()
    trainer = WordPieceTrainer(
        vocab_size=size,
        special_tokens=numbered,
        initial_alphabet=first,
        limit_alphabet=len(first),
        continuing_subword_prefix="##",
        show_progress=False,
    )
    tokenizer.train_from_iterator(paragraphs(), trainer)
    spec: dict[str, Any] = json.loads(tokenizer.to_str())
    spec["added_tokens"] = [one for one in spec["added_tokens"] if one["content"] in SPECIAL]
    return spec


def vocabulary_of(spec: dict[str, Any]) -> list[str]:
    """The pieces of a tokenizer.json, each at the place of its id."""
    vocabulary: dict[str, int] = spec["model"]["vocab"]
    return sorted(vocabulary, key=vocabulary.__getitem__)


def _characters(
    paragraphs: Iterable[str], normalizer: BertNormalizer, most: int
) -> tuple[list[str], list[str]]:
    """The most frequent characters, and those of them that stand inside words; both sorted.

    A word is what stands between spaces, punctuation left out: inside is rather too many.
    """
    counts: Counter[str] = Counter()
    inner: set[str] = set()
    for paragraph in paragraphs:
        words = normalizer.normalize_str(paragraph).split()
        counts.update("".join(words))
        inner.update("".join(word[1:] for word in words))
    ranked = sorted(counts, key=lambda character: (-counts[character], character))[:most]
    inside = [one for one in ranked if one in inner and not _stands_alone(one)]
    return sorted(ranked), sorted(inside)


def _stands_alone(character: str) -> bool:
    """Whether BERT takes it for punctuation: all of ASCII but letters and digits, and Unicode's."""
    return (character.isascii() and not character.isalnum()) or unicodedata.category(
        character
    ).startswith("P")
