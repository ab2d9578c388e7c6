"""One map of weights, drawn by plotly where it is small and on a canvas where it is not."""

from bert_core.attention.maps import AttentionMap
from bert_core.figures.attention_map import attention_heatmap
from bert_core.model.tokenization import Encoding
from ui import charts
from ui.attention.picks import look_at
from ui.components.one_map import weight_map
from ui.components.strip.data import fingerprint
from ui.page import Page
from ui.words import attention as words

# Beyond this plotly takes seconds to draw a map: then a canvas does.
PLOTLY_TOKENS = 128

SIZE = 500  # pixels that a window 900 high has below strip and tabs; style.css gives more


def draw_weights(
    page: Page,
    encoding: Encoding,
    shown: AttentionMap,
    key: str,
    label: str,
    *,
    name: str,
    size: int = SIZE,
    saveable: bool = False,
) -> None:
    """The map, as large as its column, at most `size` pixels.

    label: what it is, for screen readers. name: the title of pictures that a canvas saves.
    saveable: whether the take-away line saves it, where plotly draws it.
    """
    if len(shown.tokens) <= PLOTLY_TOKENS:
        figure = attention_heatmap(
            shown,
            encoding.sequences,
            page.colours,
            picked=page.look,
            hover=words.HOVER,
            size=size,
        )
        charts.draw_square(figure, key, label, saveable=saveable)
        return
    weight_map(
        shown.weights,
        encoding.tokens,
        encoding.sequences,
        shown.positions,
        key=key,
        label=label,
        text=fingerprint(encoding.original_ids),
        name=name,
        picked=page.look,
        height=size,
        on_pick=page.while_present(look_at),
    )
