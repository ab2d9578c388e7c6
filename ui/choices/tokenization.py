"""What is chosen on the page Tokenization."""

from dataclasses import dataclass

from ui.link import one_of

TABS = ("cut", "table")


@dataclass(frozen=True)
class TokenizationChoices:
    """tab: the one that is open."""

    tab: str = one_of(*TABS)
