"""Numbers and tokens as they stand in figures."""

from html import escape

LONGEST_LABEL = 24


def percent(share: float) -> str:
    """A share in [0, 1] as "8.6 %"; never "0.0 %" or "100.0 %" for what is not quite that."""
    if 0 < share < 0.0005:
        return "< 0.1\N{NO-BREAK SPACE}%"
    if 0.9995 <= share < 1:
        return "> 99.9\N{NO-BREAK SPACE}%"
    return f"{share * 100:.1f}\N{NO-BREAK SPACE}%"


def plain(token: str, longest: int = LONGEST_LABEL) -> str:
    """A token as text that plotly, which reads a little HTML, shows as it is."""
    short = token if len(token) <= longest else token[: longest - 1] + "…"
    return escape(short, quote=False)


def coloured(token: str, colour: str) -> str:
    """A token in a colour, for axis labels."""
    return f'<span style="color:{colour}">{plain(token)}</span>'
