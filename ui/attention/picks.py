"""What presses on a token, or on a head, do on the attention page."""

from ui import state
from ui.choices.attention import AttentionChoices


def look_at(position: int) -> None:
    """Look from a token; a second press on it looks away.

    Where a link between two is asked for, the press after that says what it may be linked to.
    """
    view = state.view()
    chosen = view.chosen(AttentionChoices)
    if view.look == position:
        state.change(look=None)
        state.choose(AttentionChoices, key=None)
    elif chosen.study == "links" and view.look is not None:
        state.choose(AttentionChoices, key=None if chosen.key == position else position)
    else:
        state.change(look=position)


def open_head(layer: int, head: int) -> None:
    """Read this head alone, not a mean of several."""
    state.change(layer=layer, head=head)
    state.choose(AttentionChoices, average="head")
