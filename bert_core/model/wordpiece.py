"""A checkpoint's WordPiece tokenizer: read from its files, and asked for pieces.

Truncation, padding and special tokens are never left to it, so that its shared state is never
changed and threads may share it.
"""

import json
import os
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tokenizers import Encoding as RawEncoding
from tokenizers import Tokenizer

from bert_core.errors import BrokenModelError, UnsupportedModelError
from bert_core.model.files import read_json, read_text, short

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
    "special_tokens_map.json",
    "added_tokens.json",
)
WORD_PIECE = "WordPiece"
SPECIAL_NAMES = ("cls", "sep", "mask", "pad", "unk")


@dataclass(frozen=True)
class WordPiece:
    """A checkpoint's tokenizer, with its special tokens.

    backend: never truncates, never pads, and finds only `[MASK]` in text.
    vocabulary: the piece with each id, "" where an id has none.
    special_ids: id of each of `cls sep mask pad unk`.
    added: tokens, with their ids, that are found in text before it is cut, such as `[MASK]`.
    """

    backend: Tokenizer
    vocabulary: tuple[str, ...] = field(repr=False)
    special_ids: dict[str, int]
    added: Mapping[str, int] = field(default_factory=dict)

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
    """The tokenizer in `folder`, as transformers' AutoTokenizer has it.

    Which of its files say what, and which of them counts where two do, has changed with every
    version of transformers: so it is asked, and what it built is taken.

    Raises:
        BrokenModelError: a file cannot be read, there are none, or a special token is missing.
        ModelTooLargeError: a file is larger than that of any BERT.
        UnsupportedModelError: it is no WordPiece.
    """
    name = short(folder.name)
    with TemporaryDirectory(prefix="bert-lens-tokenizer-") as place:
        said = _copy_files(folder, Path(place))
        found = _as_transformers_reads(Path(place), name, said)
    backend = getattr(found, "backend_tokenizer", None)
    if backend is None:
        raise UnsupportedModelError(_no_word_piece(name, type(found).__name__))
    spec = json.loads(backend.to_str())
    for model in (said.get("tokenizer.json", {}).get("model"), spec["model"]):
        kind = model.get("type", WORD_PIECE) if isinstance(model, dict) else WORD_PIECE
        if kind != WORD_PIECE:
            raise UnsupportedModelError(_no_word_piece(name, str(kind)))
    if spec["model"].get("continuing_subword_prefix") != "##":
        raise UnsupportedModelError(
            f"The tokenizer of “{name}” does not mark the inner pieces of a word with ##, as "
            "BERT's does."
        )
    names = {one: str(getattr(found, f"{one}_token") or "") for one in SPECIAL_NAMES}
    names = {one: said or f"[{one.upper()}]" for one, said in names.items()}
    # transformers adds those that are missing, with numbers that no embedding was trained for.
    declared = {token for one in said.values() for token in _added_tokens(one)}
    given = {token["content"] for token in spec["added_tokens"]} & declared
    _check_special({*spec["model"]["vocab"], *given}, names)
    return wordpiece_from_spec(spec, names)


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
        added={token["content"]: vocab[token["content"]] for token in kept},
    )


def _check_special(vocab: Container[str], names: dict[str, str]) -> None:
    missing = [names[name] for name in SPECIAL_NAMES if names[name] not in vocab]
    if missing:
        raise BrokenModelError(f"The tokenizer has no {' and no '.join(missing)}: not BERT's.")


def _searched_for(token: dict, names: dict[str, str]) -> bool:
    others = {names[name] for name in SPECIAL_NAMES if name != "mask"}
    return token["content"] not in others


def _copy_files(folder: Path, place: Path) -> dict[str, dict[str, Any]]:
    """Copy what a tokenizer is read from, and nothing else; returns what its JSON files say."""
    there = [name for name in TOKENIZER_FILES if os.path.lexists(folder / name)]
    if not {"tokenizer.json", "vocab.txt"} & {*there}:
        raise BrokenModelError(
            f"“{short(folder.name)}” has no tokenizer: a BERT needs tokenizer.json or vocab.txt."
        )
    for name in there:
        text = read_text(folder / name)  # without a byte-order mark
        (place / name).write_bytes(text.encode())
    (place / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    return {name: read_json(folder / name) for name in there if name.endswith(".json")}


def _added_tokens(said: dict[str, Any]) -> set[str]:
    """The tokens that one of the files adds to the vocabulary; each file has its own way."""
    listed = said.get("added_tokens")
    numbered = said.get("added_tokens_decoder")
    tokens = [*(listed if isinstance(listed, list) else [])]
    tokens += numbered.values() if isinstance(numbered, dict) else []
    contents = {one["content"] for one in tokens if isinstance(one, dict) and "content" in one}
    plain = {name for name, number in said.items() if type(number) is int}  # added_tokens.json
    return {one for one in contents | plain if isinstance(one, str)}


def _as_transformers_reads(place: Path, name: str, said: dict[str, dict[str, Any]]) -> Any:
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(place, local_files_only=True, trust_remote_code=False)
    except Exception as error:  # each wrong value fails in its own place
        kind = said.get("tokenizer_config.json", {}).get("tokenizer_class") or "BertTokenizer"
        reason = str(error).replace(os.fspath(place), "").strip().split("\n")[0]
        raise BrokenModelError(
            f"The tokenizer of “{name}”, a {short(str(kind))}, cannot be read ({short(reason)}). A "
            "BERT needs a WordPiece tokenizer in tokenizer.json or vocab.txt."
        ) from error


def _no_word_piece(name: str, kind: str) -> str:
    return (
        f"The tokenizer of “{name}” is {short(kind)}; BERT Lens reads BERT's WordPiece. Choose a "
        "BERT whose tokenizer_config.json says BertTokenizer."
    )
