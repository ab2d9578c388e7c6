"""`python -m bert_core pretrain`: a BERT of one's own from a folder of text.

Torch is loaded only once there is work. Progress goes to standard error, one line that is written
over on a terminal, a line now and then elsewhere.
"""

import argparse
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bert_core.figures.labels import percent
from bert_core.pretraining import recipe as recipes
from bert_core.pretraining.pairs import OBJECTIVES

if TYPE_CHECKING:
    from bert_core.pretraining.setup import RunRequest
    from bert_core.pretraining.train import StepRecord
    from bert_core.pretraining.workers import Workers

# Seconds between lines of progress on a terminal and in a file.
EVERY_TERMINAL, EVERY_FILE = 0.5, 30.0

EPILOG = """\
The corpus is every .txt below its folder, in UTF-8; a line is a paragraph, a blank line ends a
document. One document in fifty is held out and only measured on. Several processes or machines
share a run when torchrun (or, on GPUs, accelerate launch) starts it, with OUT where all can see it:
  torchrun --nproc_per_node 2 -m bert_core pretrain --corpus TEXT --out OUT --epochs 3
"""


def add_pretrain(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command's parser."""
    parser = commands.add_parser(
        "pretrain",
        help="pretrain a BERT on a folder of text",
        description="Pretrain a BERT on a folder of text.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--corpus", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    start = parser.add_argument_group("what it starts from")
    start.add_argument("--from", dest="source", metavar="MODEL", help=FROM)
    start.add_argument("--config", choices=recipes.CONFIGS, help="its size; mini if not given")
    start.add_argument("--vocabulary", type=_count, metavar="N", help="train one of N pieces")
    start.add_argument(
        "--held-out", type=Path, metavar="FILE", help="a held_out.json: these stay out too"
    )
    long = parser.add_argument_group("how long").add_mutually_exclusive_group()
    long.add_argument("--minutes", type=_above_zero, help="50 steps are timed, the rest follows")
    long.add_argument("--steps", type=_count)
    long.add_argument("--epochs", type=_above_zero)
    _add_recipe(parser.add_argument_group("the recipe"))
    _add_running(parser.add_argument_group("the run"))
    parser.set_defaults(work=run_pretrain)


FROM = "random (if not given), embedded, a folder, or a name on the Hugging Face hub"


def _add_recipe(group: argparse._ArgumentGroup) -> None:
    """Each option is named as the recipe's field; those not given are as the recipe has them."""
    group.add_argument("--objective", choices=OBJECTIVES, help="of the pairs; next-sentence")
    group.add_argument("--whole-words", action="store_true", default=None, help="mask whole words")
    group.add_argument("--mask-rate", type=float, help="share of the tokens; 0.15")
    group.add_argument("--fixed-masks", action="store_true", help="the same in each epoch")
    group.add_argument("--length", type=int, help="of examples, in tokens; 128")
    group.add_argument("--long-every", type=int, metavar="N", help="one batch in N at 512 tokens")
    group.add_argument("--batch", type=_count, help="examples a step; 32")
    group.add_argument("--accumulation", type=_count, metavar="N", help="in N parts; 1")
    group.add_argument("--rate", type=float, help="highest learning rate; by the model's width")
    group.add_argument("--head-rate", type=float, help="that of the heads")
    group.add_argument("--warm-up", type=float, help="share of the steps; 0.05")
    group.add_argument("--weight-decay", type=float, help="0.01")
    group.add_argument("--clip", type=float, help="longest gradient; 1")
    group.add_argument("--dropout", type=float, help="0; the paper: 0.1")
    group.add_argument("--spread", type=float, help="of the first weights; 0.02")
    group.add_argument("--bf16", action="store_true", help="bfloat16 on the way through")
    group.add_argument("--compile", action="store_true", help="torch.compile; needs a compiler")
    group.add_argument("--seed", type=int, help="0; a seed makes two runs alike")
    group.add_argument("--original", action="store_true", help="the paper's own values elsewhere")


def _add_running(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--resume", action="store_true", help="go on where it was cut off")
    group.add_argument("--device", default="auto", help="auto (if not given), cpu, cuda, mps")
    group.add_argument("--checkpoint-minutes", type=_above_zero, default=5.0, help="5")
    group.add_argument("--checkpoint-steps", type=_count, default=0, metavar="N", help="as well")
    group.add_argument("--check-steps", type=_count, default=0, metavar="N", help=CHECK)
    group.add_argument("--float16", action="store_true", help="the result in half the size")


CHECK = "measure on what is held out every N steps; at the end if not given"


def run_pretrain(options: argparse.Namespace) -> int:
    """Prepare the run, train, and write the result.

    Raises:
        BertLensError: with a sentence that says what is wrong.
    """
    from bert_core.pretraining.folder import held
    from bert_core.pretraining.workers import join_workers

    workers = join_workers(options.device)
    shown = _Shown(quiet=not workers.first)
    try:
        with held(options.out) if workers.first else nullcontext():
            _train(options, workers, shown)
    except KeyboardInterrupt:
        shown.say("Stopped. The same command with --resume goes on from the last checkpoint.")
        raise
    finally:
        shown.end()
        workers.leave()
    return 0


def _train(options: argparse.Namespace, workers: "Workers", shown: "_Shown") -> None:
    from bert_core.pretraining.result import save_result
    from bert_core.pretraining.setup import prepare_run
    from bert_core.pretraining.train import Pace, train

    run = prepare_run(_request(options), workers, progress=shown.reading)
    shown.say(
        f"{run.steps:,} steps, {run.position.step:,} done; {run.about['corpus']['pieces']:,} "
        f"pieces to learn from, on {workers.device.type}."
    )
    pace = Pace(
        checkpoint_seconds=60 * options.checkpoint_minutes,
        checkpoint_steps=options.checkpoint_steps,
        check_steps=options.check_steps,
    )
    for record in train(run, pace):
        shown.step(record)
    if workers.first:
        save_result(run, half=options.float16)
    shown.say(f"The model is in “{options.out}”, its card in README.md.")


def _request(options: argparse.Namespace) -> "RunRequest":
    from bert_core.pretraining.setup import RunRequest

    limits = {"minutes": options.minutes, "steps": options.steps, "epochs": options.epochs}
    return RunRequest(
        texts=options.corpus,
        out=options.out,
        changes=_changes(options),
        source=options.source,
        vocabulary=options.vocabulary,
        limit=next(((kind, n) for kind, n in limits.items() if n is not None), None),
        held_out_list=options.held_out,
        resume=options.resume,
    )


def _changes(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe's fields that were chosen."""
    changes: dict[str, Any] = {}
    if options.original:
        changes |= recipes.recipe_changes(recipes.ORIGINAL)
        if options.source not in (None, "random"):
            del changes["shape"]
    if options.config:
        changes["shape"] = recipes.CONFIGS[options.config]
    if options.fixed_masks:
        changes["redraw"] = False
    if options.bf16:
        changes["precision"] = recipes.BFLOAT16
    if options.compile:
        changes["compiled"] = True
    given = {name: getattr(options, name, None) for name in recipes.field_names()}
    return changes | {name: value for name, value in given.items() if value is not None}


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"“{text}” is not a whole number above 0")
    return int(text)


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"“{text}” is not a number above 0")
    return number


class _Shown:
    """Progress on standard error."""

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._every = EVERY_TERMINAL if self._terminal else EVERY_FILE
        self._said = 0.0
        self._open = False

    def say(self, sentence: str) -> None:
        """A line of its own."""
        if not self._quiet:
            self.end()
            print(sentence, file=sys.stderr, flush=True)

    def reading(self, done: int, total: int) -> None:
        """How much of the corpus was cut into pieces."""
        if self._due(done >= total):
            self._line(f"Cutting the text into pieces: {percent(done / max(total, 1), 0)}")

    def step(self, record: "StepRecord") -> None:
        """Loss, speed, and the time that is left."""
        if not self._due(record.step in (1, record.steps) or record.held_out is not None):
            return
        pairs = "" if record.pairs_loss is None else f", pairs {record.pairs_loss:.3f}"
        line = (
            f"step {record.step:,} of {record.steps:,}: words {record.words_loss:.3f}{pairs}, "
            f"{record.tokens_per_second:,.0f} tokens/s, {_duration(record.seconds_left)} left"
        )
        if record.held_out is None:
            self._line(line)
            return
        held = record.held_out
        right = "" if held.pairs_right is None else f", pairs {percent(held.pairs_right)}"
        self.say(f"{line}; held out: words {percent(held.first_right)} right{right}")

    def end(self) -> None:
        """Leave the line that is written over."""
        if self._open:
            print(file=sys.stderr, flush=True)
        self._open = False

    def _due(self, always: bool) -> bool:
        now = time.monotonic()
        due = not self._quiet and (always or now - self._said >= self._every)
        if due:
            self._said = now
        return due

    def _line(self, text: str) -> None:
        if self._terminal:
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
            self._open = True
        else:
            print(text, file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
