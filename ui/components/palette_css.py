"""The palette as CSS custom properties, so that no colour is written twice.

Streamlit sets `color-scheme` on its app element to the theme in use, whether the system or its own
menu chose it. `light-dark()` reads that through the shadow root: the theme switches in CSS alone.
"""

import colorsys
from dataclasses import fields

from bert_core.palette import DARK, LIGHT, Palette

HUES = ("sentence_a", "sentence_b", "mask", "special")

# Shares of a hue in the background of its chips, and of the text colour in the letters on the
# stronger one. Every hue keeps a contrast of 4.5 with them
# (tests/ui/components/test_components.py).
TINT = 0.12
PICKED_TINT = 0.24
PICKED_TEXT = 0.20


def palette_css() -> str:
    """A `:host` rule that sets `--bl-NAME` for each colour, and `-tint`, `-strong`, `-ink`."""
    light, dark = chip_colours(LIGHT), chip_colours(DARK)
    lines = [f"  --bl-{name}: light-dark({light[name]}, {dark[name]});" for name in light]
    return "\n".join([":host {", *lines, "}", ""])


def chip_colours(colours: Palette) -> dict[str, str]:
    """The palette's colours by CSS name, and for each hue what its chips are made of.

    HUE-tint lies behind letters in HUE, HUE-strong behind letters in HUE-ink.
    """
    named = {f.name.replace("_", "-"): getattr(colours, f.name) for f in fields(colours)}
    for hue in (name.replace("_", "-") for name in HUES):
        full = _at_least_half_light(named[hue])
        named[f"{hue}-tint"] = mix(full, colours.background, TINT)
        named[f"{hue}-strong"] = mix(full, colours.background, PICKED_TINT)
        named[f"{hue}-ink"] = mix(colours.text, named[hue], PICKED_TEXT)
    return named


def mix(colour: str, other: str, share: float) -> str:
    """`share` of `colour` in `other`, both "#rrggbb"."""
    pairs = zip(bytes.fromhex(colour[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(b + (a - b) * share) for a, b in pairs).hex()


def _at_least_half_light(colour: str) -> str:
    """A dark hue, brightened: a tint of brown looks like grey, one of orange does not."""
    hue, light, saturation = colorsys.rgb_to_hls(
        *(part / 255 for part in bytes.fromhex(colour[1:]))
    )
    bright = colorsys.hls_to_rgb(hue, max(light, 0.5), saturation)
    return "#" + bytes(round(255 * part) for part in bright).hex()
