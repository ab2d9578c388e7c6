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


def attention_ramp(colours: Palette, steps: int = 17) -> list[tuple[float, str]]:
    """A colour scale for weights in [0, 1] that applies `COLOUR_POWER`."""
    low, high = _rgb(colours.low), _rgb(colours.high)
    scale = []
    for step in range(steps):
        weight = (step / (steps - 1)) ** 2  # dense near 0, where the power bends most
        share = weight**COLOUR_POWER
        mixed = [round(a + (b - a) * share) for a, b in zip(low, high, strict=True)]
        scale.append((weight, "rgb({},{},{})".format(*mixed)))
    return scale


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
