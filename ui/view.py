"""What a visitor sees, as one value: it fits into a link, and a link restores it.

Layers and heads count from 1 in links, from 0 here; tokens from 0 in both, as BERT's positions do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from bert_core.model.checkpoints import EMBEDDED
from bert_core.model.tokenization import readable
from ui import link
from ui.contents import ALL_CHOICES

LONGEST_MODEL = 300
Choices = TypeVar("Choices")


@dataclass(frozen=True)
class View:
    """The state of all pages.

    text, pair: the two sentences; an empty pair is none. masked: token positions to mask.
    model: what `load_bert` is asked for.
    layer, head: the attention head that is open. look: the token that is looked from.
    with_masks: whether Attention and Next sentence read the text with its masks.
    choices: what is chosen on one page alone, by its dataclass in `ui.choices`, where that is not
        all at its default; read by `chosen`, made by `choosing`.
    """

    text: str = ""
    pair: str = ""
    masked: tuple[int, ...] = link.positions("mask")
    model: str = EMBEDDED
    layer: int = 0
    head: int = 0
    look: int | None = link.position()
    with_masks: bool = link.flag("masks", "read")
    choices: Mapping[type, Any] = field(default_factory=dict, hash=False)

    def chosen(self, choices: type[Choices]) -> Choices:
        """What is chosen on the page that this dataclass belongs to."""
        found: Choices = self.choices.get(choices) or choices()
        return found

    def choosing(self, choices: type[Choices], **fields: Any) -> "View":
        """The same with these fields of a page's choices."""
        return self._with(replace(self.chosen(choices), **fields))  # type: ignore[type-var]

    def with_text(self, text: str, pair: str) -> "View":
        """Other sentences: what pointed at tokens of the old ones is dropped."""
        if (text, pair) == (self.text, self.pair):
            return self
        return replace(self.without_tokens(), text=text, pair=pair)

    def without_tokens(self) -> "View":
        """The same without what points at tokens of the text."""
        view = link.without_positions(self)
        for chosen in self.choices.values():
            view = view._with(link.without_positions(chosen))
        return view

    def to_query(self) -> dict[str, str]:
        """The query parameters of this view, defaults left out."""
        query = link.write_texts(self.text, self.pair)
        if self.model != EMBEDDED:
            query["model"] = self.model
        if (self.layer, self.head) != (0, 0):
            query["head"] = f"{self.layer + 1}.{self.head + 1}"
        query |= link.write(self)
        for chosen in self.choices.values():
            query |= link.write(chosen)
        return query

    def flat(self) -> dict[str, Any]:
        """All of it by name, pages' choices beside the rest; layers and heads count from 0."""
        shared = {name: value for name, value in vars(self).items() if name != "choices"}
        for choices in ALL_CHOICES:
            shared |= vars(self.chosen(choices))
        return shared

    def _with(self, chosen: Any) -> "View":
        others = {name: one for name, one in self.choices.items() if name is not type(chosen)}
        is_default = chosen == type(chosen)()
        return replace(self, choices=others if is_default else others | {type(chosen): chosen})


def read_query(query: Mapping[str, str]) -> View:
    """The view that a link holds; whatever in it makes no sense is left at its default."""
    query = {name: readable(value) for name, value in query.items()}
    text, pair = link.read_texts(query)
    layer, head = _read_head(query.get("head", ""))
    view = View(
        text=text,
        pair=pair,
        model=query.get("model", "").strip()[:LONGEST_MODEL] or EMBEDDED,
        layer=layer,
        head=head,
        **link.read(View, query),
    )
    for choices in ALL_CHOICES:
        view = view.choosing(choices, **link.read(choices, query))
    return view


def _read_head(text: str) -> tuple[int, int]:
    layer, _, head = text.partition(".")
    numbers = (link.read_number(layer), link.read_number(head))
    return max((numbers[0] or 1) - 1, 0), max((numbers[1] or 1) - 1, 0)
