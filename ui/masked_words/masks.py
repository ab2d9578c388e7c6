"""Which tokens the page asks about, and what a press on one does or takes back."""

from ui import state
from ui.choices.masked_words import MaskedWordsChoices
from ui.components.presses import presses
from ui.default_tokens import default_mask, toggle_mask
from ui.page import Page
from ui.view import View
from ui.words import masked_words as words

PRESSES = "masked_words.presses"


def masks_of(page: Page, view: View) -> tuple[int, ...]:
    """The masks of a view, or else the page's own, unless a press asks about tokens as they are."""
    masked = page.masks_of(view)
    return masked if view.chosen(MaskedWordsChoices).ask else masked or default_mask(page.encoding)


def press(page: Page, position: int) -> None:
    """Ask about a token: as it is, or mask its word, or take that mask off.

    A `[MASK]` in the text stays one.
    """
    view = state.view()
    chosen = view.chosen(MaskedWordsChoices)
    if not chosen.ask:
        state.remember()
        masked = masks_of(page, view)
        state.change(masked=toggle_mask(page.encoding, masked, position, chosen.whole_words))
    state.choose(MaskedWordsChoices, place=position)


def draw_presses(page: Page) -> None:
    """Buttons that take masks off and changes back."""
    clearing = [("clear", words.CLEAR)] if page.masked else []
    undoing = [("undo", words.UNDO)] if state.can_undo() else []
    if clearing or undoing:
        actions = {"clear": clear, "undo": state.undo}
        presses(PRESSES, [*clearing, *undoing], lambda name: actions[name]())


def clear() -> None:
    if state.view().masked:
        state.remember()
        state.change(masked=())
        state.choose(MaskedWordsChoices, place=None)
