"""Measuring a BERT: its questions come from the text, its figures are those of slow loops."""

import csv
import io
import json
import math
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from transformers import BertForMaskedLM, BertModel, BertTokenizer

from bert_core.command_line import evaluate as evaluate_command
from bert_core.command_line.evaluate import EvaluationRecord, as_record, draw_table
from bert_core.command_line.main import main
from bert_core.errors import InputError
from bert_core.evaluation import questions as evaluation_questions
from bert_core.evaluation.evaluate import Evaluation, evaluate, hide_words
from bert_core.evaluation.questions import (
    FEWEST_DOCUMENTS,
    WORD,
    WORDS,
    Passage,
    Questions,
    draw_questions,
    is_hidden,
    read_text,
)
from bert_core.intervals import Estimate
from bert_core.masked_words.head import masked_word_logits
from bert_core.model.bert import Bert, wrap_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode, with_masks
from bert_core.model.wordpiece import wordpiece_from_spec
from bert_core.next_sentence.score import score_next_sentence
from bert_core.pretraining.documents import Document
from bert_core.pretraining.masks import RATE
from tests.kit.tiny import (
    WORDS as KNOWN,
)
from tests.kit.tiny import (
    save_tiny,
    tiny_bert,
    tiny_config,
    tiny_model,
    tiny_vocabulary,
)

MEASURES = ("top_1", "top_5", "perplexity", "error", "error_by_chance")
PAIRS = ("next_other", "next_elsewhere")
CLOSE: dict[str, Any] = {"rel": 1e-4, "abs": 1e-6}


def made_documents(count: int = 24, longest: int = 60, seed: int = 3) -> list[Document]:
    """Documents of two to `longest` sentences; the number in each sentence is found only there."""
    rng = random.Random(seed)
    documents = []
    for number in range(count):
        sentences = [
            f"{' '.join(rng.choices(KNOWN.split(), k=rng.randint(3, 14))).capitalize()} "
            f"{number}x{at}."
            for at in range(rng.randint(2, longest))
        ]
        half = len(sentences) // 2
        paragraphs = (" ".join(sentences[:half]), " ".join(sentences[half:]))
        documents.append(Document("made.txt", number, tuple(filter(None, paragraphs))))
    return documents


