"""Tokenization: the pieces of a text, where they come from, and how each word was cut."""

from ui import state
from ui.choices.tokenization import TokenizationChoices
from ui.page import open_page
from ui.tabs import draw_tabs
from ui.tokenization.cuts import chosen_word, draw_cuts
from ui.tokenization.tokens import draw_tokens
from ui.words import tokenization as words


def main() -> None:
    page = open_page("tokenization", words.TITLE, words.LEAD)
    word = chosen_word(page)
    tab = page.view.chosen(TokenizationChoices).tab
    page.strip(
        page.encoding,
        words.STRIP,
        lambda at: state.change(look=at),
        detail=tab == "cut",  # the table says it all
        picked=word.positions if word is not None else [],
    )
    page.report(None)
    with draw_tabs(page, TokenizationChoices, "tab", words.TABS):
        if tab == "table":
            draw_tokens(page)
        else:
            draw_cuts(page, word)
    page.finish()


main()
