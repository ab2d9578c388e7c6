"""The pages: this list is the only one."""

from dataclasses import dataclass

from ui.choices.attention import AttentionChoices
from ui.choices.masked_words import MaskedWordsChoices
from ui.choices.next_sentence import NextSentenceChoices
from ui.choices.pretraining import PretrainingChoices
from ui.choices.tokenization import TokenizationChoices
from ui.words import attention as attention_words
from ui.words import common as words
from ui.words import masked_words as masked_words_words
from ui.words import next_sentence as next_sentence_words
from ui.words import pretraining as pretraining_words
from ui.words import tokenization as tokenization_words


@dataclass(frozen=True)
class Entry:
    """A page in the order of the navigation.

    name: of its file, and of all that belongs to it. label, group: where it stands in the sidebar.
    choices: the dataclass of what is chosen on it alone. reads_text: whether it has the fields for
        sentences. shows_masks: whether masks are seen on it, and so missed when they are gone.
    """

    name: str
    label: str
    group: str = ""
    choices: type | None = None
    reads_text: bool = True
    shows_masks: bool = False

    @property
    def path(self) -> str:
        """Of the script, as Streamlit links to it."""
        return f"pages/{self.name}.py" if self.group else "app.py"


CONTENTS = (
    Entry("home", words.HOME),
    Entry("tokenization", tokenization_words.TITLE, words.READ, TokenizationChoices),
    Entry("attention", attention_words.TITLE, words.LOOK, AttentionChoices),
    Entry(
        "masked_words",
        masked_words_words.TITLE,
        words.PREDICT,
        MaskedWordsChoices,
        shows_masks=True,
    ),
    Entry(
        "next_sentence",
        next_sentence_words.TITLE,
        words.PREDICT,
        NextSentenceChoices,
        shows_masks=True,
    ),
    Entry(
        "pretraining", pretraining_words.TITLE, words.LEARN, PretrainingChoices, reads_text=False
    ),
)
ALL_CHOICES = tuple(one.choices for one in CONTENTS if one.choices is not None)


def entry(name: str) -> Entry:
    """The page of this name."""
    return next(one for one in CONTENTS if one.name == name)
