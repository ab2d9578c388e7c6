"""Eight sentences worth showing in a class, chosen by what the embedded model does with them."""

from dataclasses import dataclass

from ui.view import View


@dataclass(frozen=True)
class Example:
    """A sentence, perhaps a second one, and the token (from 0) and head that show the point."""

    label: str
    text: str
    pair: str = ""
    token: int | None = None
    layer: int = 0
    head: int = 0

    def view(self) -> View:
        """The example as the state of all pages."""
        return View(
            text=self.text,
            pair=self.pair,
            masked=() if self.token is None else (self.token,),
            look=self.token,
            layer=self.layer,
            head=self.head,
        )


EXAMPLES = (
    Example(
        "who is “it”?",
        "The animal didn't cross the street because it was too tired.",
        "It lay down on the warm pavement.",
        token=10,
        layer=2,
        head=6,
    ),
    Example(
        "bank, twice",
        "He sat on the bank of the river and put his money in the bank.",
        token=15,
        layer=2,
        head=9,
    ),
    Example("agreement", "The keys to the cabinet are on the table.", token=6, layer=3, head=1),
    Example("a fact", "The war began in 1914 and ended in 1918.", token=7, layer=3, head=1),
    Example("a fact it misses", "The capital of France is Paris.", token=4, layer=2, head=0),
    Example("中文", "上海和北京都是中国的大城市。", token=9, layer=4, head=6),
    Example(
        "follows",
        "She opened the door and went in.",
        "The room was dark and cold.",
        token=4,
        layer=0,
        head=4,
    ),
    Example(
        "does not follow",
        "She opened the door and went in.",
        "Interest rates rose in the second quarter.",
        token=4,
        layer=1,
        head=0,
    ),
)
