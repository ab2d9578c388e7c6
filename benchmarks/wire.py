"""One visitor over the web socket, as a browser is but without one: sends sentences, reads answers.

Each sentence has a word of its own (`stamp`), which is looked for in whatever anybody is sent: a
visitor who sees another one's, or a former one of its own once the new one is answered, sees a
wrong page.
"""

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

STAMP = re.compile(rb"zq(\d+)n(\d+)x")
SIDES = {"Sentence A": "a", "Sentence B": "b"}
MARKS = ("bl-body", "bl-drawn")  # set where the body of a page stands, and where all does
ALERTS = (1, 2)  # formats of st.error and st.warning


def stamp(visitor: int, change: int) -> str:
    """A word that is in no text but this one."""
    return f"zq{visitor}n{change}x"


@dataclass
class Change:
    """One sentence: when its page stood, when its readout was whole; seconds from the sending.

    masked: the tokens that the page masked. hints: what the readout said, None until it is whole.
    """

    page: str
    text: str
    pair: str
    sent: float
    answered: float | None = None
    readout: float | None = None
    masked: tuple[int, ...] = ()
    hints: dict[str, Any] | None = None


@dataclass
class Seen:
    """What the page shows at the moment."""

    strip: dict[str, Any] | None = None
    query: str = ""
    hash: str = ""
    fields: dict[str, str] = field(default_factory=dict)  # widget ids by side
    marked: bool = False  # by the run of the page that answers at the moment


