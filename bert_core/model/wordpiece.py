"""A checkpoint's WordPiece tokenizer: read from its files, and asked for pieces.

Truncation, padding and special tokens are never left to it, so that its shared state is never
changed and threads may share it.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Encoding as RawEncoding
from tokenizers import Tokenizer

from bert_core.errors import BrokenModelError

SPECIAL_NAMES = ("cls", "sep", "mask", "pad", "unk")


@dataclass(frozen=True)
class WordPiece:
    """A checkpoint's tokenizer, with its special tokens.

    backend: never truncates, never pads, and finds only `[MASK]` in text.
    vocabulary: the piece with each id, "" where an id has none.
    special_ids: id of each of `cls sep mask pad unk`.
    """

    backend: Tokenizer
    vocabulary: tuple[str, ...] = field(repr=False)
    special_ids: dict[str, int]

    def special_token(self, name: str) -> str:
        """The text of the special token `name`, one of `cls sep mask pad unk`."""
        return self.vocabulary[self.special_ids[name]]

    @property
    def longest_word(self) -> int:
        """Characters above which a word becomes `[UNK]` unread; 100 in BERT."""
        return int(self.backend.model.max_input_chars_per_word)

    def id_of(self, piece: str) -> int | None:
        """The id of a piece, None where the vocabulary lacks it."""
        found: int | None = self.backend.token_to_id(piece)
        return found

    def split(self, text: str) -> RawEncoding:
        """The pieces of `text`, without special tokens; this and `split_many` ask the tokenizer."""
        return self.backend.encode(text, add_special_tokens=False)

    def split_many(self, texts: list[str]) -> list[list[int]]:
        """The ids of each text's pieces, without special tokens, on all cores at once."""
        found = self.backend.encode_batch_fast(texts, add_special_tokens=False)
        return [encoding.ids for encoding in found]

    def normalize(self, text: str) -> str:
        """`text` as the vocabulary sees it: BERT's cleaning, case and accents."""
        normalizer = self.backend.normalizer
        return text if normalizer is None else str(normalizer.normalize_str(text))


def load_wordpiece(folder: Path) -> WordPiece:
    """The tokenizer in `folder`, from tokenizer.json or, where there is none, vocab.txt.

    Raises:
        BrokenModelError: neither file is there, one cannot be read, or a special token is missing.
    """
    try:
        spec = json.loads(_read_tokenizer(folder))
        return wordpiece_from_spec(spec, _special_names(folder))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenModelError(
            f"The tokenizer in “{folder.name}” cannot be read ({type(error).__name__}). A BERT "
            "needs tokenizer.json or vocab.txt."
        ) from error


def wordpiece_from_spec(spec: dict, names: dict[str, str] | None = None) -> WordPiece:
    """A `WordPiece` from the content of a tokenizer.json.

    Special tokens other than the mask are taken out of the ones that are searched for in text,
    which makes them ordinary text; so are truncation and padding, which some checkpoints store.
    """
    names = names or {name: f"[{name.upper()}]" for name in SPECIAL_NAMES}
    vocab: dict[str, int] = dict(spec.get("model", {}).get("vocab") or {})
    for token in spec.get("added_tokens", []):
        vocab.setdefault(token["content"], token["id"])
    _check_special(vocab, names)
    kept = [t for t in spec.get("added_tokens", []) if _searched_for(t, names)]
    spec = {**spec, "truncation": None, "padding": None, "added_tokens": kept}
    by_id = {number: piece for piece, number in vocab.items()}
    try:
        backend = Tokenizer.from_str(json.dumps(spec))
    except Exception as error:  # the Rust side raises nothing narrower
        raise BrokenModelError(f"The tokenizer cannot be read: {str(error)[:120]}.") from error
    return WordPiece(
        backend=backend,
        vocabulary=tuple(by_id.get(number, "") for number in range(max(by_id) + 1)),
        special_ids={name: vocab[names[name]] for name in SPECIAL_NAMES},
    )


def _check_special(vocab: dict[str, int], names: dict[str, str]) -> None:
    missing = [names[name] for name in SPECIAL_NAMES if names[name] not in vocab]
    if missing:
        raise BrokenModelError(f"The tokenizer has no {' and no '.join(missing)}: not BERT's.")


def _searched_for(token: dict, names: dict[str, str]) -> bool:
    others = {names[name] for name in SPECIAL_NAMES if name != "mask"}
    return token["content"] not in others


def _read_tokenizer(folder: Path) -> str:
    if (folder / "tokenizer.json").is_file():
        return (folder / "tokenizer.json").read_text(encoding="utf-8")
    from transformers import BertTokenizer

    config = _tokenizer_config(folder)
    known = ("do_lower_case", "tokenize_chinese_chars", "strip_accents")
    options = {name: config[name] for name in known if name in config}
    lines = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    vocab = {line.rstrip("\r"): number for number, line in enumerate(lines) if line}
    names = _special_names(folder)
    _check_special(vocab, names)  # transformers would add those that are missing at the end
    special = {f"{name}_token": names[name] for name in SPECIAL_NAMES}
    backend = BertTokenizer(vocab=vocab, **special, **options).backend_tokenizer
    return str(backend.to_str())


def _special_names(folder: Path) -> dict[str, str]:
    config = _tokenizer_config(folder)
    return {
        name: _content(config.get(f"{name}_token")) or f"[{name.upper()}]" for name in SPECIAL_NAMES
    }


def _tokenizer_config(folder: Path) -> dict:
    path = folder / "tokenizer_config.json"
    if not path.is_file():
        return {}
    config = json.loads(path.read_text(encoding="utf-8"))
    return config if isinstance(config, dict) else {}


def _content(token: object) -> str | None:
    """A special token's text, which a configuration writes as a string or as a dict."""
    content = token.get("content") if isinstance(token, dict) else token
    return content if isinstance(content, str) and content else None
