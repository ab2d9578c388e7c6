"""Numbers and tokens as they stand in figures and on paper."""

from html import escape
from unicodedata import east_asian_width

LONGEST_LABEL = 24

# Digits that take no room and are not drawn.
INVISIBLE = "\u200b\u200c\u200d\u2060"


def percent(share: float, digits: int = 1) -> str:
    """A share in [0, 1] as "8.6 %"; never "0.0 %" or "100.0 %" for what is not quite that."""
    least = 10.0**-digits
    if 0 < share < least / 200:
        return f"< {least:g}\N{NO-BREAK SPACE}%"
    if 1 - least / 200 <= share < 1:
        return f"> {100 - least:g}\N{NO-BREAK SPACE}%"
    return f"{share * 100:.{digits}f}\N{NO-BREAK SPACE}%"


def percent_tick(share: float) -> str:
    """A share as the label of a tick: no more digits than it has, three at most."""
    return f"{share * 100:.3g}\N{NO-BREAK SPACE}%"


def plain(token: str, longest: int = LONGEST_LABEL) -> str:
    """A token as text that plotly, which reads a little HTML, shows as it is."""
    short = token if len(token) <= longest else token[: longest - 1] + "…"
    return escape(short, quote=False)


def unique(token: str, number: int) -> str:
    """A token that looks as it is but differs from every other with another `number`.

    Plotly takes equal names on an axis for one place.
    """
    digits = ""
    while number:
        number, digit = divmod(number, len(INVISIBLE))
        digits += INVISIBLE[digit]
    return f"{plain(token)}{INVISIBLE[0]}{digits}"


def width_in_pixels(label: str, size: int) -> int:
    """Room for a label in monospace of `size` pixels; wide characters take two places.

    Plotly can measure labels itself, but draws the whole figure again each time it does.
    """
    places = sum(2 if east_asian_width(char) in "WF" else 1 for char in label)
    return round(places * size * 0.602) + 1


def coloured(token: str, colour: str, longest: int = LONGEST_LABEL) -> str:
    """A token in a colour, for axis labels."""
    return f'<span style="color:{colour}">{plain(token, longest)}</span>'
