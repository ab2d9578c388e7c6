"""What all figures have in common: no frame, no grid, the page's type and colours."""

from typing import Any

from bert_core.palette import Palette

SANS = '"Source Sans", "Noto Sans CJK SC", sans-serif'
MONO = '"Source Code Pro", "Noto Sans Mono CJK SC", "DejaVu Sans Mono", monospace'


def blank_layout(colours: Palette, height: int, **margins: int) -> dict[str, Any]:
    """A transparent layout of `height` pixels; `margins` (l, r, t, b) are 0 unless given."""
    axis = {
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
        "showline": False,
        "ticks": "",
        "automargin": False,
        "ticklabeloverflow": "allow",  # else every label is measured, each time
        "title": None,
    }
    return {
        "template": "none",
        "height": height,
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0, "pad": 4} | margins,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": SANS, "size": 14, "color": colours.text},
        "hoverlabel": {
            "bgcolor": colours.background,
            "bordercolor": colours.quiet,
            "font": {"color": colours.text, "family": MONO, "size": 14},
        },
        "showlegend": False,
        "dragmode": False,
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }
