"""`python -m bert_core predict | score | rank`: many lines in, CSV or JSON Lines out.

A command is a function that adds its parser, and one that does its work and returns an exit code;
`COMMANDS` lists them. Torch is loaded only once there is work.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bert_core.command_line.console import (
    STANDARD,
    Report,
    close_standard_output,
    opened_input,
    opened_output,
)
from bert_core.command_line.convert import add_convert
from bert_core.command_line.evaluate import add_evaluate
from bert_core.command_line.pretrain import add_pretrain
from bert_core.command_line.records import FORMATS, RecordWriter
from bert_core.errors import BertLensError, InputError
from bert_core.masked_words.scores import MEASURES, METHODS
from bert_core.model.checkpoints import EMBEDDED
from bert_core.texts.lists import NOTHING, BrokenLine, Line, stream_lines

if TYPE_CHECKING:
    from bert_core.model.bert import Bert

FAILED = 2  # what argparse returns too
INTERRUPTED = 130  # 128 and the number of the signal, as shells have it

Lines = Iterator[Line | BrokenLine]
Answers = Iterable[NamedTuple]
"""Records, and among them a `BrokenLine` or a `Note`."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what `arguments` (by default the program's) ask for; returns the exit code.

    Raises:
        SystemExit: the arguments cannot be understood, or ask for help.
    """
    options = _parser().parse_args(arguments)
    try:
        code: int = options.work(options)
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        close_standard_output()
        return 0  # the reader has what it wanted
    except BertLensError as error:
        sentence = str(error)
    except OSError as error:
        name = f"“{error.filename}”" if error.filename else "A file"
        sentence = f"{name} cannot be read or written: {error.strerror or error}."
    print(sentence, file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bert_core", description="Ask BERT about many sentences, one on each line."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in COMMANDS:
        add(commands)
    return parser


def _add_predict(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _reader(commands, "predict", "guess the word behind every [MASK]", "one sentence")
    parser.add_argument(
        "--each", action="store_true", help="mask every token in turn, and guess each"
    )
    parser.add_argument("--top", type=_positive, default=5, metavar="K", help="guesses; 5")
    parser.set_defaults(work=_predict)


def _predict(options: argparse.Namespace) -> int:
    from bert_core.command_line.lines import AT_ONCE, Guess, predict_lines

    def answer(bert: "Bert", lines: Lines) -> Answers:
        return predict_lines(bert, lines, options.top, options.each, _at_once(options, AT_ONCE))

    return _answer_lines(options, Guess, answer)


def _add_score(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _reader(
        commands,
        "score",
        "say how probable it is that B follows A",
        "A, a tab, B; or CSV, with columns a and b if it has a header",
    )
    parser.set_defaults(work=_score)


def _score(options: argparse.Namespace) -> int:
    from bert_core.command_line.lines import AT_ONCE, PairAnswer, score_lines

    def answer(bert: "Bert", lines: Lines) -> Answers:
        return score_lines(bert, lines, _at_once(options, AT_ONCE))

    return _answer_lines(options, PairAnswer, answer)


def _add_rank(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = _reader(
        commands,
        "rank",
        "sort sentences by how probable BERT finds them",
        "one sentence; with --pairs a good one, a tab, a bad one, or CSV (good, bad)",
    )
    parser.add_argument(
        "--method", choices=METHODS, default=METHODS[0], help=f"pseudo-likelihood; {METHODS[0]}"
    )
    parser.add_argument("--by", choices=MEASURES, default=MEASURES[0], help=MEASURES[0])
    parser.add_argument(
        "--pairs", action="store_true", help="compare two sentences on each line, in their order"
    )
    parser.set_defaults(work=_rank)


def _rank(options: argparse.Namespace) -> int:
    from bert_core.command_line.lines import (
        AT_ONCE,
        ComparedPair,
        RankedSentence,
        compare_lines,
        rank_lines,
    )

    def answer(bert: "Bert", lines: Lines) -> Answers:
        if options.pairs:
            at_once = _at_once(options, AT_ONCE)
            return compare_lines(bert, lines, options.method, options.by, at_once)
        return rank_lines(bert, lines, options.method, options.by)

    return _answer_lines(options, ComparedPair if options.pairs else RankedSentence, answer)


COMMANDS = (_add_predict, _add_score, _add_rank, add_pretrain, add_evaluate, add_convert)


def _reader(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    purpose: str,
    line: str,
) -> argparse.ArgumentParser:
    """The parser of a command that answers lines; `line` says what is on one."""
    parser = commands.add_parser(
        name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}."
    )
    parser.add_argument(
        "file",
        nargs="?",
        default=STANDARD,
        help=f"on each line {line}; standard input if not given",
    )
    model = "embedded (if not given), a folder, or a name on the Hugging Face hub"
    parser.add_argument("--model", default=EMBEDDED, help=model)
    parser.add_argument("--device", default="auto", help="auto (if not given), cpu, cuda, mps")
    parser.add_argument("--format", choices=FORMATS, default=FORMATS[0], help=FORMATS[0])
    parser.add_argument("--output", default=STANDARD, help="a file; standard output if not given")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number above 0")
    return int(text)


def _at_once(options: argparse.Namespace, usual: int) -> int:
    """How many lines to wait for: one where somebody types them."""
    return 1 if options.file == STANDARD and sys.stdin.isatty() else usual


def _answer_lines(
    options: argparse.Namespace,
    kind: type[NamedTuple],
    answer: Callable[["Bert", Lines], Answers],
) -> int:
    """Read lines, write what `answer` says to each as it comes, and name those that are broken."""
    from bert_core.command_line.lines import Note
    from bert_core.model.bert import load_bert

    beside_results = options.output == STANDARD and sys.stdout.isatty()
    report = Report(sys.stderr, sys.stderr.isatty() and not beside_results)
    with opened_input(options.file) as source:
        _refuse_same_file(options)
        with report:
            bert = load_bert(options.model, options.device, progress=report.fetched)
            with opened_output(options.output) as file:
                writer = RecordWriter(file, kind, options.format)
                for found in answer(bert, report.count(stream_lines(source))):
                    if isinstance(found, BrokenLine):
                        report.name_broken(found)
                    elif isinstance(found, Note):
                        report.say(found.text)
                    else:
                        writer.write(found)
                if not writer.written and report.broken:
                    writer.write_header()
        if not writer.written and not report.broken:
            raise InputError(NOTHING)
    return 0 if writer.written else FAILED


def _refuse_same_file(options: argparse.Namespace) -> None:
    """Writing would empty the file before it is read."""
    names = (options.file, options.output)
    if STANDARD not in names and Path(names[1]).exists() and Path(names[1]).samefile(names[0]):
        raise InputError(f"“{options.output}” is what is read: name another file for the results.")
