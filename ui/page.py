"""`open_page`: what every page begins with, and what it then works with."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from bert_core.errors import BertLensError
from bert_core.model.bert import Bert
from bert_core.model.inference import Asked, BertRun
from bert_core.model.tokenization import Encoding, encode
from bert_core.palette import DARK, Palette, palette
from bert_core.serving.engine import Engine
from ui import address, cached, markup, state
from ui.components.page import page_events
from ui.components.strip import token_strip
from ui.contents import entry
from ui.revisions import revised
from ui.sidebar import draw_navigation, draw_status, open_engine
from ui.tail import Tail
from ui.view import View
from ui.words import common as words

ICON = "ui/icon.svg"
Pressed = TypeVar("Pressed")
# Marks for whoever waits for the page: its answer is there; what comes late is there too.
BODY_STANDS, ALL_DRAWN = (f"<i data-testid='bl-{name}'></i>" for name in ("body", "drawn"))


@dataclass
class Head:
    """What of a page was drawn before its state was known.

    status: the sidebar's place for the model. mark: the place of the marks, empty while the page
    is drawn.
    """

    view: View
    status: DeltaGenerator
    mark: DeltaGenerator
    tail: Tail

    def finish(self) -> None:
        self.mark.html(BODY_STANDS)
        self.tail.run(on_settled=lambda: self.mark.html(ALL_DRAWN))


@dataclass
class Frame:
    """An open page without a sentence: its state, and the model that its links carry along."""

    name: str
    view: View
    engine: Engine
    colours: Palette
    _head: Head = field(repr=False)

    @property
    def bert(self) -> Bert:
        return self.engine.bert

    @property
    def is_dark(self) -> bool:
        return self.colours is DARK

    def report(self, run: BertRun | None) -> None:
        """Say in the sidebar which model speaks, and what the run took if there was one."""
        draw_status(self._head.status, self.bert, run)

    def part(self, draw: Callable[[], None]) -> None:
        """Draw a part of the page that may wait for work, see `ui.tail`."""

        def draw_or_say() -> None:
            with sentence_on_failure():
                draw()

        self._head.tail.part(draw_or_say)

    def finish(self) -> None:
        """What every page ends with: its body stands, now comes what is late."""
        self._head.finish()

    def ask(self, asked: Sequence[Asked]) -> Sequence[BertRun]:
        """A `Runner` for analyses that the page waits for."""
        return cached.run_many(self.engine, asked)

    def about(self) -> dict[str, Any]:
        """What a file that is taken away says of the page."""
        view = self.view
        return {
            "page": self.name,
            "model": self.bert.name,
            "view": view.flat() | {"layer": view.layer + 1, "head": view.head + 1},
        }


@dataclass
class Page(Frame):
    """An open page with the sentence as it was typed.

    encoding: without the masks of the view. masked: the view's masks that are tokens of it.
    """

    encoding: Encoding
    masked: tuple[int, ...]

    @property
    def layer(self) -> int:
        """The view's layer, or the model's last one below it."""
        return min(self.view.layer, self.bert.layers - 1)

    @property
    def head(self) -> int:
        """The view's head, or the layer's last one below it."""
        return min(self.view.head, self.bert.heads - 1)

    @property
    def is_present(self) -> bool:
        """Whether sentences and model are still those that the page was drawn for.

        Positions and guesses that were pressed mean nothing with others.
        """
        then, now = self.view, state.view()
        return (then.text, then.pair, then.model) == (now.text, now.pair, now.model)

    def while_present(self, action: Callable[[Pressed], None]) -> Callable[[Pressed], None]:
        """What a press on a token does, or nothing once the sentences are others."""

        def act(pressed: Pressed) -> None:
            if self.is_present:
                action(pressed)

        return act

    def masks_of(self, view: View) -> tuple[int, ...]:
        """The masks of a view that are tokens of the text."""
        return _masks_of(view, self.encoding)

    @property
    def look(self) -> int | None:
        """The token that is looked from, if it is one of this input."""
        look = self.view.look
        return look if look is not None and look < len(self.encoding) else None

    def masked_encoding(self, positions: Sequence[int]) -> Encoding:
        """The sentence with these tokens masked."""
        return encode(self.bert, self.encoding.text, self.encoding.pair, positions)

    def run(self, *asked: Asked) -> list[BertRun]:
        """Run inputs as one batch; notes the time."""
        with stop_on_failure():
            runs = cached.run_many(self.engine, asked)
        self.report(runs[0])
        return runs

    def about(self) -> dict[str, Any]:
        read = self.encoding
        typed = {"text": read.text, "pair": read.pair, "tokens": list(read.tokens)}
        return super().about() | {"input": typed}

    def strip(
        self,
        encoding: Encoding,
        label: str,
        on_click: Callable[[int], None],
        on_shift_click: Callable[[int], None] | None = None,
        **options: object,
    ) -> None:
        """The token strip, the same on every page."""
        pieces, mask = self.bert.wordpiece.vocabulary, self.bert.wordpiece.special_token("mask")
        token_strip(
            encoding,
            key=f"{self.name}.strip",
            label=label,
            flips=[
                pieces[number] if at in encoding.masked else mask
                for at, number in enumerate(encoding.original_ids)
            ],
            cut_label=words.CUT.format(limit=self.bert.max_tokens),
            on_click=self.while_present(on_click),
            on_shift_click=on_shift_click and self.while_present(on_shift_click),
            **options,  # type: ignore[arg-type]
        )


def open_frame(name: str, title: str, lead: str) -> Frame:
    """Draw what all pages have, sentence or not: the sidebar and the title."""
    head = _draw_head(name, title, lead)
    with stop_on_failure():
        engine = open_engine(head.view)
    _draw_notice()
    frame = Frame(name, head.view, engine, _colours(), head)
    frame.report(None)
    return frame


def open_page(
    name: str, title: str, lead: str, after_text: Callable[[], None] | None = None
) -> Page:
    """Draw what all pages have, from the sidebar to the sentence fields; stop where it is empty.

    after_text: draws what stands right under the fields.
    """
    head = _draw_head(name, title, lead)
    view = head.view
    _draw_fields(name, view)
    if after_text is not None:
        after_text()
    with stop_on_failure():
        engine = open_engine(view)
    _draw_notice()
    if not view.text.strip():
        draw_status(head.status, engine.bert, None)
        markup.note(words.EMPTY)
        head.finish()
        st.stop()
    encoding = encode(engine.bert, view.text, view.pair)
    masked = _masks_of(view, encoding)
    return Page(name, view, engine, _colours(), head, encoding, masked)


def _masks_of(view: View, encoding: Encoding) -> tuple[int, ...]:
    return tuple(
        at for at in view.masked if at < len(encoding) and encoding.sequences[at] is not None
    )


def _draw_head(name: str, title: str, lead: str) -> Head:
    st.set_page_config(f"{title} · {words.BRAND}", page_icon=ICON, layout="wide")
    markup.apply_style()
    tail = Tail()
    mark = st.sidebar.empty()
    with st.sidebar:
        page_events(
            f"{name}.page",
            "dark" if _colours() is DARK else "light",
            on_address=lambda said: address.take_history(urlsplit(said).query),
            on_theme=lambda _: None,  # the run that follows paints for it
        )
    view = address.arrive(name)
    with stop_on_failure(), st.sidebar:
        status = draw_navigation(name, view)
    markup.title(title, lead)
    return Head(view, status, mark, tail)


def _draw_notice() -> None:
    notice = state.take_notice()
    if address.link_is_too_long():
        notice = f"{notice} {words.LINK_TOO_LONG}".strip()
    if notice:
        markup.note(notice)


def _colours() -> Palette:
    return palette(st.context.theme.type == "dark")


@contextmanager
def stop_on_failure() -> Iterator[None]:
    """What the block raises on purpose is all that the page then says."""
    try:
        yield
    except BertLensError as error:
        markup.error(str(error))
        st.stop()


@contextmanager
def sentence_on_failure() -> Iterator[None]:
    """What the block raises on purpose is shown where its picture would be."""
    try:
        yield
    except BertLensError as error:
        markup.warning(str(error))


def _draw_fields(name: str, view: View) -> None:
    left, right = st.columns(2)
    said = words.MASKS_DROPPED if entry(name).shows_masks else ""
    left.text_input(
        words.SENTENCE_A,
        **revised(
            f"{name}.text",
            view.text,
            lambda text: state.change_text(text, state.view().pair, said),
        ),
    )
    right.text_input(
        words.SENTENCE_B,
        **revised(
            f"{name}.pair",
            view.pair,
            lambda pair: state.change_text(state.view().text, pair, said),
        ),
    )
