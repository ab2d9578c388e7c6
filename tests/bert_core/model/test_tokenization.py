"""`encode`: the same pieces as transformers' tokenizer, and labels that always fit."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import BertTokenizer

from bert_core.errors import BrokenModelError, InputError
from bert_core.model.bert import Bert
from bert_core.model.checkpoints import EMBEDDED_FOLDER
from bert_core.model.tokenization import (
    MAX_CHARACTERS,
    Encoding,
    encode,
    with_ids,
    with_masks,
)
from bert_core.model.wordpiece import WordPiece, load_wordpiece, wordpiece_from_spec
from tests.kit.texts import any_text, ordinary_text
from tests.kit.tiny import save_tiny, tiny_tokenizer, tiny_vocabulary, tiny_wordpiece


@dataclass(frozen=True)
class Stub:
    """What `encode` needs of a model."""

    wordpiece: WordPiece
    max_tokens: int = 512
    segment_count: int = 2


EMBEDDED = Stub(load_wordpiece(EMBEDDED_FOLDER))
TINY = Stub(tiny_wordpiece())
OTHERS = {
    "embedded": (EMBEDDED, BertTokenizer.from_pretrained(EMBEDDED_FOLDER)),
    "tiny": (TINY, tiny_tokenizer()),
}


# The same as transformers


@pytest.mark.parametrize("which", OTHERS)
@given(text=ordinary_text, pair=st.none() | ordinary_text)
def test_pieces_equal_those_of_transformers(which: str, text: str, pair: str | None) -> None:
    stub, tokenizer = OTHERS[which]
    if pair is not None and not pair.strip():
        pair = None
    ours = encode(stub, text, pair)
    theirs = tokenizer(text, pair, return_offsets_mapping=True)
    assert list(ours.ids) == theirs["input_ids"]
    assert list(ours.tokens) == tokenizer.convert_ids_to_tokens(theirs["input_ids"])
    assert list(ours.segments) == theirs["token_type_ids"]
    assert list(ours.word_ids) == theirs.word_ids()
    assert list(ours.sequences) == theirs.sequence_ids()
    assert list(ours.offsets) == [tuple(span) for span in theirs["offset_mapping"]]


def test_a_typed_mask_is_the_mask_as_in_transformers() -> None:
    text = "The capital of France is [MASK]."
    ours = encode(EMBEDDED, text)
    assert list(ours.ids) == OTHERS["embedded"][1](text)["input_ids"]
    assert [ours.tokens[at] for at in ours.masked] == ["[MASK]"]


# Cutting


def cut_one_at_a_time(first: list[int], second: list[int], budget: int) -> None:
    """`_truncate_seq_pair` of the reference code (google-research/bert), word for word."""
    while len(first) + len(second) > budget:
        longer = first if len(first) > len(second) else second
        longer.pop()


@given(a=st.integers(0, 30), b=st.integers(1, 30), limit=st.integers(5, 40))
def test_a_pair_is_cut_one_at_a_time_off_the_longer(a: int, b: int, limit: int) -> None:
    ours = encode(Stub(TINY.wordpiece, limit), " ".join("a" * a), " ".join("b" * b))
    first, second = [0] * a, [1] * b
    cut_one_at_a_time(first, second, limit - 3)
    assert [s for s in ours.sequences if s is not None] == first + second
    assert ours.cut_at == (
        None if len(first) == a else 2 * len(first),
        None if len(second) == b else 2 * len(second),
    )


@pytest.mark.parametrize("which", OTHERS)
def test_a_long_text_is_cut_as_in_transformers(which: str) -> None:
    stub, tokenizer = OTHERS[which]
    text = "the cat sat on the mat " * 200
    ours = encode(stub, text)
    assert list(ours.ids) == tokenizer(text, truncation=True, max_length=512)["input_ids"]
    assert ours.cut_at[0] is not None
    assert text[ours.cut_at[0] :].startswith(("the", "cat", "sat", "on", "mat"))
    assert encode(stub, text[: ours.cut_at[0]]).ids == ours.ids


def test_what_was_read_and_what_was_cut_make_the_whole() -> None:
    ours = encode(Stub(TINY.wordpiece, 8), "the cat sat on the mat and ran", "the dog ran")
    assert len(ours) == 8
    assert (ours.text[: ours.cut_at[0]], ours.text[ours.cut_at[0] :]) == (
        "the cat sat ",
        "on the mat and ran",
    )
    assert ours.cut_at[1] == len("the dog ")


def test_a_book_is_read_only_so_far() -> None:
    spaces = " " * (MAX_CHARACTERS + 5)
    assert encode(TINY, spaces + "a").cut_at == (MAX_CHARACTERS, None)
    assert encode(TINY, "a " * MAX_CHARACTERS).cut_at == (1020, None)


# Special tokens


@pytest.mark.parametrize("token", ["[CLS]", "[SEP]", "[PAD]", "[UNK]"])
def test_special_tokens_other_than_the_mask_are_ordinary_text(token: str) -> None:
    ours = encode(EMBEDDED, f"a {token} b")
    name = token.strip("[]").lower()
    inner = [number for number, s in zip(ours.ids, ours.sequences, strict=True) if s is not None]
    assert EMBEDDED.wordpiece.special_ids[name] not in inner
    assert ours.tokens[1:3] == ("a", "[")
    assert ours.masked == ()


def test_a_mask_is_put_at_the_asked_positions_and_nothing_else_changes() -> None:
    plain = encode(EMBEDDED, "The cat sat on the mat.", "It slept.")
    ours = encode(EMBEDDED, "The cat sat on the mat.", "It slept.", masked=[2, 9])
    assert ours.masked == (2, 9)
    assert [at for at in range(len(ours)) if ours.ids[at] != plain.ids[at]] == [2, 9]
    assert ours.original_ids == plain.ids
    assert ours.tokens[2] == "[MASK]"
    assert (ours.offsets, ours.word_ids, ours.text) == (plain.offsets, plain.word_ids, plain.text)
    assert ours.surface(2) == "cat"


@pytest.mark.parametrize("position", [0, 3, 99, -1])
def test_only_tokens_of_the_text_can_be_masked(position: int) -> None:
    with pytest.raises(InputError, match=str(position)):
        encode(EMBEDDED, "the cat", masked=[position])


@pytest.mark.parametrize("text", ["", " ", "\t\n  ", "\u200b"])
def test_nothing_is_read_as_nothing(text: str) -> None:
    ours = encode(EMBEDDED, text, text or None)
    assert ours.tokens[0] == "[CLS]"
    assert ours.tokens[-1] == "[SEP]"
    assert ours.words == ()


def test_a_pair_of_spaces_is_no_pair() -> None:
    assert encode(EMBEDDED, "the cat", "  \n").pair is None


# Labels


def assert_consistent(ours: Encoding, stub: Stub) -> None:
    columns = (ours.original_ids, ours.tokens, ours.segments, ours.sequences)
    for column in (*columns, ours.word_ids, ours.offsets):
        assert len(column) == len(ours)
    assert len(ours) <= stub.max_tokens
    special = [at for at, sequence in enumerate(ours.sequences) if sequence is None]
    assert [ours.tokens[at] for at in special] == ["[CLS]", "[SEP]", "[SEP]"][: len(special)]
    assert all(ours.word_ids[at] is None and ours.offsets[at] == (0, 0) for at in special)
    for at, sequence in enumerate(ours.sequences):
        if sequence is not None:
            source = ours.text if sequence == 0 else ours.pair
            start, end = ours.offsets[at]
            assert source is not None
            assert 0 <= start <= end <= len(source)
            assert ours.segments[at] == sequence
    assert [at for word in ours.words for at in word.positions] == [
        at for at in range(len(ours)) if at not in special
    ]
    for word in ours.words:
        assert all(ours.word_at(at) == word for at in word.positions)


@pytest.mark.parametrize("which", OTHERS)
@given(text=any_text, pair=st.none() | any_text)
def test_labels_fit_for_any_text(which: str, text: str, pair: str | None) -> None:
    stub = OTHERS[which][0]
    ours = encode(stub, text, pair)
    assert_consistent(ours, stub)
    ours.text.encode()  # no lone surrogate is left
    assert len(ours.text) == len(text)


@given(text=any_text, pair=any_text, limit=st.integers(6, 20))
def test_labels_fit_where_the_text_is_cut(text: str, pair: str, limit: int) -> None:
    stub = Stub(TINY.wordpiece, limit)
    assert_consistent(encode(stub, text, pair), stub)


@given(text=any_text)
def test_pieces_of_a_word_follow_each_other_in_the_text(text: str) -> None:
    ours = encode(EMBEDDED, text)
    starts = [ours.offsets[at][0] for word in ours.words for at in word.positions]
    assert starts == sorted(starts)


def test_words_are_as_typed() -> None:
    ours = encode(EMBEDDED, "Unbelievably, HÉLLO 中文")
    assert [word.surface for word in ours.words] == ["Unbelievably", ",", "HÉLLO", "中", "文"]


def test_one_word_of_ten_thousand_letters_is_unknown() -> None:
    ours = encode(EMBEDDED, "x" * 10_000)
    assert ours.tokens == ("[CLS]", "[UNK]", "[SEP]")
    assert len(ours.words[0].surface) == 10_000


def test_a_model_with_one_segment_gets_one() -> None:
    ours = encode(Stub(TINY.wordpiece, segment_count=1), "the cat", "the dog")
    assert set(ours.segments) == {0}
    assert set(ours.sequences) == {0, 1, None}


# Threads and files


def test_threads_share_a_tokenizer(tiny: Bert) -> None:
    texts = [f"the cat {'sat ' * n}" for n in range(40)]
    alone = [encode(tiny, text) for text in texts]
    together = threading.Barrier(8)

    def work(_: int) -> list[Encoding]:
        together.wait(20)
        return [encode(tiny, text) for text in texts]

    with ThreadPoolExecutor(8) as pool:
        assert all(done == alone for done in pool.map(work, range(8)))


def test_stored_truncation_and_padding_are_not_used() -> None:
    backend = tiny_tokenizer().backend_tokenizer
    backend.enable_truncation(4)
    backend.enable_padding(length=50)
    wordpiece = wordpiece_from_spec(json.loads(backend.to_str()))
    assert len(wordpiece.split("a b c d e f")) == 6


def test_vocab_txt_alone_makes_the_same_tokenizer(tmp_path: Path) -> None:
    whole = load_wordpiece(save_tiny(tmp_path))
    (tmp_path / "tokenizer.json").unlink()
    (tmp_path / "vocab.txt").write_text("\n".join(tiny_vocabulary()) + "\n", encoding="utf-8")
    alone = load_wordpiece(tmp_path)
    text = "The CAT's walking [MASK] é 中 [SEP]"
    assert alone.vocabulary == whole.vocabulary
    assert alone.split(text).ids == whole.split(text).ids


def test_case_is_kept_where_the_configuration_says_so(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("\n".join(tiny_vocabulary()), encoding="utf-8")
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    assert encode(Stub(load_wordpiece(tmp_path)), "The the").tokens[1:3] == ("[UNK]", "the")


NOT_A_TOKENIZER = json.dumps({"model": {"type": "WordPiece", "vocab": tiny_vocabulary()}, "x": 1})


@pytest.mark.parametrize(
    "content", [None, "not json", "[]", "{}", '{"model": null}', NOT_A_TOKENIZER]
)
def test_a_folder_without_a_readable_tokenizer_is_refused(
    tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(BrokenModelError):
        load_wordpiece(tmp_path)


def test_a_tokenizer_configuration_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (save_tiny(tmp_path) / "tokenizer_config.json").write_text("{")
    with pytest.raises(BrokenModelError):
        load_wordpiece(tmp_path)


def test_a_vocabulary_without_the_special_tokens_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("hello\nworld\n[UNK]\n")
    with pytest.raises(BrokenModelError):
        load_wordpiece(tmp_path)


# Other ids in the same input


def test_masks_put_in_later_are_those_put_in_at_once(tiny: Bert) -> None:
    whole = encode(tiny, "the cat sat", "the dog sat")
    assert with_masks(tiny, whole, (2, 5)) == encode(
        tiny, "the cat sat", "the dog sat", masked=(2, 5)
    )
    assert with_masks(tiny, with_masks(tiny, whole, (2,)), (5,)) == with_masks(tiny, whole, (5, 2))
    assert with_masks(tiny, whole, ()) == whole


def test_other_ids_leave_the_text_and_its_original_ids(tiny: Bert) -> None:
    whole = encode(tiny, "the cat sat", masked=(2,))
    changed = with_ids(tiny, whole, {2: whole.original_ids[3]})
    assert changed.tokens == ("[CLS]", "the", "sat", "sat", "[SEP]")
    assert changed.masked == ()
    assert (changed.text, changed.original_ids) == (whole.text, whole.original_ids)


@pytest.mark.parametrize("position", [0, 4, -1, 99])
def test_special_tokens_and_places_outside_keep_their_ids(tiny: Bert, position: int) -> None:
    with pytest.raises(InputError, match=f"token {position}"):
        with_masks(tiny, encode(tiny, "the cat sat"), (position,))
