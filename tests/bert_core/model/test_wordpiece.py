"""A checkpoint's tokenizer: what AutoTokenizer makes of its files, or refused by name."""

import contextlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoTokenizer

from bert_core.errors import BrokenModelError, ModelError, ModelTooLargeError, UnsupportedModelError
from bert_core.model.wordpiece import WordPiece, load_wordpiece
from tests.kit.tiny import WORDS, save_tiny, tiny_vocabulary

BOM = "\ufeff"
TEXTS = 2_000
STRANGE = "Cat PARIS Café naïve ÉÉ é e\u0301 ﬁn İstanbul straße 中文 한국 กำ हिन्दी 😀 👩\u200d👧"
MARKED = "don't x-y 3.14 #tag @you C++ COVID-19 [ENT] new_token _ ## ##s"
BITS = [
    *WORDS.split(),
    *STRANGE.split(),
    *MARKED.split(),
    *("\u200b", "\u00ad", "\ufe0f", "\u3000"),
    *("x" * 101, "\t", "\n", "\x00", "\x7f", "\u202e", "�", " ", "  ", "", "[mask]", "[ENT", "]"),
]

Folder = Callable[[Path], None]


def texts() -> list[str]:
    """Words, marks and oddities in any order, with and without blanks between them."""
    choose = random.Random(13)
    return [
        choose.choice(["", " "]).join(choose.choices(BITS, k=choose.randint(0, 12)))
        for _ in range(TEXTS)
    ]


def say(folder: Path, name: str, **said: Any) -> None:
    path = folder / name
    before = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps({**before, **said}))


def only_vocabulary(folder: Path) -> None:
    """As the first checkpoints were: a list of pieces, and no more."""
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer_config.json").unlink(missing_ok=True)
    (folder / "vocab.txt").write_text("\n".join(tiny_vocabulary()) + "\n")


def with_windows_lines(folder: Path) -> None:
    only_vocabulary(folder)
    (folder / "vocab.txt").write_bytes("\r\n".join(tiny_vocabulary()).encode())


def other_mask(folder: Path) -> None:
    only_vocabulary(folder)
    lines = [{"[MASK]": "<mask>"}.get(piece, piece) for piece in tiny_vocabulary()]
    (folder / "vocab.txt").write_text("\n".join(lines))
    say(folder, "special_tokens_map.json", mask_token="<mask>")


def added_beside_vocabulary(folder: Path) -> None:
    only_vocabulary(folder)
    count = len(tiny_vocabulary())
    say(folder, "added_tokens.json", **{"[ENT]": count, "COVID-19": count + 1})


def added_in_configuration(folder: Path) -> None:
    only_vocabulary(folder)
    flags = {"lstrip": False, "rstrip": False, "single_word": False, "normalized": False}
    token = {"content": "[ENT]", "special": True, **flags}
    number = str(len(tiny_vocabulary()))
    say(folder, "tokenizer_config.json", added_tokens_decoder={number: token})


def added_in_tokenizer(folder: Path) -> None:
    found = Tokenizer.from_file(str(folder / "tokenizer.json"))
    found.add_tokens(["C++", "new_token"])
    found.save(str(folder / "tokenizer.json"))


WAYS: dict[str, Folder] = {
    "as saved": lambda folder: None,
    "vocabulary alone": only_vocabulary,
    "windows lines": with_windows_lines,
    "cased": lambda folder: say(folder, "tokenizer_config.json", do_lower_case=False),
    "accents kept": lambda folder: say(folder, "tokenizer_config.json", strip_accents=False),
    "cased, without accents": lambda folder: say(
        folder, "tokenizer_config.json", do_lower_case=False, strip_accents=True
    ),
    "chinese words": lambda folder: say(
        folder, "tokenizer_config.json", tokenize_chinese_chars=False
    ),
    "another name of the mask": other_mask,
    "added_tokens.json": added_beside_vocabulary,
    "added_tokens_decoder": added_in_configuration,
    "added in tokenizer.json": added_in_tokenizer,
    "fast class": lambda folder: say(
        folder, "tokenizer_config.json", tokenizer_class="BertTokenizerFast"
    ),
    "plain class": lambda folder: say(
        folder, "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast"
    ),
    "a relative": lambda folder: say(
        folder, "tokenizer_config.json", tokenizer_class="ElectraTokenizer"
    ),
    "no class": lambda folder: (folder / "tokenizer_config.json").unlink(),
}


