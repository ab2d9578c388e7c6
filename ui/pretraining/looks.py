"""What a model knows at a step: its guesses, a head, its positions, the batch it learns from."""

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
import streamlit as st

from bert_core.attention.maps import head_name, read_attention
from bert_core.figures.attention_map import attention_heatmap
from bert_core.figures.labels import percent
from bert_core.figures.pretraining_snapshots import guess_lines, position_similarity
from bert_core.lab import folder as files
from bert_core.lab import step_view
from bert_core.lab.snapshot import Snapshot, Watched, steps_to_look_at
from bert_core.lab.step_view import ExampleView, StepView
from bert_core.masked_words.first import LEAST
from ui import charts, markup
from ui.choices.pretraining import PretrainingChoices
from ui.page import Frame
from ui.pretraining.shown import ShownRun, read_runs
from ui.pretraining.watching import living_part
from ui.revisions import revised
from ui.switches import draw_switch
from ui.takeaway import draw_foot
from ui.words import pretraining as words

AT = "pretraining.at"
PICKED = "pretraining.picked"  # the step that somebody picked, None for the newest
MAP_SIZE = 380
LINES_SHOWN = 3


def draw_looks(frame: Frame) -> None:
    """What the runs know: the second tab."""
    living_part(frame, lambda runs: _draw(frame, runs))
    draw_foot(
        frame,
        words.WATCHED_COLUMNS,
        lambda: watched_rows(read_runs(frame.view.chosen(PretrainingChoices).runs)),
        words.HOW_LOOKS,
        study="looks",
    )


def watched_rows(runs: list[ShownRun]) -> Iterator[tuple[Any, ...]]:
    """The guesses for each blank of each sentence at the step that is looked at."""
    for run in runs:
        snapshot = run.at(shown_step(runs)) if run.snapshots else None
        if snapshot is None:
            continue
        for number, watched in enumerate(snapshot.watched):
            sentence = run.settings.sentences[number]
            for blank in range(len(watched.masks)):
                for piece, share in watched.guesses(blank):
                    yield run.name, snapshot.step, sentence, blank + 1, piece, float(share)


def draw_guesses(frame: Frame, runs: list[ShownRun]) -> None:
    """What each run guesses by now."""
    watched = _choose_sentence(runs)
    for column, run in zip(st.columns(len(runs), gap="large"), runs, strict=True):
        if run.newest is not None:
            with column:
                _draw_guesses(frame, run, run.newest, watched)


def headline(watched: Watched, step: int) -> tuple[str, str]:
    """Strong and quiet: what it expects in the first blank, where that is anything."""
    piece, share = watched.guesses(0)[0]
    quiet = words.EXPECTS_QUIET.format(piece=piece, share=percent(share), step=step)
    return (words.EXPECTS.format(piece=piece) if share >= LEAST else words.EXPECTS_NOTHING), quiet


def _draw(frame: Frame, runs: list[ShownRun]) -> None:
    """One of the looks, at the newest step or an earlier one, for each run."""
    if not any(run.snapshots for run in runs):
        markup.heading(words.NOTHING_YET, words.NOTHING_YET_QUIET)
        return
    look = draw_switch("pretraining.look", words.LOOK, words.LOOKS)
    if look == "batch":
        for column, run in zip(st.columns(len(runs), gap="large"), runs, strict=True):
            with column:
                _draw_batch(run)
        return
    step = _choose_step(runs)
    watched = 0 if look == "positions" else _choose_sentence(runs)
    for column, run in zip(st.columns(len(runs), gap="large"), runs, strict=True):
        snapshot = run.at(step)
        if snapshot is None:
            continue
        with column:
            if look == "guesses":
                markup.heading(*headline(_watched(snapshot, watched), snapshot.step))
                _draw_guesses(frame, run, snapshot, watched)
            elif look == "head":
                _draw_head(frame, run, snapshot, watched)
            else:
                _draw_positions(frame, run, snapshot)


def steps_of(runs: list[ShownRun]) -> list[int]:
    """The steps that can be looked at."""
    return sorted({step for run in runs for step in run.snapshots})


def shown_step(runs: list[ShownRun]) -> int:
    """The step that is looked at: the newest one until somebody picks another."""
    steps, picked = steps_of(runs), st.session_state.get(PICKED)
    return picked if picked in steps else steps[-1]


def _choose_step(runs: list[ShownRun]) -> int:
    """The step that is looked at, and a slider for it."""
    steps, shown = steps_of(runs), shown_step(runs)
    if len(steps) < 2:
        return shown
    newest = steps[-1]

    def pick(step: int) -> None:
        st.session_state[PICKED] = None if step == newest else step

    st.select_slider(
        words.AT, steps, format_func=lambda one: f"{one:,}", **revised(AT, shown, pick)
    )
    return shown


def _choose_sentence(runs: list[ShownRun]) -> int:
    """Which sentence is looked at; all runs have as many as the first, or fewer."""
    sentences = runs[0].settings.sentences
    if len(sentences) == 1:
        return 0
    found: int = st.selectbox(
        words.SENTENCE,
        range(len(sentences)),
        format_func=sentences.__getitem__,
        label_visibility="collapsed",
        key="pretraining.sentence",
    )
    return found


