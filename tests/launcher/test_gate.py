"""Whom the server answers, without a server."""

from typing import Any

import pytest

from launcher.gate import HOSTS, METRICS, Gate, names_of_server

NAMES = ("localhost", "school.example")


def refusal(host: str, origin: str = "", path: str = "/", client: str = "10.0.0.7") -> str:
    headers = [(b"host", host.encode("latin-1"))] if host else []
    headers += [(b"origin", origin.encode("latin-1"))] if origin else []
    scope: dict[str, Any] = {"path": path, "headers": headers, "client": (client, 1)}
    return Gate(None, NAMES).refusal(scope)


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("localhost:8501", ""),
        ("LocalHost:8501", "http://localhost:8501"),
        ("school.example", "https://school.example"),
        ("school.example.", ""),
        ("192.168.1.7:8501", "http://192.168.1.7:8501"),
        ("[fe80::1]:8501", "http://[fe80::1]:8501"),
    ],
)
def test_names_of_the_server_and_addresses_are_answered(host: str, origin: str) -> None:
    assert refusal(host, origin) == ""


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("evil.example", ""),
        ("localhost", "http://evil.example"),
        ("localhost", "null"),
        ("", ""),
        ("[", ""),
        ("localhost@evil.example", ""),
        ("évil", ""),
    ],
)
def test_other_names_are_not(host: str, origin: str) -> None:
    assert "--allow-host" in refusal(host, origin)


def test_figures_of_the_server_are_for_this_machine() -> None:
    assert refusal("localhost", path=METRICS, client="127.0.0.1") == ""
    assert refusal("localhost", path=METRICS, client="::1") == ""
    assert "this machine only" in refusal("localhost", path=METRICS)
    assert "this machine only" in refusal("localhost", path=METRICS, client="")


def test_the_owner_may_give_more_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HOSTS, " School.Example, ,other")
    assert {"localhost", "school.example", "other"} <= names_of_server()
    assert "" not in names_of_server()
