"""The command line: what it writes is what the library says, and nothing stops it halfway."""

import argparse
import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from transformers import BertModel

from bert_core.command_line import lines as commands
from bert_core.command_line import main as command_line
from bert_core.command_line.console import Report
from bert_core.command_line.main import main
from bert_core.command_line.records import RecordWriter
from bert_core.errors import MissingHeadError
from bert_core.masked_words.likelihood import score_sentences
from bert_core.masked_words.minimal_pairs import compare_pairs
from bert_core.masked_words.predict import predict_masked
from bert_core.masked_words.scores import METHODS, rank
from bert_core.masked_words.surprisal import predict_each
from bert_core.model.bert import Bert, load_bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.candidates import score_pairs
from bert_core.texts.lists import LONGEST_LINE, BrokenLine, stream_lines
from tests.kit.tiny import save_tiny, tiny_model

ROOT = Path(__file__).resolve().parents[3]
CLOSE = {"rel": 1e-4, "abs": 1e-5}

MASKED = ["the [MASK] sat on the [MASK] .", "a dog , [MASK]", 'the "cat" [MASK] in paris']
PAIRS = [("the cat sat", "the dog ran , too"), ('a "river"', "money"), ("é 中", "hello world")]
SENTENCES = ["the cat sat on the mat", "cat the on", "money", "playing walks", "a a a a", "[MASK]"]