def write_documents(path: Path, documents: Sequence[Document]) -> Path:
    path.write_text("\n\n".join("\n".join(one.paragraphs) for one in documents), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def documents() -> list[Document]:
    return made_documents()


@pytest.fixture(scope="module")
def questions(documents: list[Document]) -> Questions:
    return draw_questions(documents, masks=300, pairs=25, seed=5)


@pytest.fixture(scope="module")
def found(questions: Questions) -> Evaluation:
    return evaluate(tiny_bert(), questions)


def words(text: str) -> list[str]:
    return WORD.findall(text)


# What is asked


def test_b_follows_a_and_others_are_from_where_they_should_be() -> None:
    documents = made_documents(longest=24)
    texts = [words(" ".join(one.sentences)) for one in documents]
    drawn = draw_questions(documents, masks=0, pairs=60)
    apart = 0
    for one in drawn.pairs:
        own = texts[one.document]
        together = words(one.first) + words(one.following)
        assert 2 <= len(together) <= WORDS
        at = place_of(together, own)
        assert at is not None
        others = [text for number, text in enumerate(texts) if number != one.document]
        assert any(place_of(words(one.other), text) is not None for text in others)
        assert len(words(one.other)) == len(words(one.following))
        if one.elsewhere is not None:
            apart += 1
            there = place_of(words(one.elsewhere), own)
            assert there is not None
            size = len(words(one.elsewhere))
            assert size == len(words(one.following))
            assert there + size <= at or there >= at + len(together)
    assert 10 < apart < len(drawn.pairs)


def place_of(part: list[str], whole: list[str]) -> int | None:
    """Where a row of words begins in another; every sentence made here has a number of its own."""
    size = len(part)
    return next((at for at in range(len(whole)) if whole[at : at + size] == part), None)


def test_no_sentence_is_in_two_passages_and_few_in_none(documents: list[Document]) -> None:
    """What is cut off a full passage is in none, nor is a lone last sentence."""
    drawn = draw_questions(documents, pairs=10_000)
    numbers = [
        word
        for one in drawn.pairs
        for word in words(f"{one.first} {one.following}")
        if "x" in word and word[0].isdigit()
    ]
    assert len(numbers) == len(set(numbers))
    sentences = sum(len(one.sentences) for one in documents)
    assert 0.8 * sentences < len(numbers) <= sentences


def test_a_long_first_part_keeps_its_end_and_the_second_its_beginning() -> None:
    long = [" ".join(f"w{number}n{at}" for at in range(300)) + "." for number in range(2)]
    documents = [Document("x", at, (f"{long[0]} W{long[1][1:]}",)) for at in range(12)]
    one = draw_questions(documents, pairs=1).pairs[0]
    assert words(one.first) == [*(f"w0n{at}" for at in range(248, 300)), "."]
    assert words(one.following) == ["W1n0", *(f"w1n{at}" for at in range(1, 52))]
    assert one.elsewhere is None


def test_the_seed_draws_and_more_are_the_same_and_some(documents: list[Document]) -> None:
    few, many = (draw_questions(documents, masks=n, pairs=n, seed=1) for n in (20, 60))
    assert few == draw_questions(documents, masks=20, pairs=20, seed=1)
    assert many.pairs[:20] == few.pairs
    assert many.masked[: len(few.masked)] == few.masked
    assert few.pairs != draw_questions(documents, masks=20, pairs=20, seed=2).pairs
    assert {one.joined for one in many.pairs} == {True, False}


def test_about_as_many_words_are_hidden_as_were_asked_for(documents: list[Document]) -> None:
    asked = draw_questions(documents, masks=200, pairs=0)
    expected = [RATE * len(words(f"{one.first} {one.following}")) for one in asked.masked]
    assert sum(expected[:-1]) < 200 <= sum(expected) + RATE
    assert asked.pairs == ()
    places = np.arange(20_000)
    share = is_hidden(0, 0, np.zeros_like(places), places).mean()
    assert share == pytest.approx(RATE, abs=4 * math.sqrt(RATE * (1 - RATE) / len(places)))


def test_models_of_one_vocabulary_get_the_same_masks(questions: Questions) -> None:
    one, other = (list(hide_words(tiny_bert(seed), questions)) for seed in (0, 1))
    assert one == other
    assert len(one) > 10
    alone = list(hide_words(tiny_bert(), questions, alone=True))
    assert [at for *_, places in alone for at in places] == [at for *_, ats in one for at in ats]
    for _, encoding, places in one + alone:
        assert encoding.masked == places


def test_another_vocabulary_is_asked_wherever_both_begin_a_piece(questions: Questions) -> None:
    left_out = {"bank", "river", "the", "play", "walk"}
    vocabulary = [piece for piece in tiny_vocabulary() if piece not in left_out]
    tokenizer = BertTokenizer(vocab={piece: at for at, piece in enumerate(vocabulary)})
    wordpiece = wordpiece_from_spec(json.loads(tokenizer.backend_tokenizer.to_str()))
    other = wrap_bert("other", tiny_model(vocab_size=len(vocabulary)), wordpiece)
    begins, hidden = [], []
    for bert in (tiny_bert(), other):
        encodings = [encode(bert, *one.shown) for one in questions.masked]
        begins.append([starts(one, range(len(one))) for one in encodings])
        by_text = {
            (one.text, one.pair): starts(one, at) for _, one, at in hide_words(bert, questions)
        }
        hidden.append([by_text.get((one.text, one.pair), set()) for one in encodings])
    both = [one & two for one, two in zip(*begins, strict=True)]
    assert [one & common for one, common in zip(hidden[0], both, strict=True)] == [
        one & common for one, common in zip(hidden[1], both, strict=True)
    ]
    assert sum(map(len, hidden[1])) > sum(map(len, hidden[0])) > 100


def starts(encoding: Any, places: Any) -> set[tuple[int, int]]:
    """Part and code point at which the pieces at these places begin."""
    return {
        (encoding.sequences[at], encoding.offsets[at][0])
        for at in places
        if encoding.sequences[at] is not None
    }


# The figures


def slow_guesses(bert: Bert, questions: Questions, alone: bool) -> list[dict[str, Any]]:
    """Every mask by a run of its own input: what was sure, right, found, and how surprising."""
    guesses = []
    for number, passage in enumerate(questions.masked):
        encoding = encode(
            bert, passage.first, passage.following if passage.joined else passage.other
        )
        hidden = [
            at
            for at, part in enumerate(encoding.sequences)
            if part is not None
            and encoding.tokens[at] not in ("[UNK]", "[MASK]")
            and is_hidden(5, number, np.array([part]), np.array([encoding.offsets[at][0]]))[0]
        ]
        for at in hidden:
            run = run_bert(bert, with_masks(bert, encoding, [at] if alone else hidden), ())
            logits = masked_word_logits(bert, run.last_hidden_state[[at]])[0].double().numpy()
            shares = np.exp(logits - logits.max())
            shares /= shares.sum()
            own = encoding.original_ids[at]
            guesses.append(
                {
                    "document": passage.document,
                    "sure": shares.max(),
                    "right": int(shares.argmax()) == own,
                    "rank": 1 + sum(share > shares[own] for share in shares),
                    "nats": -math.log(shares[own]),
                }
            )
    return guesses


@pytest.mark.parametrize("alone", [False, True])
def test_the_figures_of_words_are_those_of_a_slow_loop(
    documents: list[Document], alone: bool
) -> None:
    bert = tiny_bert()
    questions = draw_questions(documents, masks=150, pairs=0, seed=5)
    found = evaluate(bert, questions, alone=alone)
    slow = slow_guesses(bert, questions, alone)
    count = len(slow)
    bins: dict[int, float] = {}
    for one in slow:
        place = min(9, math.ceil(10 * one["sure"]) - 1)
        bins[place] = bins.get(place, 0.0) + one["right"] - one["sure"]
    assert (found.masks, found.masking) == (count, "alone" if alone else "together")
    expected = {
        "top_1": sum(one["right"] for one in slow) / count,
        "top_5": sum(one["rank"] <= 5 for one in slow) / count,
        "perplexity": math.exp(sum(one["nats"] for one in slow) / count),
        "error": sum(map(abs, bins.values())) / count,
    }
    for name, value in expected.items():
        assert getattr(found, name).value == pytest.approx(value, **CLOSE), name
    assert 0 < expected["top_1"] < expected["top_5"] < 1
    assert (found.pairs, found.next_other, found.pairs_elsewhere) == (0, None, 0)


def test_the_figures_of_pairs_are_those_of_a_slow_loop(
    questions: Questions, found: Evaluation
) -> None:
    bert = tiny_bert()

    def says_next(passage: Passage, b: str) -> bool:
        score = score_next_sentence(bert, run_bert(bert, encode(bert, passage.first, b), ()))
        return score.is_next > score.not_next

    other, apart = [], []
    for one in questions.pairs:
        follows = says_next(one, one.following)
        other.append((one.document, follows + (not says_next(one, one.other))))
        if one.elsewhere is not None:
            apart.append((one.document, follows + (not says_next(one, one.elsewhere))))
    assert found.pairs == len(other) == 25
    assert found.pairs_elsewhere == len(apart)
    for estimate, answers in ((found.next_other, other), (found.next_elsewhere, apart)):
        assert estimate is not None
        right = sum(rights for _, rights in answers)
        assert estimate.value == pytest.approx(right / (2 * len(answers)))
        low, high = slow_interval(answers, seed=5)
        assert (estimate.low, estimate.high) == pytest.approx((low, high))
        assert low < estimate.value < high


def slow_interval(answers: list[tuple[int, int]], seed: int) -> tuple[float, float]:
    """Documents drawn again, with all their pairs."""
    documents = sorted({document for document, _ in answers})
    rights = [[two for one, two in answers if one == document] for document in documents]
    shares = []
    for drawn in np.random.default_rng(seed).integers(len(rights), size=(2000, len(rights))):
        again = [right for document in drawn for right in rights[document]]
        shares.append(sum(again) / (2 * len(again)))
    low, high = np.percentile(shares, (2.5, 97.5))
    return float(low), float(high)


def test_every_figure_lies_in_its_interval(found: Evaluation) -> None:
    for name in ("top_1", "top_5", "perplexity", *PAIRS):
        estimate = getattr(found, name)
        assert estimate.low < estimate.value < estimate.high, name
    assert found.error is not None
    assert found.error_by_chance is not None
    assert 0 < found.error_by_chance.low < found.error_by_chance.high < found.error.high <= 1


def test_the_same_questions_give_the_same_figures(questions: Questions, found: Evaluation) -> None:
    assert evaluate(tiny_bert(), questions) == found
    other = evaluate(tiny_bert(1), questions)
    assert (other.masks, other.pairs) == (found.masks, found.pairs)
    assert other.perplexity != found.perplexity


def test_progress_comes_to_its_end(questions: Questions) -> None:
    told: list[tuple[str, int, int]] = []
    evaluation = evaluate(tiny_bert(), questions, progress=lambda *one: told.append(one))
    masks = [one for one in told if one[0] == "masks"]
    pairs = [one for one in told if one[0] == "pairs"]
    assert masks[-1] == ("masks", evaluation.masks, evaluation.masks)
    assert pairs == [("pairs", at, 25) for at in range(1, 26)]
    assert [done for _, done, _ in masks] == sorted({done for _, done, _ in masks})


def test_what_a_model_cannot_read_to_its_end_is_said(documents: list[Document]) -> None:
    questions = draw_questions(documents, masks=100, pairs=2)
    found = evaluate(tiny_bert(max_position_embeddings=48), questions)
    whole = evaluate(tiny_bert(), questions)
    assert found.masks < whole.masks
    assert whole.notes == ()
    assert "“tiny” reads 48 tokens at most" in found.notes[0]


# The command


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in this process."""

    def run(*arguments: str | Path) -> Said:
        code = main(["evaluate", *map(str, arguments), "--device", "cpu"])
        return Said(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, documents: list[Document]) -> Path:
    """A text, and three models: with both heads, with one, and with none."""
    folder = tmp_path_factory.mktemp("evaluation")
    write_documents(folder / "text.txt", documents)
    save_tiny(folder / "both")
    for name, kind in (("words", BertForMaskedLM), ("bare", BertModel)):
        save_tiny(folder / name, kind._from_config(tiny_config(), attn_implementation="eager"))
    return folder


FEW = ("--masks", "60", "--pairs", "8", "--seed", "5")


def test_csv_and_json_lines_read_back_as_the_library_says(place: Path, command: Command) -> None:
    models = [place / "both", place / "words"]
    arguments = (*models, "--text", place / "text.txt", *FEW)
    drawn = draw_questions(read_text(place / "text.txt"), masks=60, pairs=8, seed=5)
    expected = as_record(evaluate(tiny_bert(), drawn))._asdict()
    lines = [json.loads(line) for line in command(*arguments, "--format", "jsonl").out.splitlines()]
    rows = list(csv.DictReader(io.StringIO(command(*arguments, "--format", "csv").out)))
    assert [one["model"] for one in lines] == list(map(str, models))
    assert {**lines[0], "model": "tiny"} == pytest.approx(expected)
    for row, line in zip(rows, lines, strict=True):
        assert list(row) == list(line) == list(EvaluationRecord._fields)
        assert row == {key: "" if one is None else str(one) for key, one in line.items()}
    assert lines[1]["next_other"] is lines[1]["next_elsewhere_high"] is None


def test_the_table_has_a_column_for_each_model(place: Path, command: Command) -> None:
    models = [str(place / name) for name in ("both", "words", "bare")]
    said = command(*models, "--text", place / "text.txt", *FEW)
    again = command(*models, "--text", place / "text.txt", *FEW)
    assert said == again
    rows = [line.split("  ") for line in said.out.splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells[0] == models
    named = {row[0]: row[1:] for row in cells[1:]}
    assert named["masked words (15 % together)"][2] == "0"
    assert [row[3] for row in cells[2:7]] == ["-"] * 5
    assert named["documents to draw from"] == ["24"] * 3
    rights = [row[1:] for row in cells if row[0] == "right"]
    assert all(row[0].endswith("]") and row[1:] == ["-", "-"] for row in rights)
    assert said.code == 0
    for sentence in (
        "words” has no next-sentence head: it was not asked for pairs.",
        "bare” has no masked-word head: it was not asked for words.",
        "bare” has no next-sentence head",
    ):
        assert sentence in said.err


def test_a_cell_reads_as_the_card_does() -> None:
    share = Estimate(0.3894, 0.3841, 0.3948)
    one = Evaluation(
        *("m", 0, 12, "together", 44_499, share, share, Estimate(32.91, 31.8, 34.12)),
        *(share, share, 2400, None, 0, None),
    )
    table = draw_table([one])
    assert "  right at the first guess" in table
    assert "38.9\N{NO-BREAK SPACE}% [38.4, 39.5]\n" in table
    assert "32.91 [31.8, 34.12]\n" in table
    assert "44,499\n" in table
    assert table.splitlines()[8].split()[-2:] == ["right", "-"]


def test_models_of_different_vocabularies_come_with_a_warning(
    place: Path, tmp_path: Path, command: Command
) -> None:
    save_tiny(tmp_path, tiny_model(vocab_size=len(tiny_vocabulary()) - 1))
    vocabulary = {piece: at for piece, at in tiny_vocabulary().items() if piece != "##é"}
    BertTokenizer(vocab=vocabulary).save_pretrained(tmp_path)
    said = command(place / "both", tmp_path, "--text", place / "text.txt", *FEW)
    assert said.err.strip() == evaluate_command.DIFFERENT


def test_only_documents_that_a_list_names_are_asked(
    place: Path, tmp_path: Path, command: Command, documents: list[Document]
) -> None:
    named = documents[::2]
    listed = tmp_path / "held_out.json"
    listed.write_text(json.dumps([{"begins": one.beginning} for one in named]))
    folder = tmp_path / "texts"
    folder.mkdir()
    write_documents(folder / "one.txt", documents[:9])
    write_documents(folder / "two.txt", documents[9:])
    found = list(read_text(folder, listed))
    assert [one.beginning for one in found] == [one.beginning for one in named]
    said = command(
        *(place / "both", "--text", folder, "--held-out", listed, "--format", "jsonl", *FEW)
    )
    assert json.loads(said.out)["documents"] == len(named)


def test_of_documents_that_begin_alike_only_the_one_at_its_place_is_meant(tmp_path: Path) -> None:
    """Sections of a textbook may begin alike, and a model has learnt from the others."""
    alike = "You should be able to do this now."
    (tmp_path / "book.txt").write_text(f"{alike} One.\n\n{alike} Two.\n\nAnother one. Three.")
    begins = "You should be able to do this now."
    listed = tmp_path / "held_out.json"
    for entry, expected in (
        ({"file": "book.txt", "first_line": 3, "begins": begins}, ["Two."]),
        ({"begins": begins}, ["One.", "Two."]),
        ({"file": "book.txt", "first_line": 9, "begins": "Another one. Three."}, ["Three."]),
    ):
        listed.write_text(json.dumps([entry]))
        found = read_text(tmp_path / "book.txt", listed)
        assert [one.sentences[-1] for one in found] == expected


def test_results_go_to_a_file_but_not_over_the_text(
    place: Path, tmp_path: Path, command: Command
) -> None:
    arguments = (place / "both", "--text", place / "text.txt", *FEW, "--output")
    assert command(*arguments, tmp_path / "table.txt") == (0, "", "")
    assert "pseudo-perplexity" in (tmp_path / "table.txt").read_text(encoding="utf-8")
    said = command(*arguments, place / "text.txt")
    assert said.code == 2
    assert "is what is read" in said.err


def test_what_is_measured_is_written_though_a_later_model_fails(
    place: Path, tmp_path: Path, command: Command
) -> None:
    broken = save_tiny(tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"cut off")
    said = command(place / "both", broken, "--text", place / "text.txt", *FEW)
    assert said.code == 2
    assert "cut off or damaged" in said.err
    assert said.out.splitlines()[0].split() == [str(place / "both")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b" \n\n\t\n", "is empty"),
        (b"\x89PNG\0\0\0", "is not text"),
        ("Das ist schön. Und groß.".encode("latin-1"), "is not in UTF-8"),
        (b"One. Two.\n\n" * (FEWEST_DOCUMENTS - 1), "has 9 documents of two sentences or more"),
        (b"Only one sentence.\n\n" * 40, "has 0 documents"),
    ],
)
def test_bad_text_is_one_sentence(
    place: Path, tmp_path: Path, command: Command, content: bytes, sentence: str
) -> None:
    (tmp_path / "bad.txt").write_bytes(content)
    for text in (tmp_path / "bad.txt", tmp_path):
        said = command(place / "both", "--text", text)
        assert (said.code, said.out) == (2, "")
        assert sentence in said.err
        assert said.err.count("\n") == 1


def test_other_bad_input_is_one_sentence(place: Path, tmp_path: Path, command: Command) -> None:
    listed = tmp_path / "held_out.json"
    listed.write_text('[{"begins": "nothing of this"}]')
    text = ("--text", place / "text.txt")
    for arguments, sentence in (
        ((place / "both", "--text", tmp_path / "none"), "There is no file or folder"),
        ((place / "both", *text, "--held-out", listed), "No document that"),
        ((place / "both", *text, "--held-out", place / "text.txt"), "cannot be read as a list"),
        ((place / "both", *text, "--masks", "0", "--pairs", "0"), "Ask for masks, for pairs"),
        ((place / "both", place / "none", *text), "holds no model|There is no folder"),
    ):
        said = command(*arguments)
        assert (said.code, said.out) == (2, ""), sentence
        assert any(part in said.err for part in sentence.split("|")), said.err
        assert said.err.count("\n") == 1
    with pytest.raises(InputError, match="below 0"):
        draw_questions([], masks=-1)


def test_the_parsers_numbers_are_the_librarys() -> None:
    assert evaluate_command.MASKS == evaluation_questions.MASKS
    assert evaluate_command.PAIRS == evaluation_questions.PAIRS


@pytest.mark.parametrize("number", ["-1", "many", "1.5", "9999999999"])
def test_numbers_that_are_none_are_refused(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate", "embedded", "--text", "x", "--masks", number])
    assert "not a whole number" in capsys.readouterr().err
