"""Another website cannot speak to the app under its own name, nor put it into a frame."""

import base64
import http.client
import socket
from urllib.parse import urlsplit

import pytest

from benchmarks.browser import Server

EVIL = "evil.example"
PATHS = ("/", "/_stcore/health", "/_stcore/host-config", "/masked_words", "/static/none.js")


def answer(server: Server, path: str, **headers: str) -> http.client.HTTPResponse:
    at = urlsplit(server.url)
    asked = http.client.HTTPConnection("127.0.0.1", at.port or 0, timeout=10)
    asked.request("GET", path, headers=headers)
    return asked.getresponse()


def handshake(server: Server, host: str, origin: str) -> int:
    """The status with which a websocket is answered: 101 where it is opened."""
    port = urlsplit(server.url).port or 0
    key = base64.b64encode(b"sixteen letters!").decode()
    lines = (
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {host}:{port}",
        f"Origin: http://{origin}:{port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    )
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())
        return int(line.recv(64).split()[1])


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_page_of_this_server_opens_its_websocket(server: Server, host: str) -> None:
    assert handshake(server, host, host) == 101


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (EVIL, EVIL),  # its name leads here
        ("localhost", EVIL),
        (EVIL, "localhost"),
        ("localhost.evil.example", "localhost.evil.example"),
        ("127.0.0.1.evil.example", "127.0.0.1.evil.example"),
    ],
)
def test_a_page_of_another_site_does_not(server: Server, host: str, origin: str) -> None:
    assert handshake(server, host, origin) == 403


@pytest.mark.parametrize("path", PATHS)
def test_under_another_name_nothing_is_answered(server: Server, path: str) -> None:
    refused = answer(server, path, Host=f"{EVIL}:80")
    assert refused.status == 403
    said = refused.read().decode()
    assert f"--allow-host {EVIL}" in said
    assert "<" not in said


@pytest.mark.parametrize("path", PATHS)
def test_every_answer_forbids_frames_guesses_and_referrers(server: Server, path: str) -> None:
    headers = answer(server, path).headers
    assert headers["Content-Security-Policy"] == "frame-ancestors 'self'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
