"""The colours, each with one meaning, light and dark; safe for colour-blind eyes."""

from dataclasses import dataclass

# Attention is skewed: most weights are tiny. Colour goes by weight to this power, so that small
# differences show; every hover prints the weight itself.
COLOUR_POWER = 0.55


@dataclass(frozen=True)
class Palette:
    """CSS colours for one theme.

    low, high: the two ends of the one hue for attention and probability.
    more, less: differences about the background.
    """

    sentence_a: str
    sentence_b: str
    mask: str
    special: str
    low: str
    high: str
    more: str
    less: str
    text: str
    quiet: str
    line: str
    background: str


LIGHT = Palette(
    sentence_a="#2f5fd0",
    sentence_b="#a04d06",
    mask="#7a3fd1",
    special="#565d6b",
    low="#f6f7fa",
    high="#1c3e9e",
    more="#0f766e",
    less="#be185d",
    text="#1b1e26",
    quiet="#5b6270",
    line="#e3e6ec",
    background="#ffffff",
)

DARK = Palette(
    sentence_a="#7fa6ff",
    sentence_b="#f0a35a",
    mask="#b794f6",
    special="#9aa3af",
    low="#171b21",
    high="#8cb2ff",
    more="#5eead4",
    less="#f9a8d4",
    text="#e6e8ee",
    quiet="#9aa3af",
    line="#2a303a",
    background="#0f1216",
)


def palette(dark: bool) -> Palette:
    """The colours of the dark or the light theme."""
    return DARK if dark else LIGHT


def run_colours(colours: Palette) -> tuple[str, str]:
    """The colours of the first run and of the second."""
    return colours.mask, colours.sentence_b


def attention_ramp(colours: Palette) -> list[tuple[float, str]]:
    """A colour scale for weights in [0, 1] that applies `COLOUR_POWER`."""
    return _ramp(colours.low, colours.high)


def guess_ramp(colours: Palette) -> list[tuple[float, str]]:
    """As `attention_ramp`, for what is predicted behind a mask."""
    return _ramp(colours.low, colours.mask)


def ink(colour: str) -> str:
    """Black or white, whichever is easier to read on `colour`, one of a ramp's.

    One of the two always has a contrast of 4.5 : 1, which the theme's own text has not.
    """
    lightness = _luminance(colour)
    return "#000000" if (lightness + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def mixed(low: str, high: str, share: float) -> str:
    """The colour that a ramp from `low` to `high` has for a share in [0, 1]."""
    weight = min(max(share, 0.0), 1.0) ** COLOUR_POWER
    channels = (round(a + (b - a) * weight) for a, b in zip(_rgb(low), _rgb(high), strict=True))
    return "#{:02x}{:02x}{:02x}".format(*channels)


def _ramp(low: str, high: str) -> list[tuple[float, str]]:
    # dense near 0, where the power bends most
    weights = [(step / 16) ** 2 for step in range(17)]
    return [(weight, mixed(low, high, weight)) for weight in weights]


def _luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    shares = [channel / 255 for channel in _rgb(colour)]
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
