"""What the run before drew and this one did not: taken off the page while the run still goes on.

Streamlit takes such elements away where a run ends. A page whose tail goes on would keep them,
dimmed, beside what is true now. Elements have places, counted from 0 in each container; so what is
left over of a container is what stands at the places beyond those that this run drew.
"""

from collections.abc import Callable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.runtime.scriptrunner import get_script_run_ctx

HELD = "leftovers"
KINDS = "leftovers.kinds"
TABS = "tab_container"  # has tabs only, as many in every run
Path = tuple[int, ...]


class Drawn:
    """How many places of each container this run drew; begins to count when it is made."""

    def __init__(self) -> None:
        self._counts: dict[Path, int] = {}
        # What the browser may hold at most: empty elements at places it has not are harmless,
        # since they are sent in ascending order.
        self._held: dict[Path, int] = st.session_state.setdefault(HELD, {})
        self._kinds: dict[Path, str] = st.session_state.setdefault(KINDS, {})
        self._send: Callable[[ForwardMsg], None] | None = None
        self._silent = False
        context = get_script_run_ctx()
        if context is not None:
            # A run that interrupted another has that one's context, which counts already.
            counting = getattr(context._enqueue, "__self__", None)
            self._send = counting._send if isinstance(counting, Drawn) else context._enqueue
            context._enqueue = self._note

    def place(self) -> DeltaGenerator:
        """A place for what is drawn into it at once, and perhaps again later.

        The browser hears of it with what stands in it. Told of an empty place first, it would take
        down what stood there, and build it anew: a press on it, or the focus, would be lost.
        """
        self._silent = True
        try:
            return st.empty()
        finally:
            self._silent = False

    def clear(self) -> None:
        """Empty the places beyond those drawn, in every container that was drawn."""
        for container, count in list(self._counts.items()):
            if self._kinds.get(container) == TABS:
                continue
            for place in range(count, self._held.get(container, 0)):
                self._empty((*container, place))
            self._held[container] = count

    def _empty(self, path: Path) -> None:
        message = ForwardMsg()
        message.delta.new_element.empty.SetInParent()
        message.metadata.delta_path[:] = path
        context = get_script_run_ctx()
        if self._send is not None and context is not None:
            message.metadata.active_script_hash = context.pages_manager.main_script_hash
            self._send(message)

    def _note(self, message: ForwardMsg) -> None:
        if self._silent:
            return
        path = tuple(message.metadata.delta_path)
        if path:
            self._note_kind(path, message.delta.add_block.WhichOneof("type") or "")
            self._forget_below(path)
            container, place = path[:-1], path[-1]
            self._counts[container] = max(place + 1, self._counts.get(container, 0))
            self._held[container] = max(self._counts[container], self._held.get(container, 0))
            if message.delta.WhichOneof("type") == "add_block":
                self._counts[path] = 0
        if self._send is not None:
            self._send(message)

    def _note_kind(self, path: Path, kind: str) -> None:
        """The browser keeps what a container holds only where one of its kind takes its place."""
        if self._kinds.get(path, "") != kind:
            for container in [one for one in self._held if one[: len(path)] == path]:
                del self._held[container]
        self._kinds[path] = kind

    def _forget_below(self, path: Path) -> None:
        """A container that is drawn again in this run begins at its first place."""
        if path in self._counts:
            for container in [one for one in self._counts if one[: len(path)] == path]:
                del self._counts[container]
