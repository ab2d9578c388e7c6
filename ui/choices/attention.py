"""What is chosen on the page Attention."""

from dataclasses import dataclass

from ui.link import flag, one_of, position, two_texts, whole

AVERAGES = ("head", "layer", "all")
SPECIALS = ("show", "hide", "rest")
READINGS = ("map", "arcs", "qk", "bertviz")
BLOCKS = ("all", "aa", "ab", "ba", "bb")
STUDIES = ("none", "links", "many", "flow", "alike", "compare")
BERTVIZ = ("head", "model", "neuron")
# What heads can be sorted by, besides their layer: measures of `bert_core.attention.measures`.
SORTS = (
    "layer",
    "entropy",
    "effective_keys",
    "distance",
    "span",
    "previous",
    "next",
    "same",
    "first",
    "sep",
    "broad",
    "same_word",
    "between",
    "punctuation",
)


@dataclass(frozen=True)
class AttentionChoices:
    """What is shown of the heads, and how.

    average: "head", or the mean over the "layer" or over "all". special: [CLS] and [SEP]: "show",
        "hide", or hide and share out the "rest" as a whole. reading: how the open head is shown.
    sort: what the heads are sorted by. block, hold, merge: which arcs are drawn: between which
        sentences, how many percent of each row, and whether pieces are merged to words.
    bertviz: which of its views. study: the question that is open. key: the token that the one that
        is looked from may be linked to. pinned: the two sentences that are compared with the
        present ones.
    """

    average: str = one_of(*AVERAGES)
    special: str = one_of(*SPECIALS)
    reading: str = one_of(*READINGS)
    sort: str = one_of(*SORTS)
    block: str = one_of(*BLOCKS)
    hold: int = whole(80, 10, 100)
    merge: bool = flag("merge", "words")
    bertviz: str = one_of(*BERTVIZ)
    study: str = one_of(*STUDIES)
    key: int | None = position()
    pinned: tuple[str, str] | None = two_texts("p")
