"""What is chosen on the page Masked words."""

from dataclasses import dataclass

from ui.link import flag, one_of, position, text, whole

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
ORDERS = ("certain_first", "left_to_right", "chosen")
LONGEST_LIST = 2_000  # characters of a short list that is typed


@dataclass(frozen=True)
class MaskedWordsChoices:
    """Which token is asked about, what a press does, and the questions with what they need.

    guesses: how many are listed. whole_words: a press masks the whole word. place: the token whose
        guesses are listed. ask: whether a press asks about a token as it is, without masking it.
    mlm: the question that is open. order, width: how several masks are filled. other: a second
        sentence with a blank. targets: the words that are compared. seed, rate, words_masked: a
        draw of training masks, the percentage of tokens it chooses, and whether it chooses whole
        words.
    """

    guesses: int = whole(10, 1, 50)
    whole_words: bool = flag("pieces", "single", default=True)
    place: int | None = position()
    ask: bool = flag("click", "ask")
    mlm: str = one_of(*MLM_STUDIES)
    order: str = one_of(*ORDERS)
    width: int = whole(5, 1, 20)
    other: str = text(LONGEST_LIST)
    targets: str = text(LONGEST_LIST)
    seed: int = whole(0, 0, 9_999)
    rate: int = whole(15, 5, 50)
    words_masked: bool = flag("draw", "words")
