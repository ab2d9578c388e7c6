"""What a press on a token does on the attention page."""

import streamlit as st

from ui import state
from ui.view import View


def look_at(position: int) -> None:
    """Look from a token; a second press on it looks away.

    Where a link between two is asked for, the press after that says what it may be linked to.
    """
    view: View = st.session_state[state.VIEW]
    if view.look == position:
        state.change(look=None, key=None)
    elif view.study == "links" and view.look is not None:
        state.change(key=None if view.key == position else position)
    else:
        state.change(look=position)