class Said(NamedTuple):
    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(
    tiny: Bert, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command in this process on the tiny model, with these bytes as standard input."""
    monkeypatch.setattr("bert_core.model.bert.load_bert", lambda *_, **__: tiny)

    def run(*arguments: str, given: str | bytes = b"") -> Said:
        given = given.encode() if isinstance(given, str) else given
        reader = io.BufferedReader(io.BytesIO(given))  # type: ignore[arg-type]
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(reader))
        code = main(arguments)
        return Said(code, *capsys.readouterr())

    return run


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def read_jsonl(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def guesses_of(predictions: Sequence, line: int) -> list[dict[str, Any]]:
    """The records that the library's predictions should become."""
    return [
        {
            "line": line,
            "position": one.position,
            "original": one.original,
            "original_probability": one.original_probability,
            "original_rank": one.original_rank,
            "rank": at + 1,
            "piece": piece,
            "probability": float(one.probabilities[at]),
            "cut": False,
        }
        for one in predictions
        for at, piece in enumerate(one.pieces)
    ]


def assert_same(found: Sequence[dict[str, Any]], expected: Sequence[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert list(one) == list(other)
        for name, value in other.items():
            close = pytest.approx(value, **CLOSE) if isinstance(value, float) else value
            assert one[name] == close, name


# Predict


def test_predict_writes_the_guesses_of_predict_masked(tiny: Bert, command: Command) -> None:
    said = command("predict", "--top", "3", "--format", "jsonl", given="\n".join(MASKED))
    expected = []
    for number, text in enumerate(MASKED, start=1):
        run = run_bert(tiny, encode(tiny, text), ())
        expected += guesses_of(predict_masked(tiny, run, 3), number)
    assert len(expected) == 4 * 3
    assert_same(read_jsonl(said.out), expected)
    assert (said.code, said.err) == (0, "")


def test_predict_each_masks_every_token_in_turn(tiny: Bert, command: Command) -> None:
    said = command("predict", "--each", "--top", "2", "--format", "jsonl", given=MASKED[0])
    found = [one.prediction for one in predict_each(tiny, encode(tiny, MASKED[0]), 2)]
    assert [one.original for one in found[:3]] == ["the", None, "sat"]
    assert_same(read_jsonl(said.out), guesses_of(found, 1))


def test_csv_holds_what_json_lines_hold(command: Command) -> None:
    for arguments, given in (
        (["predict", "--each"], "\n".join(MASKED)),
        (["score"], "\n".join(map("\t".join, PAIRS))),
        (["rank"], "\n".join(SENTENCES)),
        (["rank", "--pairs"], "\n".join(map("\t".join, PAIRS))),
    ):
        rows = read_csv(command(*arguments, given=given).out)
        records = read_jsonl(command(*arguments, "--format", "jsonl", given=given).out)
        assert rows
        for row, record in zip(rows, records, strict=True):
            written = {key: "" if one is None else str(one) for key, one in record.items()}
            assert row == written


def test_a_line_longer_than_the_model_reads_is_marked(command: Command) -> None:
    given = f"[MASK] cat\n[MASK] {'the cat ' * 400}"
    said = command("predict", "--top", "1", "--format", "jsonl", given=given)
    assert [one["cut"] for one in read_jsonl(said.out)] == [False, True]


# Score


@pytest.mark.parametrize("written", ["tabs", "csv", "header"])
def test_score_writes_what_score_pairs_says(tiny: Bert, command: Command, written: str) -> None:
    file = io.StringIO()
    if written == "tabs":
        file.write("\r\n".join(map("\t".join, PAIRS)))
    else:
        rows = [["b", "note", "a"], *([b, "x", a] for a, b in PAIRS)]
        csv.writer(file).writerows(PAIRS if written == "csv" else rows)
    said = command("score", "--format", "jsonl", given=file.getvalue())
    expected = [
        {
            "line": score.index + (2 if written == "header" else 1),
            "a": score.text,
            "b": score.candidate,
            "is_next": score.is_next,
            "is_next_logit": score.is_next_logit,
            "not_next_logit": score.not_next_logit,
            "cut": False,
        }
        for score in score_pairs(tiny, PAIRS)
    ]
    assert_same(read_jsonl(said.out), expected)
    assert "中" in said.out


# Rank


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("by", command_line.MEASURES)
def test_rank_sorts_as_the_library_does(tiny: Bert, command: Command, method: Any, by: Any) -> None:
    scores = list(score_sentences(tiny, SENTENCES, method))
    said = command(
        *("rank", "--method", method, "--by", by, "--format", "jsonl"), given="\n".join(SENTENCES)
    )
    expected = [
        {
            "rank": place,
            "line": at + 1,
            "text": SENTENCES[at],
            "total": scores[at].total,
            "per_token": scores[at].per_token,
            "per_word": scores[at].per_word,
            "tokens": len(scores[at].positions),
            "words": scores[at].words,
            "cut": False,
        }
        for place, at in enumerate(rank(scores, by), start=1)
    ]
    assert expected[-1]["total"] is None
    assert_same(read_jsonl(said.out), expected)


def test_pairs_are_compared_in_their_order_and_counted(tiny: Bert, command: Command) -> None:
    given = "\n".join(["bad,good", *(f'"{bad}","{good}"' for good, bad in [*PAIRS[::2], "ab"])])
    said = command("rank", "--pairs", "--by", "per_word", "--format", "jsonl", given=given)
    pairs = list(compare_pairs(tiny, [*PAIRS[::2], "ab"], measure="per_word"))
    found = read_jsonl(said.out)
    assert [one["difference"] for one in found] == [
        pytest.approx(one.difference, **CLOSE) for one in pairs
    ]
    assert [one["good"] for one in found] == ["the cat sat", "é 中", "a"]
    assert found[0]["good_score"] == pytest.approx(pairs[0].good.per_word, **CLOSE)
    better = sum((one.difference or 0) > 0 for one in pairs)
    assert f"more probable one in {better} of 3 pairs" in said.err


# Input


def test_broken_lines_are_named_and_the_others_go_on(command: Command) -> None:
    given = b"the [MASK]\n\nno mask\ncaf\xe9 [MASK]\n" + b"x" * (LONGEST_LINE + 1) + b"\na [MASK]"
    said = command("predict", "--top", "1", given=given)
    assert said.code == 0
    assert [row["line"] for row in read_csv(said.out)] == ["1", "6"]
    named = said.err.splitlines()
    assert len(named) == 4
    assert sorted(line.split()[1] for line in named[:3]) == ["3", "4", "5"]
    assert "Line 3 has no [MASK] among what the model reads" in said.err
    assert f"Line 5 has {LONGEST_LINE + 1} characters" in said.err
    assert named[3] == "3 of 5 lines have no answer."


def test_no_sentence_is_a_formula_to_a_spreadsheet(command: Command) -> None:
    said = command("score", given="=1+1\t@SUM(1)\n")
    (row,) = read_csv(said.out)
    assert (row["a"], row["b"]) == ("'=1+1", "'@SUM(1)")
    said = command("score", "--format", "jsonl", given="=1+1\t@SUM(1)\n")
    assert json.loads(said.out)["a"] == "=1+1"


@pytest.mark.parametrize("arguments", [["score"], ["rank", "--pairs"], ["predict"]])
def test_where_all_lines_are_broken_only_the_columns_are_written(
    command: Command, arguments: list[str]
) -> None:
    said = command(*arguments, given="one\ntwo\n")
    assert said.code == 2
    assert said.out.startswith("line,")
    assert len(said.out.splitlines()) == 1
    assert "2 of 2 lines have no answer." in said.err
    assert command(*arguments, "--format", "jsonl", given="one\ntwo\n").out == ""


@pytest.mark.parametrize("name", ["predict", "score", "rank"])
@pytest.mark.parametrize("given", [b"", b" \n\t\n", b"\xef\xbb\xbf"])
def test_empty_input_is_one_sentence(command: Command, name: str, given: bytes) -> None:
    said = command(name, given=given)
    assert said == (2, "", "The list is empty: write one sentence, or one row, on each line.\n")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_file_may_be_in_utf_16_and_results_go_to_a_file(
    tmp_path: Path, command: Command, encoding: str
) -> None:
    source, target = tmp_path / "in.txt", tmp_path / "out.csv"
    source.write_bytes("the é [MASK]\r\n中 [MASK]\r\n".encode(encoding))
    said = command("predict", str(source), "--each", "--top", "1", "--output", str(target))
    assert said == (0, "", "")
    rows = read_csv(target.read_bytes().decode("utf-8"))
    assert [row["original"] for row in rows] == ["the", "e", "", "中", ""]


def test_lines_are_read_no_further_than_they_are_asked_for(tiny: Bert) -> None:
    read = 0

    def endless() -> Iterator[tuple[int, str]]:
        nonlocal read
        while True:
            read += 1
            yield read, "the [MASK]\tcat"

    for answer in (
        commands.predict_lines(tiny, endless(), 1, each=False, at_once=4),
        commands.score_lines(tiny, endless(), at_once=4),
        commands.compare_lines(tiny, endless(), "original", "total", at_once=4),
    ):
        read = 0
        for _ in range(3):
            next(iter(answer))
        assert read <= 4


class Pieces(io.RawIOBase):
    """A file that gives a million letters, then a short line, and says how far it was read."""

    def __init__(self) -> None:
        self.left = 1_000_000
        self.ends = [b"\nlast\n", b""]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = b"x" * min(len(buffer), self.left) or self.ends.pop(0)
        self.left -= min(len(buffer), self.left)
        buffer[: len(part)] = part
        return len(part)


def test_of_a_line_without_end_only_the_length_is_kept() -> None:
    assert list(stream_lines(io.BufferedReader(Pieces()))) == [
        BrokenLine(1, f"Line 1 has 1000000 characters; a line may have {LONGEST_LINE}."),
        (2, "last"),
    ]


@pytest.mark.parametrize(
    ("raw", "lines"),
    [
        (b"a\nb", [(1, "a"), (2, "b")]),
        (b"a\r\n\r\n \rb\r", [(1, "a"), (4, "b")]),
        ("\ufeffa\u2028b\x0bc\n".encode(), [(1, "a\u2028b\x0bc")]),
        (b"x" * LONGEST_LINE + b"\ny", [(1, "x" * LONGEST_LINE), (2, "y")]),
        (b"", []),
    ],
)
def test_a_stream_has_the_lines_of_a_list(raw: bytes, lines: list[tuple[int, str]]) -> None:
    source = io.BufferedReader(io.BytesIO(raw))  # type: ignore[arg-type]
    assert list(stream_lines(source)) == lines
    assert not source.closed


# Errors


def test_what_cannot_be_done_is_one_sentence(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "in.txt"
    file.write_text("the [MASK]")
    for arguments, sentence in (
        (["predict", str(tmp_path / "none.txt")], "none.txt” cannot be read or written"),
        (["predict", str(tmp_path)], "cannot be read or written"),
        (["predict", str(file), "--output", str(tmp_path)], "cannot be read or written"),
        (["predict", str(file), "--output", str(file)], "is what is read: name another"),
    ):
        said = command(*arguments)
        assert (said.code, said.out) == (2, "")
        assert sentence in said.err
        assert said.err.count("\n") == 1
    assert file.read_text() == "the [MASK]"
    monkeypatch.setattr("bert_core.model.bert.load_bert", load_bert)
    for arguments in (["--model", str(tmp_path / "no-model")], ["--device", "toaster"]):
        said = command("score", *arguments, given="a\tb")
        assert (said.code, said.out) == (2, "")
        assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["guess"],
        ["predict", "--top", "0"],
        ["rank", "--by", "luck"],
        ["score", "--format", "x"],
    ],
)
def test_wrong_usage_is_explained(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert "usage: python -m bert_core" in capsys.readouterr().err


def test_a_checkpoint_without_heads_says_so(tmp_path: Path) -> None:
    bare = BertModel._from_config(tiny_model().config, attn_implementation="eager")
    bert = load_bert(str(save_tiny(tmp_path, bare)), "cpu")
    lines = [(1, "the [MASK]\tcat")]
    for answer in (
        commands.predict_lines(bert, lines, 1, each=False),
        commands.score_lines(bert, lines),
        commands.rank_lines(bert, lines, "original", "total"),
        commands.compare_lines(bert, lines, "original", "total"),
    ):
        with pytest.raises(MissingHeadError):
            next(iter(answer))


def interrupted_after(count: int) -> Iterator[tuple[int, str]]:
    yield from enumerate(["the cat [MASK]\ta dog"] * count, start=1)
    raise KeyboardInterrupt


@pytest.mark.parametrize("name", ["predict", "score", "rank"])
def test_an_interrupt_keeps_what_is_there(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(command_line, "stream_lines", lambda _: interrupted_after(100))
    target = tmp_path / "out.csv"
    said = command(name, "--output", str(target))
    assert said.code == 130
    lines = {row["line"] for row in read_csv(target.read_text())}
    assert len(lines) >= 80
    if name == "rank":
        totals = [float(row["total"]) for row in read_csv(target.read_text())]
        assert totals == sorted(totals, reverse=True)


def test_progress_is_for_terminals() -> None:
    for shown in (True, False):
        file = io.StringIO()
        with Report(file, shown) as report:
            assert list(report.count(iter([(1, "a"), (3, "b")]))) == [(1, "a"), (3, "b")]
            report.name_broken(BrokenLine(3, "Line 3 is odd."))
        said = "Line 3 is odd.\n1 of 2 lines have no answer.\n"
        assert file.getvalue().replace("\r\x1b[K", "").replace("1 lines2 lines", "") == said
        assert ("2 lines" in file.getvalue().partition("Line 3")[0]) == shown


def test_results_can_be_seen_before_all_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[str] = []

    class File(io.StringIO):
        def flush(self) -> None:
            flushed.append(self.getvalue())

    now = iter([0.0, 0.2, 1.1, 1.1, 1.3])
    monkeypatch.setattr("bert_core.command_line.records.time.monotonic", lambda: next(now))
    writer = RecordWriter(File(), BrokenLine, "csv")
    for number in range(3):
        writer.write(BrokenLine(number, "a, b"))
    assert flushed == ['number,problem\n0,"a, b"\n1,"a, b"\n']


def test_every_command_says_what_it_does() -> None:
    (commands_of,) = (
        action
        for action in command_line._parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )
    assert len(commands_of.choices) == len(command_line.COMMANDS)
    for name in ("predict", "score", "rank"):
        assert "--format" in commands_of.choices[name].format_help()
    for parser in commands_of.choices.values():
        assert parser.description


# As a program


def program(folder: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    """`python -m bert_core` on the tiny model."""
    whole = [sys.executable, "-m", "bert_core", *arguments]
    if arguments[0] != "--help":
        whole += ["--model", str(save_tiny(folder)), "--device", "cpu"]
    return subprocess.Popen(
        whole,
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        # no terminal's language, and none of the hub's network
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "HF_HUB_OFFLINE": "1"},
        **options,
    )


def test_the_program_reads_standard_input_and_writes_utf_8(tmp_path: Path) -> None:
    process = program(tmp_path, "score", "--format", "jsonl")
    out, err = process.communicate("é 中\tthe cat\n".encode(), timeout=120)
    assert (process.returncode, err) == (0, b"")
    (record,) = read_jsonl(out.decode("utf-8"))
    assert (record["a"], record["b"]) == ("é 中", "the cat")


def test_a_closed_pipe_and_an_interrupt_end_it_quietly(tmp_path: Path) -> None:
    closed = program(tmp_path, "predict", "--each")
    # A shell's background jobs ignore interrupts, and so would what they start.
    heeding = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    running = program(tmp_path, "predict", "--each", preexec_fn=heeding)
    for process in (closed, running):
        process.stdin.write(b"the cat sat on the [MASK]\n" * 64)
    assert running.stdout.readline().startswith(b"line,position")
    first = running.stdout.readline()
    still_open, running.stdin = running.stdin, None  # its input is open: it would wait for more
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=120)
    still_open.close()
    assert (running.returncode, err) == (130, b"")
    assert first.startswith(b"1,1,the,")
    assert (first + out).endswith(b"\n")
    closed.stdout.close()
    _, err = closed.communicate(timeout=120)
    assert (closed.returncode, err) == (0, b"")


def test_help_needs_no_torch() -> None:
    code = (
        "import sys; from bert_core.command_line.main import main\ntry: main(['rank', '--help'])\n"
    )
    code += "except SystemExit: sys.exit('torch' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False
    )
    assert result.returncode == 0
    assert b"--method" in result.stdout
