"""What is chosen on the page Next sentence."""

from dataclasses import dataclass

from ui.link import one_of

NSP_STUDIES = ("none", "candidates", "order", "why", "test", "layers", "layout")


@dataclass(frozen=True)
class NextSentenceChoices:
    """nsp: the question that is open."""

    nsp: str = one_of(*NSP_STUDIES)
