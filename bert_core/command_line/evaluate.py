"""`python -m bert_core evaluate`: how good one BERT is, or several beside each other.

Torch is loaded only once there is work. Progress goes to standard error, on a terminal only.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from bert_core.command_line.console import STANDARD, Report, opened_output
from bert_core.command_line.records import FORMATS, RecordWriter
from bert_core.errors import InputError
from bert_core.evaluation.questions import MASKS, PAIRS
from bert_core.figures.labels import percent

if TYPE_CHECKING:
    from bert_core.evaluation.evaluate import Evaluation
    from bert_core.evaluation.questions import Questions
    from bert_core.intervals import Estimate
    from bert_core.pretraining.documents import Document

TABLE = "table"

MISSING = "-"
MOST_DIGITS = 9  # of a number that is asked for
EVERY_DOCUMENTS = 100  # until it is said how many were read

EPILOG = """\
Words are hidden as in pretraining: 15 % of the pieces of a passage together, all by [MASK].
Seed, text and numbers decide what is asked, the tokenizer only where it begins a piece: all models
get the same pairs, and those with the same vocabulary the same masks. In brackets 95 % intervals,
by a bootstrap over documents. A line is a paragraph, a blank line ends a document.
"""

DIFFERENT = (
    "The vocabularies differ: pseudo-perplexity counts pieces, and models are asked for the same "
    "piece only where each begins one. Compare the pairs; take the words as a hint."
)


def add_evaluate(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "evaluate",
        help="measure one BERT, or several, on a text",
        description="Measure one BERT, or several beside each other, on a text.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    model = "embedded, a folder, or a name on the Hugging Face hub"
    parser.add_argument("models", nargs="+", metavar="MODEL", help=model)
    text = "a text in UTF-8, or a folder with .txt files"
    parser.add_argument("--text", type=Path, required=True, metavar="FILE|FOLDER", help=text)
    only = "a held_out.json: only the documents that it names"
    parser.add_argument("--held-out", type=Path, metavar="LIST", help=only)
    parser.add_argument(
        "--masks", type=_number, default=MASKS, metavar="N", help=f"about; 0 for none; {MASKS}"
    )
    parser.add_argument(
        "--pairs", type=_number, default=PAIRS, metavar="N", help=f"A's; 0 for none; {PAIRS}"
    )
    alone = "hide the same pieces one at a time; takes about twenty times as long"
    parser.add_argument("--alone", action="store_true", help=alone)
    parser.add_argument("--seed", type=_number, default=0, metavar="N", help="0")
    parser.add_argument("--device", default="auto", help="auto (if not given), cpu, cuda, mps")
    parser.add_argument("--format", choices=(TABLE, *FORMATS), default=TABLE, help=TABLE)
    parser.add_argument("--output", default=STANDARD, help="a file; standard output if not given")
    parser.set_defaults(work=run_evaluate)


def run_evaluate(options: argparse.Namespace) -> int:
    """Read the text, ask every model, and write what came of it.

    Raises:
        BertLensError: with a sentence that says what is wrong.
        OSError: a file cannot be written.
    """
    from bert_core.model.checkpoints import find_checkpoint

    shown = _Shown(sys.stderr, sys.stderr.isatty())
    with shown:
        for model in options.models:  # before the first has been measured for minutes
            find_checkpoint(model, progress=shown.fetched)
        questions = _draw(options, shown)
        _refuse_text(options)
        with opened_output(options.output) as file:
            write = write_table if options.format == TABLE else _writer(options.format)
            write(file, _evaluate_all(options, questions, shown))
    return 0


class EvaluationRecord(NamedTuple):
    """An `Evaluation` in one row; None where it was not asked. Shares are in [0, 1]."""

    model: str
    seed: int
    documents: int
    masking: str
    masks: int
    top_1: float | None
    top_1_low: float | None
    top_1_high: float | None
    top_5: float | None
    top_5_low: float | None
    top_5_high: float | None
    perplexity: float | None
    perplexity_low: float | None
    perplexity_high: float | None
    error: float | None
    error_low: float | None
    error_high: float | None
    error_by_chance: float | None
    error_by_chance_low: float | None
    error_by_chance_high: float | None
    pairs: int
    next_other: float | None
    next_other_low: float | None
    next_other_high: float | None
    pairs_elsewhere: int
    next_elsewhere: float | None
    next_elsewhere_low: float | None
    next_elsewhere_high: float | None


def as_record(evaluation: "Evaluation") -> EvaluationRecord:
    """Its numbers side by side."""
    values: dict[str, object] = {}
    for name in EvaluationRecord._fields:
        whole = name.removesuffix("_low").removesuffix("_high")
        found = getattr(evaluation, whole)
        end = "value" if whole == name else name.removeprefix(f"{whole}_")
        values[name] = getattr(found, end, found)
    return EvaluationRecord(**values)  # type: ignore[arg-type]


def write_table(file: TextIO, evaluations: Iterable["Evaluation"]) -> None:
    """One column for each model; what is there is written even if a later one fails."""
    done: list[Evaluation] = []
    try:
        done.extend(evaluations)
    finally:
        if done:
            file.write(draw_table(done))


def draw_table(evaluations: Sequence["Evaluation"]) -> str:
    """The measures of models, one below the other and the models side by side."""
    masked = "each alone" if evaluations[0].masking == "alone" else "15 % together"
    rows = [("", *(one.model for one in evaluations))]
    rows += [
        (label, *(show(one) for one in evaluations))
        for label, show in (
            (f"masked words ({masked})", lambda one: f"{one.masks:,}"),
            ("  right at the first guess", lambda one: _percent(one.top_1)),
            ("  among the first five", lambda one: _percent(one.top_5)),
            ("  pseudo-perplexity, per piece", lambda one: _plain(one.perplexity)),
            ("  calibration error", lambda one: _percent(one.error)),
            ("    by chance alone", lambda one: _percent(one.error_by_chance)),
            ("next sentence, B's of other documents", lambda one: f"{one.pairs:,}"),
            ("  right", lambda one: _percent(one.next_other)),
            ("next sentence, B's of the same document", lambda one: f"{one.pairs_elsewhere:,}"),
            ("  right", lambda one: _percent(one.next_elsewhere)),
            ("documents to draw from", lambda one: f"{one.documents:,}"),
        )
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines) + "\n"


class _Shown(Report):
    """What is said on standard error while models are measured."""

    def reading(self, documents: Iterable["Document"]) -> Iterator["Document"]:
        """The same documents, counted."""
        for number, document in enumerate(documents, start=1):
            if number % EVERY_DOCUMENTS == 0:
                self._show(f"{number:,} documents")
            yield document

    def asking(self, model: str) -> Callable[[str, int, int], None]:
        """How far a model has come."""

        def show(what: str, done: int, total: int) -> None:
            self._show(f"{model}: {done:,} of {total:,} {what}")

        return show


def _draw(options: argparse.Namespace, shown: _Shown) -> "Questions":
    from bert_core.evaluation.questions import draw_questions, read_text

    if not options.text.exists():
        raise InputError(f"There is no file or folder “{options.text}”: give the text's place.")
    documents = shown.reading(read_text(options.text, options.held_out))
    return draw_questions(documents, masks=options.masks, pairs=options.pairs, seed=options.seed)


def _refuse_text(options: argparse.Namespace) -> None:
    """Nobody wants a text replaced by what a model made of it."""
    target = Path(options.output)
    read = {options.text.resolve(), *(path.resolve() for path in options.text.rglob("*.txt"))}
    if options.output != STANDARD and target.resolve() in read:
        raise InputError(f"“{target}” is what is read: name another file for the results.")


def _evaluate_all(
    options: argparse.Namespace, questions: "Questions", shown: _Shown
) -> Iterator["Evaluation"]:
    """Model after model; one is let go before the next is loaded."""
    from bert_core.evaluation.evaluate import evaluate
    from bert_core.model.bert import load_bert

    vocabularies = set()
    for model in options.models:
        bert = load_bert(model, options.device, progress=shown.fetched)
        vocabularies.add(bert.wordpiece.vocabulary)
        found = evaluate(bert, questions, alone=options.alone, progress=shown.asking(model))
        for note in found.notes:
            shown.say(note)
        del bert
        yield found
    if len(vocabularies) > 1:
        shown.say(DIFFERENT)


def _writer(form: str) -> Callable[[TextIO, Iterable["Evaluation"]], None]:
    """Writes each model's record as it comes."""

    def write(file: TextIO, evaluations: Iterable["Evaluation"]) -> None:
        writer = RecordWriter(file, EvaluationRecord, form)
        for one in evaluations:
            writer.write(as_record(one))

    return write


def _percent(share: "Estimate | None") -> str:
    if share is None:
        return MISSING
    return f"{percent(share.value)} [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def _plain(number: "Estimate | None") -> str:
    if number is None:
        return MISSING
    return f"{number.value:.4g} [{number.low:.4g}, {number.high:.4g}]"


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > MOST_DIGITS:
        raise argparse.ArgumentTypeError(f"“{text[:20]}” is not a whole number from 0 to 999999999")
    return int(text)