class WireVisitor:
    """Somebody at one page of the server at `url`."""

    def __init__(self, url: str, page: str, number: int, pair: str = "") -> None:
        self.page, self.number, self.pair = page, number, pair
        self.errors: list[str] = []
        self.bytes = 0
        self.messages = 0
        self._url = url
        self._seen = Seen()
        self._values: dict[str, str] = {}  # of the fields, by side
        self._count = 0
        self._change: Change | None = None
        self._answered = asyncio.Event()
        self._leaving = False

    async def open(self, text: str) -> Change:
        """Open the page by a link; the change that it is."""
        host = urlsplit(self._url).netloc
        self._socket: ClientConnection = await connect(
            f"ws://{host}/_stcore/stream", subprotocols=["streamlit"], max_size=None
        )
        self._reader = asyncio.create_task(self._read())
        link = {"a": text} | ({"b": self.pair} if self.pair else {})
        self._seen.query = urlencode(link)
        return await self._send(text)

    async def change(self, text: str) -> Change:
        """Send another sentence."""
        self._count += 1
        self._values["a"] = text
        return await self._send(text)

    async def answered(self, patience: float) -> bool:
        """Wait until the page stands with the last sentence, at most `patience` seconds."""
        try:
            await asyncio.wait_for(self._answered.wait(), patience)
        except TimeoutError:
            self.errors.append(f"no answer in {patience:g} s: {self._wrong()}")
            return False
        return True

    async def leave(self) -> None:
        self._leaving = True
        await self._socket.close()
        await self._reader

    async def _send(self, text: str) -> Change:
        message = BackMsg()
        rerun = message.rerun_script
        rerun.query_string = self._seen.query
        if self._seen.hash:
            rerun.page_script_hash = self._seen.hash
        else:
            rerun.page_name = self.page
        rerun.context_info.timezone = "UTC"
        rerun.context_info.url = f"{self._url}/{self.page}"
        rerun.context_info.color_scheme = "light"
        for side, widget in self._seen.fields.items():
            rerun.widget_states.widgets.add(id=widget, string_value=self._values[side])
        self._answered.clear()
        self._change = Change(self.page, text, self.pair, time.monotonic())
        await self._socket.send(message.SerializeToString())
        return self._change

    async def _read(self) -> None:
        async for raw in self._socket:
            if isinstance(raw, str):
                continue  # Streamlit sends none
            self.bytes += len(raw)
            self.messages += 1
            self._look_for_others(raw)
            message = ForwardMsg()
            message.ParseFromString(raw)
            self._hear(message)
        if not self._leaving:
            self.errors.append("the server hung up")

    def _look_for_others(self, raw: bytes) -> None:
        for visitor, change in {(int(v), int(n)) for v, n in STAMP.findall(raw)}:
            old = change < self._count and self._answered.is_set()
            if visitor != self.number or change > self._count or old:
                self.errors.append(f"sees sentence {change} of {visitor} at its own {self._count}")

    def _hear(self, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "navigation":  # a new session's message has the hash of the main script
            self._seen.hash = message.navigation.page_script_hash
        elif kind == "new_session":
            self._seen.marked = False
        elif kind == "page_info_changed":
            self._seen.query = message.page_info_changed.query_string
        elif kind == "delta" and message.delta.WhichOneof("type") == "new_element":
            self._draw(message.delta.new_element)
        elif kind in ("page_not_found", "ref_hash"):
            self.errors.append(kind)
        if self._seen.marked:
            self._stand()

    def _draw(self, element: Element) -> None:
        kind = element.WhichOneof("type")
        if kind == "text_input" and element.text_input.label in SIDES:
            self._show_field(element.text_input)
        elif kind == "exception":
            self.errors.append(f"{element.exception.type}: {element.exception.message[:300]}")
        elif kind == "alert" and element.alert.format in ALERTS:
            self.errors.append(element.alert.body[:300])
        elif kind == "bidi_component":
            self._show_component(element.bidi_component)
        elif kind == "html" and any(mark in element.html.body for mark in MARKS):
            self._seen.marked = True

    def _show_field(self, shown: Any) -> None:
        side = SIDES[shown.label]
        if self._seen.fields.get(side) != shown.id:  # another field, with a value of its own
            self._seen.fields[side] = shown.id
            self._values[side] = shown.default

    def _show_component(self, shown: Any) -> None:
        data = shown.json or shown.mixed.json
        if shown.id.endswith(".strip"):
            self._seen.strip = json.loads(data) | {
                "page": shown.id.rsplit("-", 1)[-1].split(".")[0]
            }
        elif shown.id.endswith(".hints"):
            hints = json.loads(data)
            change = self._change
            # The strip stands above the readout: where it is ours, so is what comes after it.
            if hints["whole"] and change is not None and not self._wrong_strip(change):
                change.readout = time.monotonic() - change.sent
                change.hints = hints["hints"]
                change.masked = self._masked()

    def _masked(self) -> tuple[int, ...]:
        groups = self._seen.strip["groups"] if self._seen.strip is not None else ()
        pieces = [piece for group in groups for piece in group.get("pieces", ())]
        return tuple(piece["at"] for piece in pieces if piece.get("masked"))

    def _stand(self) -> None:
        """The page says that its body stands: it does, once all is there.

        What was drawn twice before the server sent it keeps its first place, so that the mark may
        come before the rest.
        """
        change = self._change
        if change is not None and change.answered is None and self._wrong() is None:
            change.answered = time.monotonic() - change.sent
            self._answered.set()

    def _wrong(self) -> str | None:
        """What the page shows that is not of the present sentence; None where all of it is."""
        change = self._change
        if change is None:
            return "nothing was sent"
        linked = parse_qs(self._seen.query).get("a", [change.text])[0]
        wrong_link = None if linked == change.text else f"the link says {linked[:60]}"
        return self._wrong_strip(change) or wrong_link

    def _wrong_strip(self, change: Change) -> str | None:
        strip = self._seen.strip
        if strip is None:
            return "there is no strip"
        if strip["page"] != (self.page or "home"):
            return f"the strip is of {strip['page']}"
        shown = {"a": "", "b": ""}
        for group in strip["groups"]:
            if group["kind"] in shown:
                shown[group["kind"]] += group["surface"]
        if shown != {"a": change.text.replace(" ", ""), "b": change.pair.replace(" ", "")}:
            return f"the strip says {shown}"
        return None
