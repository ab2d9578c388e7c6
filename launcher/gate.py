"""What every request to the app passes first: who is asked, who asks, and what may be done with it.

A page of another site can have its own name lead to this machine (DNS rebinding), and then speak
to the app as if it were a page of it. The name stays in `Host` and `Origin`, so names that are not
this server's are refused. Addresses are not names: nobody else's leads here.
"""

import ipaddress
import os
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

HOSTS = "BERT_LENS_HOSTS"  # more names of this server, separated by commas
METRICS = "/_stcore/metrics"

HEADERS = (
    (b"content-security-policy", b"frame-ancestors 'self'"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),  # a link holds a visitor's text
)
REFUSED = (
    "BERT Lens does not answer to the name “{name}”. If it is this server's, start it with "
    "--allow-host {name}.\n"
)


def names_of_server() -> "frozenset[str]":
    """The names that lead to this server: this machine's, and those that its owner gave."""
    own = socket.gethostname().lower()
    given = (name.strip().lower() for name in os.environ.get(HOSTS, "").split(","))
    return frozenset({"localhost", own, f"{own}.local", *filter(None, given)})


def is_address(name: str) -> bool:
    """Whether a host is an address of the internet protocol."""
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True


class Gate:
    """An ASGI application before another one (https://asgi.readthedocs.io/en/latest/specs/www.html).

    names: of this server, in lower case.
    """

    def __init__(self, app: Any, names: Iterable[str]) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: "dict[str, Any]", receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        refusal = self.refusal(scope)
        if not refusal:
            await self._app(scope, receive, with_headers(send))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            plain = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
            await send({"type": "http.response.start", "status": 403, "headers": plain})
            await send({"type": "http.response.body", "body": refusal.encode()})

    def refusal(self, scope: "dict[str, Any]") -> str:
        """Why a request is not answered, "" if it is."""
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1")
        origin = headers.get(b"origin", b"").decode("latin-1")
        for name in (name_in(f"//{host}"), name_in(origin) if origin else None):
            if name is not None and not self.knows(name):
                return REFUSED.format(name=name[:80])
        if scope["path"] == METRICS and not is_local(scope.get("client")):
            return "These figures are for this machine only.\n"
        return ""

    def knows(self, name: str) -> bool:
        return name in self._names or is_address(name)


def name_in(url: str) -> str:
    """The host of a URL in lower case, without its port; "" where there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def is_local(client: "tuple[str, int] | None") -> bool:
    """Whether a request came from this machine."""
    name = client[0] if client is not None else ""
    return is_address(name) and ipaddress.ip_address(name).is_loopback


def with_headers(send: Any) -> Any:
    """`send`, with the headers that every answer has."""

    async def send_on(message: "dict[str, Any]") -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *HEADERS]}
        await send(message)

    return send_on
