"""What a visitor sees, as one value: it fits into a link, and a link restores it.

Layers and heads count from 1 in links, from 0 here; tokens from 0 in both, as BERT's positions do.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlencode

from bert_core.lab.folder import RUN_ID
from bert_core.model.checkpoints import EMBEDDED
from bert_core.model.tokenization import MAX_CHARACTERS, readable

# Beyond this many characters of percent-encoding the texts travel deflated.
READABLE_LINK = 1_500
# A server refuses request lines of 16 KB; half of that leaves room for proxies.
LONGEST_LINK = 8_000
MOST_MASKS = 512
MOST_GUESSES = 50

AVERAGES = ("head", "layer", "all")
SPECIALS = ("show", "hide", "rest")
READINGS = ("map", "arcs", "qk", "bertviz")
BLOCKS = ("all", "aa", "ab", "ba", "bb")
STUDIES = ("none", "links", "many", "flow", "alike", "compare")
BERTVIZ = ("head", "model", "neuron")
MLM_STUDIES = (
    "none",
    "joint",
    "layers",
    "blank",
    "rank",
    "targets",
    "training",
    "calibration",
)
NSP_STUDIES = ("none", "candidates", "order", "why", "test", "layers", "layout")
ORDERS = ("certain_first", "left_to_right", "chosen")
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
# The fields that are one of a few words, and which words; the first is the default.
CHOICES = {
    "average": AVERAGES,
    "special": SPECIALS,
    "reading": READINGS,
    "sort": SORTS,
    "block": BLOCKS,
    "bertviz": BERTVIZ,
    "study": STUDIES,
    "mlm": MLM_STUDIES,
    "nsp": NSP_STUDIES,
    "order": ORDERS,
}
# Whole numbers: the default, the least and the most.
NUMBERS = {
    "hold": (80, 10, 100),
    "guesses": (10, 1, MOST_GUESSES),
    "width": (5, 1, 20),
    "seed": (0, 0, 9_999),
    "rate": (15, 5, 50),
}
MOST_RUNS = 2
LONGEST_LIST = 2_000  # characters of a short list that is typed


@dataclass(frozen=True)
class View:
    """The state of all pages.

    text, pair: the two sentences; an empty pair is none. masked: token positions to mask.
    model: what `load_bert` is asked for.
    layer, head: the attention head that is open. average: "head", or the mean over the "layer"
        or over "all". special: [CLS] and [SEP] on the attention page: "show", "hide", or hide
        and share out the "rest" as a whole. look: the token that is looked from.
    reading: how the open head is shown. sort: what the heads are sorted by. block, hold, merge:
        which arcs are drawn: between which sentences, how many percent of each row, and whether
        pieces are merged to words. bertviz: which of its views. study: the question that is open
        under the picture. key: the token that `look` may be linked to.
    pinned: the two sentences that are compared with the present ones.
    with_masks: whether Attention and Next sentence read the text with its masks.
    guesses: how many guesses are listed, 1 to 50. whole_words: a click masks the whole word.
    place: the token whose guesses Masked words lists. ask: whether a click there asks about a
        token as it is, without masking it.
    mlm, nsp: the question that is open on Masked words and on Next sentence. order, width: how
        several masks are filled. other: a second sentence with a blank. targets: the words that
        are compared. seed, rate, words_masked: a draw of training masks, the percentage of tokens
        it chooses, and whether it chooses whole words.
    runs: ids of the runs of the pretraining lab that are looked at, two at most.
    """

    text: str = ""
    pair: str = ""
    masked: tuple[int, ...] = ()
    model: str = EMBEDDED
    layer: int = 0
    head: int = 0
    average: str = "head"
    special: str = "show"
    look: int | None = None
    reading: str = "map"
    sort: str = "layer"
    block: str = "all"
    hold: int = NUMBERS["hold"][0]
    merge: bool = False
    bertviz: str = "head"
    study: str = "none"
    key: int | None = None
    pinned: tuple[str, str] | None = None
    with_masks: bool = False
    guesses: int = NUMBERS["guesses"][0]
    whole_words: bool = True
    place: int | None = None
    ask: bool = False
    mlm: str = "none"
    nsp: str = "none"
    order: str = "certain_first"
    width: int = NUMBERS["width"][0]
    other: str = ""
    targets: str = ""
    seed: int = NUMBERS["seed"][0]
    rate: int = NUMBERS["rate"][0]
    words_masked: bool = False
    runs: tuple[str, ...] = ()

    def with_text(self, text: str, pair: str) -> "View":
        """Other sentences: what pointed at tokens of the old ones is dropped."""
        if (text, pair) == (self.text, self.pair):
            return self
        return replace(self, text=text, pair=pair, masked=(), look=None, place=None, key=None)

    def to_query(self) -> dict[str, str]:
        """The query parameters of this view, defaults left out."""
        query = _pack_texts(self.text, self.pair)
        if self.masked:
            query["mask"] = ",".join(map(str, self.masked))
        if (self.layer, self.head) != (0, 0):
            query["head"] = f"{self.layer + 1}.{self.head + 1}"
        for name in ("look", "key", "place"):
            if getattr(self, name) is not None:
                query[name] = str(getattr(self, name))
        for name in ("model", *CHOICES, *NUMBERS, "other", "targets"):
            if getattr(self, name) != getattr(DEFAULTS, name):
                query[name] = str(getattr(self, name))
        if self.merge:
            query["merge"] = "words"
        if self.pinned is not None:
            query |= {f"p{name}": text for name, text in _pack_texts(*self.pinned).items()}
        if self.with_masks:
            query["masks"] = "read"
        if self.ask:
            query["click"] = "ask"
        if not self.whole_words:
            query["pieces"] = "single"
        if self.words_masked:
            query["draw"] = "words"
        if self.runs:
            query["runs"] = ",".join(self.runs)
        return query


DEFAULTS = View()


def read_query(query: Mapping[str, str]) -> View:
    """The view that a link holds; whatever in it makes no sense is left at its default."""
    query = {name: readable(value) for name, value in query.items()}
    text, pair = map(readable, _unpack_texts(query))
    layer, head = _read_head(query.get("head", ""))
    chosen: dict[str, Any] = {name: _one_of(query.get(name), ok) for name, ok in CHOICES.items()}
    for name, bounds in NUMBERS.items():
        chosen[name] = _within(query.get(name, ""), *bounds)
    return View(
        text=text,
        pair=pair,
        masked=_positions(query.get("mask", "")),
        model=query.get("model", "").strip()[:300] or EMBEDDED,
        layer=layer,
        head=head,
        **chosen,
        merge=query.get("merge") == "words",
        key=_number(query.get("key", "")),
        pinned=_read_pinned(query),
        look=_number(query.get("look", "")),
        with_masks=query.get("masks") == "read",
        whole_words=query.get("pieces") != "single",
        place=_number(query.get("place", "")),
        ask=query.get("click") == "ask",
        other=query.get("other", "")[:LONGEST_LIST],
        targets=query.get("targets", "")[:LONGEST_LIST],
        words_masked=query.get("draw") == "words",
        runs=_runs(query.get("runs", "")),
    )


def link_length(query: Mapping[str, str]) -> int:
    """Characters of `query` as it stands in an address."""
    return len(urlencode(query, quote_via=quote)) + 1


def _pack_texts(text: str, pair: str) -> dict[str, str]:
    plain = {name: value for name, value in (("a", text), ("b", pair)) if value}
    if link_length(plain) <= READABLE_LINK:
        return plain
    packed = zlib.compress(json.dumps([text, pair], ensure_ascii=False).encode("utf-8", "replace"))
    return {"z": base64.urlsafe_b64encode(packed).decode("ascii").rstrip("=")}


def _unpack_texts(query: Mapping[str, str]) -> tuple[str, str]:
    if "z" not in query:
        return query.get("a", "")[:MAX_CHARACTERS], query.get("b", "")[:MAX_CHARACTERS]
    try:
        packed = base64.urlsafe_b64decode(query["z"] + "=" * (-len(query["z"]) % 4))
        # A few bytes can hold gigabytes of zeros: unpack no more than two texts can have.
        raw = zlib.decompressobj().decompress(packed, 8 * MAX_CHARACTERS + 16)
        text, pair = json.loads(raw)
        return str(text)[:MAX_CHARACTERS], str(pair)[:MAX_CHARACTERS]
    except (ValueError, TypeError, RecursionError, zlib.error):
        return "", ""


def _positions(text: str) -> tuple[int, ...]:
    found = {_number(part) for part in text.split(",")[:MOST_MASKS]}
    return tuple(sorted(position for position in found if position is not None))


def _runs(text: str) -> tuple[str, ...]:
    found = [part for part in text[:100].split(",") if RUN_ID.fullmatch(part)]
    return tuple(dict.fromkeys(found))[:MOST_RUNS]


def _read_head(text: str) -> tuple[int, int]:
    layer, _, head = text.partition(".")
    return max((_number(layer) or 1) - 1, 0), max((_number(head) or 1) - 1, 0)


def _number(text: str) -> int | None:
    """A small whole number, None where `text` is none."""
    short = text.strip()
    return int(short) if short.isascii() and short.isdigit() and len(short) <= 4 else None


def _within(text: str, default: int, least: int, most: int) -> int:
    asked = _number(text)
    return default if asked is None else min(max(asked, least), most)


def _read_pinned(query: Mapping[str, str]) -> tuple[str, str] | None:
    """The pinned sentences: as the present ones are, each name with a p before it."""
    found = {name[1:]: value for name, value in query.items() if name in ("pa", "pb", "pz")}
    text, pair = map(readable, _unpack_texts(found))
    return (text, pair) if text.strip() else None


def _one_of(value: str | None, allowed: tuple[str, ...]) -> str:
    return value if value in allowed else allowed[0]
