"""The page around BertViz's drawing code: needs no network, and runs nobody's text.

BertViz's own page fetches three libraries from the internet, runs a token that closes its script,
takes a new random id at each call, and holds all weights twice in full precision. In this one d3
and jQuery are part of the page, all that comes from a text is data in a JSON block that nothing
executes, a policy forbids fetching, and equal input gives an equal page. The drawing code is
BertViz's, but for the addresses in it.

The packages' files are read where they are installed and nothing is imported: bertviz would bring
IPython, mpld3 matplotlib.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import numpy as np

from bert_core.arrays import Floats
from bert_core.model.tokenization import Encoding
from bert_core.palette import palette

# Weights travel as whole numbers of this many parts: four digits, in half the characters.
PARTS = 10_000

# No address can be fetched and no attribute can hold code. Script blocks stay allowed: st.iframe
# adds one of its own that measures the height.
POLICY = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; script-src-attr 'none'"
)

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>BertViz {view} view</title>
<style>{theme}{style}</style>
</head>
<body class="{view}">
<div id="bertviz"><div id="choices">{choices}</div><div id="vis"></div></div>
<script type="application/json" id="data">{data}</script>
{scripts}
</body>
</html>
"""

# BertViz leaves some text black and some backgrounds of its own: both follow the theme here. Long
# tokens reach over its columns' edge, for which there is room at the left. A head's lines are as
# faint as there are heads; on dark they are lit up.
STYLE = """
body { margin: 0; padding: 8px; color: var(--text); background: var(--background);
  font: 15px system-ui, "Helvetica Neue", Helvetica, Arial, sans-serif; }
#bertviz { background: none !important; }
#choices { display: flex; flex-wrap: wrap; gap: 4px 16px; margin-bottom: 10px; }
select { font: inherit; color: inherit; background: var(--background);
  border: 1px solid var(--quiet); border-radius: 4px; }
#vis { overflow-x: auto; }
svg { display: block; overflow: visible; }
.head #vis, .neuron #vis { padding-left: 48px; }
svg text { fill: var(--text); }
svg[fill], rect[fill="black"], rect[fill="white"] { fill: var(--background); }
rect.background { fill: var(--line); }
.head #attention { filter: brightness(var(--glow)); }
"""

# Stands in for require.js, and gives BertViz's code its parameters: the page's data, cut into the
# parts that can be chosen (all, A to B, ...).
SHELL = """
window.require = { config() {} };
window.requirejs = (names, run) => run(window.jQuery, window.d3);
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const unpack = part => Array.isArray(part) ? part.map(unpack) : part / data.parts;
  const [weights, queries, keys] = [data.weights, data.queries, data.keys].map(
    part => part && unpack(part));
  const cut = (all, span) => all && all.map(
    layer => layer.map(head => head.slice(...span)));
  window.bertviz_params = {
    ...data.settings,
    root_div_id: "bertviz",
    default_filter: "0",
    attention: data.spans.map(([from, to]) => ({
      attn: cut(weights, from).map(
        layer => layer.map(head => head.map(row => row.slice(...to)))),
      left_text: data.tokens.slice(...from),
      right_text: data.tokens.slice(...to),
      queries: cut(queries, from),
      keys: cut(keys, to),
    })),
  };
})();
"""

# The neuron view can only count from 0; the screen counts from 1.
COUNT_FROM_1 = """
for (const choice of document.querySelectorAll("#layer option, #att_head option")) {
  choice.textContent = Number(choice.value) + 1;
}
"""


def build_page(
    view: str,
    encoding: Encoding,
    settings: Mapping[str, Any],
    arrays: Mapping[str, Floats],
    dark: bool,
) -> str:
    """One self-contained HTML document.

    view: "head", "model" or "neuron". settings: BertViz's parameters for it, without those about
    the data. arrays: "weights" (layer, head, query, key), and for the neuron view "queries" and
    "keys" (layer, head, token, head size).
    """
    mode = "dark" if dark else "light"
    code = [*_libraries(), SHELL, _bertviz(view), COUNT_FROM_1 if view == "neuron" else ""]
    return PAGE.format(
        policy=POLICY,
        view=view,
        theme=_theme(dark),
        style=STYLE,
        choices=_choices(view, encoding),
        data=_data(encoding, {**settings, "display_mode": mode}, arrays),
        scripts="\n".join(f"<script>{part}</script>" for part in code if part),
    )


