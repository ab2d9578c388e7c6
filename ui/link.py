"""How what a visitor chose stands in a link.

A choice is a field of a dataclass; what its default is, what it may be and how a link says it
stand in one line: `hold: int = whole(80, 10, 100)`. `read` takes such a dataclass out of a query,
`write` puts it in. A default is left out, and what makes no sense is read as the default.
"""

import base64
import dataclasses
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from bert_core.model.tokenization import MAX_CHARACTERS, readable

# Beyond this many characters of percent-encoding the texts travel deflated.
READABLE_LINK = 1_500
# A server refuses request lines of 16 KB; half of that leaves room for proxies.
LONGEST_LINK = 8_000
MOST_POSITIONS = 512

Query = Mapping[str, str]
Choices = TypeVar("Choices")


@dataclass(frozen=True)
class Form:
    """How one field stands in a link; both functions are given the field's name.

    read: the value in a query. write: the part of a query that says the value.
    allowed: what the field may be, where that is one of a few words.
    bounds: the least and the most, where it is a whole number.
    of_text: whether it points at tokens of the text, and so means nothing with another one.
    """

    read: Callable[[str, Query], Any]
    write: Callable[[str, Any], dict[str, str]]
    allowed: tuple[str, ...] = ()
    bounds: tuple[int, int] | None = None
    of_text: bool = False


def one_of(*allowed: str) -> Any:
    """One of a few words, the first of which is the default."""

    def read(name: str, query: Query) -> str:
        return query[name] if query.get(name) in allowed else allowed[0]

    return _field(allowed[0], Form(read, _write_plainly, allowed=allowed))


def whole(default: int, least: int, most: int) -> Any:
    """A whole number; one out of bounds is read as the bound."""

    def read(name: str, query: Query) -> int:
        asked = read_number(query.get(name, ""))
        return default if asked is None else min(max(asked, least), most)

    return _field(default, Form(read, _write_plainly, bounds=(least, most)))


def flag(name: str, value: str, *, default: bool = False) -> Any:
    """Yes or no; a link that has `value` under `name` says what is not the default."""

    def read(_: str, query: Query) -> bool:
        return (query.get(name) == value) is not default

    return _field(default, Form(read, lambda *_: {name: value}))


def text(most: int) -> Any:
    """A text of at most so many characters, empty at first."""

    def read(name: str, query: Query) -> str:
        return query.get(name, "")[:most]

    return _field("", Form(read, _write_plainly))


def position() -> Any:
    """A token of the text, None at first."""

    def read(name: str, query: Query) -> int | None:
        return read_number(query.get(name, ""))

    return _field(None, Form(read, _write_plainly, of_text=True))


def positions(name: str) -> Any:
    """Tokens of the text, ascending; none at first."""

    def read(_: str, query: Query) -> tuple[int, ...]:
        found = {read_number(part) for part in query.get(name, "").split(",")[:MOST_POSITIONS]}
        return tuple(sorted(at for at in found if at is not None))

    return _field((), Form(read, lambda _, value: {name: ",".join(map(str, value))}, of_text=True))


def names(most: int, is_name: Callable[[str], object]) -> Any:
    """Different names in the order of the link, at most so many; none at first."""

    def read(name: str, query: Query) -> tuple[str, ...]:
        found = [part for part in query.get(name, "").split(",") if is_name(part)]
        return tuple(dict.fromkeys(found))[:most]

    return _field((), Form(read, lambda name, value: {name: ",".join(value)}))


def two_texts(letter: str) -> Any:
    """Two sentences beside the page's own, under the same names with a letter before them."""

    def read(_: str, query: Query) -> tuple[str, str] | None:
        found = read_texts({name: query[letter + name] for name in "abz" if letter + name in query})
        return found if found[0].strip() else None

    def write(_: str, value: tuple[str, str]) -> dict[str, str]:
        return {letter + name: said for name, said in write_texts(*value).items()}

    return _field(None, Form(read, write))


def form_of(choices: type, name: str) -> Form:
    """How this field of a dataclass stands in a link.

    Raises:
        KeyError: it has no such field, or the field no such form.
    """
    return forms_of(choices)[name]


def forms_of(choices: type) -> dict[str, Form]:
    """The fields of a dataclass that stand in a link by themselves."""
    found = {one.name: one.metadata.get("form") for one in fields(choices)}
    return {name: form for name, form in found.items() if form is not None}


def bounds(choices: type, name: str) -> tuple[int, int]:
    """The least and the most of a whole number.

    Raises:
        ValueError: the field is none.
    """
    found = form_of(choices, name).bounds
    if found is None:
        raise ValueError(f"{choices.__name__}.{name} has no bounds.")
    return found


def read(choices: type, query: Query) -> dict[str, Any]:
    """The fields of a dataclass as a query says them."""
    return {name: form.read(name, query) for name, form in forms_of(choices).items()}


def write(choices: Any) -> dict[str, str]:
    """The query of a dataclass, defaults left out."""
    query: dict[str, str] = {}
    for name, default in defaults(type(choices)).items():
        value = getattr(choices, name)
        if value != default:
            query |= form_of(type(choices), name).write(name, value)
    return query


def defaults(choices: type) -> dict[str, Any]:
    """The defaults of the fields that stand in a link by themselves."""
    known = forms_of(choices)
    return {one.name: one.default for one in fields(choices) if one.name in known}


def without_positions(choices: Choices) -> Choices:
    """The same with what points at tokens of the text at its default."""
    known = forms_of(type(choices))
    first = defaults(type(choices))
    return dataclasses.replace(  # type: ignore[type-var]
        choices, **{name: first[name] for name, form in known.items() if form.of_text}
    )


def link_length(query: Query) -> int:
    """Characters of `query` as it stands in an address."""
    return len(urlencode(query, quote_via=quote)) + 1


def write_texts(first: str, second: str) -> dict[str, str]:
    """Two sentences as they stand in a link: readable, or deflated where that would be long."""
    plain = {name: value for name, value in (("a", first), ("b", second)) if value}
    if link_length(plain) <= READABLE_LINK:
        return plain
    raw = json.dumps([first, second], ensure_ascii=False).encode("utf-8", "replace")
    return {"z": base64.urlsafe_b64encode(zlib.compress(raw)).decode("ascii").rstrip("=")}


def read_texts(query: Query) -> tuple[str, str]:
    """The two sentences of a link; what cannot be read is empty."""
    if "z" not in query:
        return query.get("a", "")[:MAX_CHARACTERS], query.get("b", "")[:MAX_CHARACTERS]
    try:
        packed = base64.urlsafe_b64decode(query["z"] + "=" * (-len(query["z"]) % 4))
        # A few bytes can hold gigabytes of zeros: unpack no more than two texts can have.
        raw = zlib.decompressobj().decompress(packed, 8 * MAX_CHARACTERS + 16)
        first, second = json.loads(raw)
        return readable(str(first)[:MAX_CHARACTERS]), readable(str(second)[:MAX_CHARACTERS])
    except (ValueError, TypeError, RecursionError, zlib.error):
        return "", ""


def read_number(said: str) -> int | None:
    """A small whole number, None where `said` is none."""
    short = said.strip()
    return int(short) if short.isascii() and short.isdigit() and len(short) <= 4 else None


def _field(default: Any, form: Form) -> Any:
    return dataclasses.field(default=default, metadata={"form": form})


def _write_plainly(name: str, value: Any) -> dict[str, str]:
    return {name: str(value)}