@pytest.mark.parametrize("way", WAYS)
def test_pieces_ids_and_offsets_are_those_of_auto_tokenizer(tmp_path: Path, way: str) -> None:
    WAYS[way](save_tiny(tmp_path))
    ours, theirs = load_wordpiece(tmp_path), AutoTokenizer.from_pretrained(tmp_path)
    for text in texts():
        found = ours.split(text)
        asked = theirs(text, add_special_tokens=False, return_offsets_mapping=True)
        assert found.ids == asked["input_ids"], text
        assert found.offsets == asked["offset_mapping"], text
        assert found.tokens == theirs.convert_ids_to_tokens(asked["input_ids"]), text
    names = {name: getattr(theirs, f"{name}_token_id") for name in ours.special_ids}
    assert ours.special_ids == names


def marked(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.write_text(BOM + path.read_text())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: marked(folder, "tokenizer_config.json", "tokenizer.json"),
        lambda folder: (other_mask(folder), marked(folder, "vocab.txt", "special_tokens_map.json")),
    ],
)
def test_a_byte_order_mark_changes_nothing(tmp_path: Path, spoil: Folder) -> None:
    plain, marked_one = tmp_path / "plain", tmp_path / "marked"
    spoil(save_tiny(marked_one))
    save_tiny(plain)
    found: list[WordPiece] = [load_wordpiece(folder) for folder in (plain, marked_one)]
    for text in texts()[:200]:
        assert found[0].split(text).ids == found[1].split(text).ids
    assert found[0].special_ids == found[1].special_ids


# Refused


def other_model(kind: Any) -> Folder:
    def write(folder: Path) -> None:
        made = Tokenizer(kind)
        made.pre_tokenizer = pre_tokenizers.Whitespace()
        made.save(str(folder / "tokenizer.json"))

    return write


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (other_model(models.WordLevel(tiny_vocabulary(), "[UNK]")), "WordLevel"),
        (other_model(models.BPE(tiny_vocabulary(), [])), "BPE"),
        (
            lambda folder: say(
                folder, "tokenizer_config.json", tokenizer_class="BertJapaneseTokenizer"
            ),
            "BertJapaneseTokenizer",
        ),
    ],
)
def test_what_is_no_word_piece_is_refused_by_name(tmp_path: Path, spoil: Folder, said: str) -> None:
    spoil(save_tiny(tmp_path))
    with pytest.raises(ModelError, match=said):
        load_wordpiece(tmp_path)


def test_a_special_token_that_no_file_has_is_missed(tmp_path: Path) -> None:
    only_vocabulary(save_tiny(tmp_path))
    lines = [piece for piece in tiny_vocabulary() if piece != "[MASK]"]
    (tmp_path / "vocab.txt").write_text("\n".join(lines))
    with pytest.raises(BrokenModelError, match=r"no \[MASK\]"):
        load_wordpiece(tmp_path)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    only_vocabulary(save_tiny(tmp_path))
    (tmp_path / "vocab.txt").unlink()
    (tmp_path / "vocab.txt").mkdir()
    with pytest.raises(BrokenModelError, match=r"vocab\.txt .* not a regular file"):
        load_wordpiece(tmp_path)


def test_a_file_without_end_is_refused_by_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_vocabulary(save_tiny(tmp_path))
    with (tmp_path / "vocab.txt").open("wb") as file:
        file.truncate(70 * 2**20)
    with pytest.raises(ModelTooLargeError, match="larger than 64 MB"):
        load_wordpiece(tmp_path)


def test_no_code_of_a_checkpoint_is_run(tmp_path: Path) -> None:
    save_tiny(tmp_path)
    (tmp_path / "evil.py").write_text("raise SystemExit('code of the checkpoint was run')")
    say(
        tmp_path,
        "tokenizer_config.json",
        auto_map={"AutoTokenizer": ["evil.Tokenizer", "evil.Tokenizer"]},
        tokenizer_class="EvilTokenizer",
    )
    with contextlib.suppress(BrokenModelError, UnsupportedModelError):  # not SystemExit
        load_wordpiece(tmp_path)
