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


def link_to(position: int) -> None:
    """Ask which head links the token that is looked from to this one."""
    view = state.view()
    if view.look is None or view.look == position:
        look_at(position)
    else:
        state.choose(AttentionChoices, key=position, study="links")


def open_head(layer: int, head: int) -> None:
    """Read this head alone, not a mean of several."""
    state.change(layer=layer, head=head)
    state.choose(AttentionChoices, average="head")


def show_head(layer: int, head: int) -> None:
    """Open this head in the first tab, from another one."""
    open_head(layer, head)
    state.choose(AttentionChoices, study="none")
