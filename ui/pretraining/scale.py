"""What pretraining the real BERT took, beside what was trained here."""

from collections.abc import Iterator

from bert_core.figures.training_scale import ScaleRow, training_scale
from bert_core.lab.settings import BATCH, LENGTH
from ui import charts, markup
from ui.choices.pretraining import PretrainingChoices
from ui.page import Frame
from ui.pretraining.shown import ShownRun, read_runs
from ui.pretraining.watching import living_part
from ui.takeaway import draw_foot
from ui.words import pretraining as words

CHART = "pretraining.scale"

# Devlin et al. 2018: words, section 3.1; parameters, section 3; the rest, appendix A.2. Tokens:
# nine tenths of a million steps have 256 x 128, the others 256 x 512.
STEPS = 1_000_000
TOKENS = 256 * (0.9 * STEPS * 128 + 0.1 * STEPS * 512)
BASE = {
    "words": 3.3e9,
    "parameters": 110e6,
    "batch": 256 * 512,
    "steps": STEPS,
    "tokens": TOKENS,
    "hours": 96,
}

# The card of the embedded model, version 1.
EMBEDDED = {
    "words": 10.35e6,
    "parameters": 22.9e6,
    "batch": 32 * 128,
    "steps": 6_800,
    "tokens": 27.8e6,
    "hours": 115 / 60,
}


def draw_scale(frame: Frame) -> None:
    """The tab, while a run learns with its figures so far."""
    living_part(frame, lambda runs: draw_picture(frame, runs))
    draw_foot(
        frame,
        words.SCALE_COLUMNS,
        lambda: scale_rows(read_runs(frame.view.chosen(PretrainingChoices).runs)),
        words.HOW_SCALE,
        chart=CHART,
        study="scale",
    )


def draw_picture(frame: Frame, runs: list[ShownRun]) -> None:
    """One picture, on a logarithmic scale."""
    models = models_with(runs)
    rows = [
        ScaleRow(
            label,
            tuple(one.get(row) or None for one in models.values()),
            tuple(written(one.get(row)) for one in models.values()),
        )
        for row, label in words.SCALE_ROWS.items()
    ]
    markup.heading(*headline(models))
    figure = training_scale(rows, list(models), frame.colours, runs=len(runs))
    charts.draw(figure, CHART, words.SCALE_ALT, saveable=True)
    markup.note(words.SCALE_NOTE)


def models_with(runs: list[ShownRun]) -> dict[str, dict[str, float]]:
    """The figures of all that is compared, by name."""
    names = [words.THIS] if len(runs) == 1 else [run.name for run in runs]
    trained = {name: figures_of(run) for name, run in zip(names, runs, strict=True)}
    return {words.BASE: BASE, words.EMBEDDED: EMBEDDED} | trained


def headline(models: dict[str, dict[str, float]]) -> tuple[str, str]:
    """How much more the real one read than the last model that has learnt from anything."""
    name = next(name for name in reversed(models) if models[name].get("tokens"))
    times = models[words.BASE]["tokens"] / models[name]["tokens"]
    said = words.SCALE.format(times=written(rounded(times)), name=name)
    return said, words.SCALE_QUIET


def scale_rows(runs: list[ShownRun]) -> Iterator[tuple[str, str, float]]:
    for name, found in models_with(runs).items():
        for row, label in words.SCALE_ROWS.items():
            if found.get(row):
                yield name, label, found[row]


def figures_of(run: ShownRun) -> dict[str, float]:
    """The same figures of a run, as far as it is."""
    found = {
        "batch": float(BATCH * LENGTH),
        "steps": rounded(run.status.step),
        "tokens": rounded(run.status.tokens),
        "hours": rounded(run.status.seconds / 3600),
    }
    if run.facts is not None:
        found |= {"words": float(run.facts.words), "parameters": float(run.facts.parameters)}
    return found


def rounded(value: float) -> float:
    """To two digits, so that a run that goes on does not have the picture drawn each second."""
    return float(f"{value:.2g}")


def written(value: float | None) -> str:
    """A number to be read at a glance: 3.3 billion, 22.9 million, 96, 0.02."""
    if not value:
        return ""
    for size, name in ((1e9, words.BILLION), (1e6, words.MILLION)):
        if value >= size:
            return name.format(number=f"{value / size:.3g}")
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