def _watched(snapshot: Snapshot, number: int) -> Watched:
    return snapshot.watched[min(number, len(snapshot.watched) - 1)]


def _draw_guesses(frame: Frame, run: ShownRun, snapshot: Snapshot, number: int) -> None:
    """The sentence with its first guesses in it, the guesses, and how they came."""
    watched = _watched(snapshot, number)
    best = {at: pieces[0] for at, pieces in zip(watched.masks, watched.pieces, strict=True)}
    markup.lines(
        [
            " ".join(
                markup.chips([best[at]], "mask") if at in best else markup.safe(token)
                for at, token in enumerate(watched.tokens)
                if 0 < at < len(watched.tokens) - 1
            )
        ]
    )
    for blank in range(len(watched.masks)):
        _guess_bars(watched.guesses(blank))
    _draw_lines(frame, run, snapshot, number)


def _guess_bars(guesses: list[tuple[str, float]]) -> None:
    rows = "".join(
        f"<div><code dir='auto'>{escape(piece)}</code><b>{percent(share)}</b>"
        f"<i style='width:{share:.2%}'></i></div>"
        for piece, share in guesses
    )
    st.html(f"<div class='bl-guesses'>{rows}</div>")


def _draw_lines(frame: Frame, run: ShownRun, snapshot: Snapshot, number: int) -> None:
    """How the probability of the first blank's present guesses grew."""
    all_of_them = run.all()
    watched = _watched(snapshot, number)
    ids = list(watched.ids[0][:LINES_SHOWN])
    shares = np.stack([_watched(one, number).probabilities[0, ids] for one in all_of_them])
    if len(all_of_them) > 1:
        come = [one.step for one in all_of_them]
        later = [step for step in steps_to_look_at(run.settings.steps) if step > come[-1]]
        figure = guess_lines(
            [*come, *([] if run.status.ended else later)],
            shares,
            watched.pieces[0][:LINES_SHOWN],
            frame.colours,
            shown=snapshot.step,
            title=words.CURVES["step"],
        )
        charts.draw(figure, f"pretraining.lines.{run.id}", words.GUESSES_ALT)


def _draw_head(frame: Frame, run: ShownRun, snapshot: Snapshot, number: int) -> None:
    watched = _watched(snapshot, number)
    layers, heads = watched.attentions.shape[:2]
    names = [(layer, head) for layer in range(layers) for head in range(heads)]
    layer, head = st.selectbox(
        words.HEAD,
        names,
        format_func=lambda one: head_name(*one),
        label_visibility="collapsed",
        key=f"pretraining.head.{run.id}",
    )
    shown = read_attention(watched.attentions, watched.tokens, layer, head)
    sequences = [None, *[0] * (len(watched.tokens) - 2), None]
    figure = attention_heatmap(shown, sequences, frame.colours, size=MAP_SIZE)
    charts.draw_square(figure, f"pretraining.map.{run.id}", words.HEAD_ALT)
    markup.note(words.HEAD_QUIET.format(power=words.POWER))


def _draw_positions(frame: Frame, run: ShownRun, snapshot: Snapshot) -> None:
    markup.heading(words.POSITIONS, words.POSITIONS_QUIET)
    titles = (words.POSITION_AXIS, words.POSITION_AXIS)
    figure = position_similarity(snapshot.positions, frame.colours, titles)
    charts.draw_square(figure, f"pretraining.positions.{run.id}", words.POSITIONS_ALT)


def _draw_batch(run: ShownRun) -> None:
    """The batch of the last step that was taken alone."""
    stored = files.read_json(run.run.folder / files.BATCH)
    if stored is None:
        markup.note(words.NO_BATCH.format(step=words.STEP))
        return
    view = step_view.from_json(stored)
    quiet = words.BATCH_QUIET.format(
        chosen=view.chosen, examples=view.examples, shown=len(view.shown)
    )
    if view.pairs_loss is not None:
        quiet += f" · {words.BATCH_PAIRS.format(pairs=view.pairs_loss)}"
    markup.heading(words.BATCH.format(step=view.step, words=view.words_loss), quiet)
    _draw_examples(view)


def _draw_examples(view: StepView) -> None:
    for example in view.shown:
        with st.container(border=True):
            _draw_example(example)


def _draw_example(example: ExampleView) -> None:
    hidden = {guess.position for guess in example.guesses}
    kinds = ["mask" if at in hidden else "ab"[part] for at, part in enumerate(example.segments)]
    markup.lines(
        [
            " ".join(
                markup.chips([token], "special" if token in ("[CLS]", "[SEP]") else kind)
                for token, kind in zip(example.tokens, kinds, strict=True)
            )
        ]
    )
    rows = [
        (
            f"{guess.original} {words.BECAME[guess.became].format(seen=guess.seen)}",
            guess.guess,
            f"{guess.loss:.2f}",
        )
        for guess in example.guesses
    ]
    markup.figures([words.GUESS_COLUMNS, *rows])
    if example.follows is not None and example.says_follows is not None:
        said = words.FOLLOWS if example.follows else words.FOLLOWS_NOT
        markup.note(said.format(share=percent(example.says_follows)))
