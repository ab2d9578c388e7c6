"""Next sentence: does B follow A, and what that answer is worth."""

from bert_core.model.inference import HIDDEN_STATES, Asked
from ui.choices.next_sentence import NextSentenceChoices
from ui.next_sentence.studies import draw_open_tab
from ui.next_sentence.why import hide
from ui.page import open_page
from ui.tabs import draw_tabs
from ui.words import next_sentence as words
from ui.words import next_sentence_studies as study_words


def main() -> None:
    page = open_page("next_sentence", words.TITLE, words.LEAD)
    encoding = page.masked_encoding(page.masked if page.view.with_masks else ())
    # What a tab will need comes with the first pass; the engine keeps it.
    chosen = page.view.chosen(NextSentenceChoices)
    keep = (HIDDEN_STATES,) if chosen.nsp == "layers" else ()
    run, typed = page.run(Asked(encoding, keep), Asked(page.encoding))
    page.strip(encoding, words.STRIP, lambda at: hide(page, at), action="mask", whole_words=True)
    with draw_tabs(page, NextSentenceChoices, "nsp", study_words.TABS):
        page.part(lambda: draw_open_tab(page, run, typed))
    page.finish()


main()
