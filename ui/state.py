"""The one `View` of a session: changed by widgets; `ui.address` reads and writes it as a link.

Widgets change it in their callbacks, which run before the script does, so that each click costs
one run of the script and every part of the page sees the same state.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from bert_core.errors import BertLensError
from bert_core.model.tokenization import MAX_CHARACTERS
from ui.choices.masked_words import MaskedWordsChoices
from ui.revisions import revised
from ui.view import View
from ui.words import common as words

VIEW = "view"
NOTICE = "notice"
BEFORE = "before"  # sentences and masks that `undo` brings back, the last one at the end
MOST_UNDONE = 50
KEEP = object()


def view() -> View:
    """The view as the session's callbacks left it: for callbacks, which act on it as it is now.

    Raises:
        KeyError: no page has been opened yet.
    """
    found: View = st.session_state[VIEW]
    return found


def is_open() -> bool:
    """Whether a page has been opened in this session."""
    return VIEW in st.session_state


def change(**fields: Any) -> None:
    """Replace fields of the view. For callbacks: the run that follows shows it."""
    replace_view(replace(view(), **fields))


def choose(choices: type, **fields: Any) -> None:
    """Replace fields of what is chosen on one page. For callbacks."""
    replace_view(view().choosing(choices, **fields))


def take_model(source: str) -> None:
    """Read with another model; what pointed at tokens is dropped: its tokens may be others."""
    now = view()
    replace_view(replace(now.without_tokens(), model=source))


def change_text(text: str, pair: str, said: str = "") -> None:
    """Other sentences; `said` is shown if masks are dropped with the old ones."""
    now = view()
    if max(len(text), len(pair)) > MAX_CHARACTERS:
        text, pair = text[:MAX_CHARACTERS], pair[:MAX_CHARACTERS]
        notice(words.TOO_LONG.format(limit=MAX_CHARACTERS))
    elif now.masked and (text, pair) != (now.text, now.pair):
        notice(said)
    replace_view(now.with_text(text, pair))


def replace_view(other: View) -> None:
    """Another view altogether, such as an example's or a saved file's."""
    st.session_state[VIEW] = other


def remember() -> None:
    """Keep the present sentences and masks, so that `undo` brings them back."""
    before = st.session_state.setdefault(BEFORE, [])
    before.append(view())
    del before[:-MOST_UNDONE]


def can_undo() -> bool:
    return bool(st.session_state.get(BEFORE))


def undo() -> None:
    """The sentences and masks of before the last change that was remembered."""
    if not can_undo():
        return
    before: View = st.session_state[BEFORE].pop()
    place = before.chosen(MaskedWordsChoices).place
    again = replace(view().with_text(before.text, before.pair), masked=before.masked)
    replace_view(again.choosing(MaskedWordsChoices, place=place))


def notice(said: str) -> None:
    """Have the next run of the page say this, once."""
    st.session_state[NOTICE] = said


def take_notice() -> str:
    """What the last callback wanted said, once."""
    return str(st.session_state.pop(NOTICE, ""))


def bound(
    choices: type,
    field: str,
    page: str,
    shown: Any = KEEP,
    *,
    read: Callable[[Any], Any] = lambda held: held,
    argument: str = "value",
    options: Sequence[Any] = (),
) -> dict[str, Any]:
    """Key, default and callback for a widget that shows and changes a field of the view.

    choices: the dataclass that has the field: `View`, or one of `ui.choices`. shown: what it shows
    where that is something else than the view says. read: the field's value for what it holds.
    argument, options: see `revised`.
    """
    now = view()
    held = now if choices is View else now.chosen(choices)
    value = getattr(held, field) if shown is KEEP else shown

    def take(new: Any) -> None:
        if choices is View:
            change(**{field: read(new)})
        else:
            choose(choices, **{field: read(new)})

    return revised(f"{page}.{field}", value, take, argument=argument, options=options)


def session_id() -> str:
    """Which visitor this script runs for; "" where no server runs it."""
    context = get_script_run_ctx()
    return "" if context is None else context.session_id


def guarded(action: Callable[..., None], *args: Any) -> None:
    """Run a callback's action; what it cannot do is said on the page."""
    try:
        action(*args)
    except BertLensError as error:
        notice(str(error))