def _theme(dark: bool) -> str:
    """The colours as CSS variables."""
    colours = palette(dark)
    names = ("text", "quiet", "line", "background")
    variables = "".join(f"--{name}: {getattr(colours, name)}; " for name in names)
    scheme, glow = ("dark", 1.8) if dark else ("light", 1)
    return f":root {{ color-scheme: {scheme}; --glow: {glow}; {variables}}}"


def _parts(encoding: Encoding) -> list[tuple[str, tuple[int, int], tuple[int, int]]]:
    """What can be chosen to look at: (name, span of queries, span of keys).

    [CLS] and the first [SEP] count to A, as in BertViz.
    """
    whole = (0, len(encoding))
    parts = [("All", whole, whole)]
    if 1 in encoding.sequences:
        start = encoding.sequences.index(1)
        a, b = ("Sentence A", (0, start)), ("Sentence B", (start, len(encoding)))
        pairs = ((a, a), (b, b), (a, b), (b, a))
        parts += [(f"{left[0]} → {right[0]}", left[1], right[1]) for left, right in pairs]
    return parts


def _data(encoding: Encoding, settings: Mapping[str, Any], arrays: Mapping[str, Floats]) -> str:
    """The page's JSON: BertViz's parameters, the tokens, and each array in whole `PARTS`."""
    whole = {
        name: np.rint(array.astype(np.float64) * PARTS).astype(int).tolist()
        for name, array in arrays.items()
    }
    content = {
        "settings": settings,
        "tokens": encoding.tokens,
        "spans": [spans for _, *spans in _parts(encoding)],
        "parts": PARTS,
        **whole,
    }
    # A token may hold "</script>" or "<!--", and neither may end the block it stands in.
    return json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")


def _choices(view: str, encoding: Encoding) -> str:
    """The lists above the drawing; BertViz fills in the layers and heads."""
    lists = {"head": [("Layer", "layer")], "neuron": [("Layer", "layer"), ("Head", "att_head")]}
    filled = [(label, name, "") for label, name in lists.get(view, [])]
    parts = _parts(encoding)
    if len(parts) > 1:
        options = (f'<option value="{at}">{name}</option>' for at, (name, *_) in enumerate(parts))
        filled.append(("Attention", "filter", "".join(options)))
    return "".join(
        f'<label>{label} <select id="{name}" autocomplete="off">{options}</select></label>'
        for label, name, options in filled
    )


@cache
def _libraries() -> tuple[str, str]:
    """d3 5.7.0 and jQuery, as the packages ship them."""
    return (
        _without_addresses(_read("mpld3", "mpld3/js/d3.v5.min.js")),
        _without_addresses(_read("XStatic-jQuery", "xstatic/pkg/jquery/data/jquery.min.js")),
    )


@cache
def _bertviz(view: str) -> str:
    """BertViz's drawing code, told where its parameters are, and without what it would fetch."""
    code = _read("bertviz", f"bertviz/{view}_view.js")
    code = re.sub(r"require\.config\(.*?\}\);", "", code, count=1, flags=re.DOTALL)
    code = code.replace("= PYTHON_PARAMS;", "= window.bertviz_params;")
    return "// From BertViz (Apache-2.0), changed: no addresses.\n" + _without_addresses(code)


def _without_addresses(code: str) -> str:
    """Without "https://" in comments; the names of XML's vocabularies, never fetched, stay."""
    return re.sub(r"https?://(?!www\.w3\.org/)", "", code)


def _read(package: str, path: str) -> str:
    return Path(str(distribution(package).locate_file(path))).read_text(encoding="utf-8")
