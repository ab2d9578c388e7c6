"""Every page in its states: the expected picture is there, with the library's own numbers."""

import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bert_core.attention.links import LinkChance
from bert_core.attention.maps import find_strongest_link, read_attention
from bert_core.figures.labels import percent
from bert_core.figures.thumbnails import pool_maps
from bert_core.masked_words.predict import MaskedPrediction, predict_masked
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import encode
from bert_core.next_sentence.score import score_next_sentence
from tests.kit.visit import (
    PAGES,
    assert_pictures,
    assert_whole,
    chosen,
    components,
    errors,
    figures,
    go_to,
    maps,
    masked_in_strip,
    numbers,
    open_tab,
    press,
    press_bar,
    said,
    strip,
    strip_tokens,
    type_text,
    view_of,
    visit,
    warnings,
    widget,
)
from ui.contents import CONTENTS
from ui.default_tokens import default_mask, word_positions
from ui.examples import EXAMPLES
from ui.next_sentence.answer import LINKS
from ui.view import View, read_query
from ui.words import attention as attention_words
from ui.words import common
from ui.words import home as home_words
from ui.words import masked_words as masked_words_words
from ui.words import next_sentence as next_sentence_words
from ui.words import next_sentence_studies as next_studies
from ui.words import tokenization as tokenization_words

pytestmark = pytest.mark.usefixtures("server")

every_page = pytest.mark.parametrize("page", PAGES)

KEYS = "The keys to the cabinet are on the table."
PAIR = ("She opened the door and went in.", "The room was dark and cold.")
MORE_FILES = {
    "attention": [
        attention_words.NPZ,
        attention_words.HTML_ONE,
        attention_words.HTML_ALL,
        attention_words.PYTHON,
    ],
    "masked_words": [masked_words_words.PYTHON],
    "next_sentence": [next_studies.PYTHON],
}
EVERYTHING = {
    "a": "The keys to the cabinet are unbelievable.",
    "b": "He sat on the bank.",
    "mask": "2,6",
    "head": "3.7",
    "look": "6",
    "place": "6",
    "average": "layer",
    "special": "rest",
    "guesses": "7",
    "masks": "read",
    "click": "ask",
    "pieces": "single",
}


RUNS_MODEL = {"home", "attention", "masked_words", "next_sentence"}  # on the sentence


def share_of(figure: dict) -> float:
    """What a split bar shows."""
    return float(numbers(figure["data"][0]["x"])[0])


# Every page


@every_page
def test_a_first_visit_is_filled_from_the_first_example(page: str) -> None:
    at = visit(page)
    assert_whole(at, page)
    assert_pictures(at, page)
    assert errors(at) == warnings(at) == []
    assert widget(at.text_input, f"{page}.text").value == EXAMPLES[0].text
    assert widget(at.text_input, f"{page}.pair").value == EXAMPLES[0].pair
    assert view_of(at) == EXAMPLES[0].view()


@every_page
def test_a_link_with_everything_in_it_shows_it_and_stays_in_the_address(page: str) -> None:
    at = visit(page, **EVERYTHING)
    assert_whole(at, page)
    assert_pictures(at, page)
    assert view_of(at) == read_query(EVERYTHING)
    assert at.query_params == EVERYTHING
    assert widget(at.text_input, f"{page}.text").value == EVERYTHING["a"]


@every_page
def test_the_state_is_carried_to_every_other_page(page: str) -> None:
    at = visit(page, **EVERYTHING)
    for other in PAGES:
        assert_whole(go_to(at, other), other)
        assert view_of(at) == read_query(EVERYTHING)
        assert widget(at.text_input, f"{other}.pair").value == EVERYTHING["b"]


@every_page
def test_every_link_in_the_page_carries_the_state(page: str) -> None:
    at = visit(page, **EVERYTHING)
    links = [element.proto for element in at.get("page_link")]
    assert len(links) == len(CONTENTS) + (4 if page == "home" else 0)
    for link in links:
        assert "a=The+keys+to" in link.query_string
        assert "mask=2%2C6" in link.query_string


@every_page
def test_a_text_that_is_typed_is_read_and_put_into_the_address(page: str, embedded: Bert) -> None:
    at = type_text(visit(page), page, "the cat sat on the mat", "a dog ran")
    assert_whole(at, page)
    assert (view_of(at).text, view_of(at).pair) == ("the cat sat on the mat", "a dog ran")
    assert (view_of(at).masked, view_of(at).look) == ((), None)
    assert at.query_params["a"] == "the cat sat on the mat"
    encoding = encode(embedded, "the cat sat on the mat", "a dog ran")
    assert len(strip_tokens(at)) == len(encoding)
    assert [t for t in strip_tokens(at) if t != "[MASK]"] == [
        token
        for token, shown in zip(encoding.tokens, strip_tokens(at), strict=True)
        if shown != "[MASK]"
    ]


@every_page
def test_one_sentence_alone_is_enough(page: str) -> None:
    at = visit(page, a=KEYS)
    assert_whole(at, page)
    assert_pictures(at, page, looking=False, pair=False)
    assert errors(at) == warnings(at) == []


@every_page
def test_the_sidebar_says_which_model_speaks_and_that_it_is_ours(page: str) -> None:
    text = said(visit(page, a=KEYS))
    assert "embedded · 6 × 12" in text
    assert common.EMBEDDED_NOTE in text
    if page in RUNS_MODEL:
        assert " · 12 tokens · " in text


@pytest.mark.parametrize("page", [page for page in PAGES if page != "home"])
def test_numbers_can_be_taken_away_and_opened_as_a_table(page: str) -> None:
    at = visit(page, **EVERYTHING)
    labels = [button.label for button in at.download_button]
    more = MORE_FILES.get(page, [])
    assert labels == [common.CSV, common.JSON, *more, common.SAVE]
    assert not at.dataframe
    table = next(one for one in at.expander if one.label == common.TABLE)
    assert table.proto.id  # opening it asks for its rows
    assert common.HOW in [one.proto.popover.label for one in at.get("popover")]


@pytest.mark.parametrize("page", [page for page in PAGES if page != "home"])
def test_the_link_to_the_view_is_shown(page: str) -> None:
    at = visit(page, a="the cat", b="a dog", head="2.3")
    (code,) = at.code
    assert code.value.endswith("?a=the+cat&b=a+dog&head=2.3")


def test_a_saved_view_opens_again() -> None:
    saved = json.dumps({"bert-lens": EVERYTHING}).encode()
    at = visit("attention", a="the cat")
    at.file_uploader(key="attention.open").set_value(("v.json", saved, "application/json")).run()
    assert_whole(at, "attention")
    assert view_of(at) == read_query(EVERYTHING)
    assert at.query_params == EVERYTHING


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"bert-lens": 3}',
        b'{"bert-lens": []}',
        b"\xff\xfe",
        b"[" * 100_000,
        b"1" * 5_000,
    ],
)
def test_a_file_that_is_no_saved_view_is_refused_in_a_sentence(content: bytes) -> None:
    at = visit("attention", a="the cat")
    before = view_of(at)
    at.file_uploader(key="attention.open").set_value(("v.json", content, "application/json")).run()
    assert_whole(at, "attention")
    assert common.NOT_A_VIEW in said(at)
    assert view_of(at) == before


@pytest.mark.parametrize(
    "content",
    [b'{"bert-lens": {"a": "\\ud800", "mask": [1], "head": {}}}', b'{"bert-lens": {"a": null}}'],
)
def test_a_saved_view_with_nonsense_in_it_is_a_view(content: bytes) -> None:
    at = visit("attention", a="the cat")
    at.file_uploader(key="attention.open").set_value(("v.json", content, "application/json")).run()
    assert_whole(at, "attention")
    assert view_of(at).text != "the cat"


def test_a_link_without_a_text_shows_the_first_example_in_the_state_it_asks_for() -> None:
    at = visit("attention", head="2.3")
    assert view_of(at) == View(EXAMPLES[0].text, EXAMPLES[0].pair, layer=1, head=2)


def test_a_link_with_only_a_second_sentence_has_no_first() -> None:
    at = visit("next_sentence", b="only b")
    assert view_of(at) == View(pair="only b")
    assert common.EMPTY in said(at)


@pytest.mark.parametrize(("goes_back", "text"), [(True, "the cat"), (False, "the dog")])
def test_an_address_of_before_counts_where_the_back_button_asks_for_it_and_not_where_it_is_late(
    goes_back: bool, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = type_text(visit("attention", a="the cat"), "attention", "the dog")
    for name in list(at.query_params):
        del at.query_params[name]
    at.query_params["a"] = "the cat"
    context = SimpleNamespace(is_history_navigation=goes_back)
    monkeypatch.setattr("ui.address.get_script_run_ctx", lambda: context)
    assert view_of(at.run()) == View(text=text)


# Home


@pytest.mark.parametrize("number", range(len(EXAMPLES)), ids=lambda n: EXAMPLES[n].label)
def test_every_example_fills_the_home_page(number: int, embedded: Bert) -> None:
    example = EXAMPLES[number]
    at = visit("home", a="something else")
    at.button(key=f"example.{number}").click().run()
    assert_whole(at, "home")
    assert_pictures(at, "home", pair=bool(example.pair))
    assert view_of(at) == example.view()
    encoding = encode(embedded, example.text, example.pair)
    assert strip_tokens(at) == list(encoding.tokens)
    assert f"Head {example.layer + 1}.{example.head + 1} takes" in said(at)


def test_home_has_the_four_readings_with_the_librarys_numbers(embedded: Bert) -> None:
    at = visit("home", a=PAIR[0], b=PAIR[1])
    encoding = encode(embedded, *PAIR)
    run = run_bert(embedded, encoding)
    asked = default_mask(encoding)
    bars, split = figures(at)
    assert_guesses(bars, guess_at(embedded, *PAIR, asked))
    assert share_of(split) == pytest.approx(score_next_sentence(embedded, run).is_next, abs=1e-6)
    assert run.attentions is not None
    link = find_strongest_link(run.attentions, asked[0], word_positions(encoding))
    assert link is not None
    assert (
        f"Head {link.layer + 1}.{link.head + 1} takes “{encoding.tokens[link.query]}” "
        f"to “{encoding.tokens[link.key]}”"
    ) in said(at)
    assert percent(link.weight) in said(at)
    layers, heads = run.attentions.shape[:2]
    assert home_words.LINK_NOTE.format(heads=layers * heads) in said(at)
    _, cells = maps(at)
    np.testing.assert_allclose(
        cells[0, 0].astype(int),
        pool_maps(run.attentions[link.layer, link.head]).astype(int),
        atol=1,
    )


def guess_at(bert: Bert, text: str, pair: str, asked: tuple[int, ...]) -> MaskedPrediction:
    run = run_bert(bert, encode(bert, text, pair, asked))
    return predict_masked(bert, run, 5, asked[:1])[0]


def assert_guesses(bars: dict[str, Any], guess: MaskedPrediction) -> None:
    """The guesses as bars, and what is written among them, or as one more below them."""
    known = guess.original in guess.pieces
    shares = [*guess.probabilities, *([] if known else [guess.original_probability])]
    np.testing.assert_allclose(numbers(bars["data"][0]["x"]), shares, atol=1e-6)
    layout = bars["layout"]
    assert layout["yaxis"]["ticktext"] == [*guess.pieces, *([] if known else [guess.original])]
    (frame,), (note,) = layout["shapes"], layout["annotations"]
    written = guess.pieces.index(guess.original) if known else len(guess.pieces)
    assert frame["y0"] < numbers(bars["data"][0]["y"])[written] < frame["y1"]
    assert frame["line"]["dash"]
    assert note["text"] == home_words.WRITTEN.format(
        rank=guess.original_rank, vocabulary=guess.vocabulary
    )


def test_home_does_not_draw_what_is_written_twice(embedded: Bert) -> None:
    for example, known in ((EXAMPLES[0], True), (EXAMPLES[5], False)):
        assert example.token is not None
        guess = guess_at(embedded, example.text, example.pair, (example.token,))
        assert (guess.original in guess.pieces) == known
        at = visit("home", **example.view().to_query())
        assert_guesses(figures(at)[0], guess)
        assert len(numbers(figures(at)[0]["data"][0]["x"])) == (5 if known else 6)


def count_heads_as_strong(bert: Bert, view: View, weight: float) -> tuple[int, int]:
    """Of the other word tokens, those with some head that gives this much to a far word token."""
    encoding = encode(bert, view.text, view.pair)
    attentions = run_bert(bert, encoding).attentions
    assert attentions is not None
    places = word_positions(encoding)
    others = [
        [attentions[:, :, query, key].max() for key in places if abs(key - query) > 1]
        for query in places
        if query != view.look
    ]
    return sum(max(found) >= weight for found in others if found), sum(map(bool, others))


def test_home_says_how_often_some_head_gives_as_much(embedded: Bert) -> None:
    view = EXAMPLES[0].view()
    encoding = encode(embedded, view.text, view.pair)
    attentions = run_bert(embedded, encoding).attentions
    assert attentions is not None
    weight = attentions[view.layer, view.head, view.look, encoding.tokens.index("animal")]
    reaching, tokens = count_heads_as_strong(embedded, view, weight)
    text = said(visit("home", **view.to_query()))
    assert home_words.LINK_CHANCE.format(reaching=reaching, tokens=tokens) in text
    assert home_words.LINK_LEFT_OUT in text
    assert home_words.LINK_STRONGEST not in text  # the link's own head was asked for


def test_home_claims_to_be_the_strongest_only_of_what_it_compares(embedded: Bert) -> None:
    text = said(visit("home", a=KEYS))
    assert f"{home_words.LINK_STRONGEST} " in text
    assert home_words.LINK_LEFT_OUT in text
    alone = said(visit("home", a="cat"))  # nothing to compare with
    assert home_words.LINK_STRONGEST not in alone
    assert home_words.LINK_LEFT_OUT not in alone


@pytest.mark.parametrize("reaching", [0, 1, 5])
def test_home_counts_in_correct_english(reaching: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ui.home.readings.how_often_as_strong", lambda *_: LinkChance(pairs=8, reaching=reaching)
    )
    text = said(visit("home", a=KEYS))
    begin = {0: "None of the 8", 1: "1 of the 8", 5: "5 of the 8"}[reaching]
    assert f"{begin} other tokens {'have' if reaching == 5 else 'has'} a head" in text


def test_home_shows_how_words_are_cut_and_what_is_unknown() -> None:
    text = said(visit("home", a="Tokenization xyzzyx 🦖 matters."))
    assert f"xyzzyx</bdi> <span class='bl-quiet'>{home_words.SPLIT}</span>" in text
    assert home_words.UNKNOWN.format(count=1) in text


def test_home_with_one_piece_says_so() -> None:
    assert home_words.PIECES_ONE in said(visit("home", a="cat"))


def test_home_with_a_typed_mask_has_no_word_to_compare_with() -> None:
    at = visit("home", a="The keys [MASK] on the table.")
    assert home_words.TYPED_MASK in said(at)
    assert not figures(at)[0]["layout"].get("shapes")


# Tokenization


def test_tokenization_counts_against_the_limit(embedded: Bert) -> None:
    at = visit("tokenization", a=KEYS, b="He sat.")
    encoding = encode(embedded, KEYS, "He sat.")
    assert f"{len(encoding)} of 512 tokens" in said(at)
    assert share_of(figures(at)[0]) == len(encoding) / 512


def test_tokenization_shows_ids_places_and_segments_of_every_piece(embedded: Bert) -> None:
    at = visit("tokenization", a="Cafés are xyzzyx.", b="So what?")
    encoding = encode(embedded, "Cafés are xyzzyx.", "So what?")
    pieces = [piece for group in strip(at)["groups"] for piece in group["pieces"]]
    assert [piece["lines"][0] for piece in pieces] == [str(number) for number in encoding.ids]
    assert [piece["lines"][1] for piece in pieces] == [str(at) for at in range(len(encoding))]
    assert [piece["lines"][3] for piece in pieces] == ["AB"[part] for part in encoding.segments]


def test_tokenization_says_what_was_changed_and_what_is_unknown() -> None:
    text = said(visit("tokenization", a="Cafés like 🦖."))
    assert "Cafés</bdi> <span class='bl-quiet'>→</span> <bdi>cafes" in text
    assert "U+1F996" in text


def test_tokenization_traces_the_word_that_is_looked_from_or_the_one_in_most_pieces() -> None:
    assert "How “xyzzyx” was cut" in said(visit("tokenization", a="the xyzzyx sat"))
    assert "How “sat” was cut" in said(visit("tokenization", a="the cat sat", look="3"))


@pytest.mark.parametrize(
    ("text", "strong", "quiet"),
    [
        ("the cat sat", "BERT cuts no word of it", "3 words, each one piece"),
        ("the zyzzyva sat", "BERT cuts 1 of 3 words into pieces", "“zyzzyva” into most: 4"),
        ("zyzzyva", "BERT cuts this word into pieces", "“zyzzyva” into most: 4"),
        ("the 🦖 sat", "1 of 3 words cannot be spelt with this vocabulary", ""),
        ("🦖", "This word cannot be spelt with this vocabulary", ""),
    ],
)
def test_tokenization_says_what_the_cut_made_of_the_text(
    text: str, strong: str, quiet: str, embedded: Bert
) -> None:
    at = visit("tokenization", a=text, b="")
    assert f"<h2 class='bl-heading'>{strong} <span>{quiet}</span>" in said(at)
    if "4" in quiet:
        assert encode(embedded, "zyzzyva").word_ids.count(0) == 4


def test_tokenization_has_its_table_as_a_tab_with_a_link(embedded: Bert) -> None:
    at = visit("tokenization", a=KEYS, b="He sat.", tab="table")
    encoding = encode(embedded, KEYS, "He sat.")
    table = at.dataframe[0].value
    assert list(table["id"]) == list(encoding.ids)
    assert list(table["piece"]) == list(encoding.tokens)
    assert f"{len(encoding)} of 512 tokens" in said(at)
    assert figures(at) == []  # the cut is not drawn while its tab is closed
    open_tab(at, tokenization_words.TABS["cut"])
    assert "tab" not in at.query_params
    assert len(figures(at)) == 1
    assert not at.dataframe
    open_tab(at, tokenization_words.TABS["table"])
    assert at.query_params["tab"] == "table"


# Attention


@pytest.mark.parametrize("average", ["head", "layer", "all"])
@pytest.mark.parametrize("special", ["show", "hide", "rest"])
def test_the_map_carries_the_weights_that_the_switches_ask_for(
    average: str, special: str, embedded: Bert
) -> None:
    at = visit("attention", a=PAIR[0], b=PAIR[1], head="3.7", average=average, special=special)
    assert_whole(at, "attention")
    run = run_bert(embedded, encode(embedded, *PAIR))
    assert run.attentions is not None
    added = [0, 9, len(run.encoding) - 1]
    assert [run.encoding.tokens[at] for at in added] == ["[CLS]", "[SEP]", "[SEP]"]
    shown = read_attention(
        run.attentions,
        run.encoding.tokens,
        None if average == "all" else 2,
        6 if average == "head" else None,
        hidden=added if special != "show" else (),
        renormalise=special == "rest",
    )
    weights = numbers(figures(at)[-1]["data"][0]["z"])
    np.testing.assert_allclose(weights, shown.weights, atol=1e-5)
    assert len(weights) == len(run.encoding) - (3 if special != "show" else 0)
    notes = (attention_words.HIDDEN_NOTE, attention_words.REST_NOTE)
    expected = {"show": (False, False), "hide": (True, False), "rest": (False, True)}[special]
    assert tuple(note in said(at) for note in notes) == expected


def test_all_heads_are_sent_as_small_maps(embedded: Bert) -> None:
    at = visit("attention", a=PAIR[0], b=PAIR[1], head="3.7")
    run = run_bert(embedded, encode(embedded, *PAIR))
    assert run.attentions is not None
    header, cells = maps(at)
    assert (header["layer"], header["head"]) == (2, 6)
    np.testing.assert_allclose(cells.astype(int), pool_maps(run.attentions).astype(int), atol=1)


def test_the_switches_change_the_map_and_the_address() -> None:
    at = visit("attention", a=KEYS)
    assert len(numbers(figures(at)[0]["data"][0]["z"])) == 12
    widget(at.selectbox, "attention.special").set_value("hide").run()
    assert_whole(at, "attention")
    assert at.query_params["special"] == "hide"
    assert len(numbers(figures(at)[0]["data"][0]["z"])) == 10
    widget(at.selectbox, "attention.average").set_value("all").run()
    assert at.query_params["average"] == "all"
    assert "All layers and heads, mean" in said(at)


def test_a_token_that_is_looked_from_has_its_row_and_column(embedded: Bert) -> None:
    at = visit("attention", a=KEYS, head="4.2", look="6")
    run = run_bert(embedded, encode(embedded, KEYS))
    assert run.attentions is not None
    weights = run.attentions[3, 1]
    row, column, _ = figures(at)
    for figure, expected in ((row, weights[6]), (column, weights[:, 6])):
        found = numbers(figure["data"][0]["x"])
        np.testing.assert_allclose(found, np.sort(expected)[::-1][: len(found)], atol=1e-6)
    assert row["layout"]["yaxis"]["ticktext"][0] == "keys"


def test_a_hidden_token_that_is_looked_from_has_neither() -> None:
    at = visit("attention", a=KEYS, look="0", special="hide")
    assert_whole(at, "attention")
    assert_pictures(at, "attention", looking=False)
    assert attention_words.LOOK_NOTE in said(at)


@pytest.mark.parametrize("masks", [False, True])
def test_attention_reads_the_text_as_typed_unless_asked_for_its_masks(
    masks: bool, embedded: Bert
) -> None:
    at = visit("attention", a=KEYS, mask="6", **({"masks": "read"} if masks else {}))
    run = run_bert(embedded, encode(embedded, KEYS, None, [6] if masks else []))
    assert run.attentions is not None
    np.testing.assert_allclose(
        numbers(figures(at)[-1]["data"][0]["z"]), run.attentions[0, 0], atol=1e-5
    )
    assert masked_in_strip(at) == ([6] if masks else [])
    widget(at.toggle, "attention.with_masks").set_value(not masks).run()
    assert masked_in_strip(at) == ([] if masks else [6])


# Masked words


def test_masked_words_lists_the_guesses_and_the_word_in_the_text(embedded: Bert) -> None:
    at = visit("masked_words", a=KEYS, mask="6", guesses="7")
    run = run_bert(embedded, encode(embedded, KEYS, None, [6]))
    (guess,) = predict_masked(embedded, run, 7)
    assert guess.original in guess.pieces  # it is framed, and not drawn twice
    (bars,) = figures(at)
    np.testing.assert_allclose(numbers(bars["data"][0]["x"]), guess.probabilities, atol=1e-6)
    assert bars["layout"]["yaxis"]["ticktext"] == list(guess.pieces)
    assert masked_in_strip(at) == [6]
    (note,) = bars["layout"]["annotations"]
    assert f"rank {guess.original_rank:,} of 30,522" in note["text"]


def test_a_written_word_that_is_not_listed_has_a_bar_below_the_guesses(embedded: Bert) -> None:
    text = "The keys to the cabinet melted on the table."
    at = visit("masked_words", a=text, mask="6", guesses="3")
    (guess,) = predict_masked(embedded, run_bert(embedded, encode(embedded, text, None, [6])), 3)
    assert guess.original not in guess.pieces
    (bars,) = figures(at)
    np.testing.assert_allclose(
        numbers(bars["data"][0]["x"]), [*guess.probabilities, guess.original_probability], atol=1e-6
    )
    assert bars["layout"]["yaxis"]["ticktext"] == [*guess.pieces, guess.original]


def test_without_a_mask_one_is_suggested(embedded: Bert) -> None:
    at = visit("masked_words", a=KEYS)
    assert masked_in_strip(at) == list(default_mask(encode(embedded, KEYS)))
    assert view_of(at).masked == ()


def test_several_masks_are_guessed_apart_and_one_is_listed(embedded: Bert) -> None:
    at = visit("masked_words", a=KEYS, mask="2,6,9")
    assert_whole(at, "masked_words")
    assert masked_in_strip(at) == [2, 6, 9]
    run = run_bert(embedded, encode(embedded, KEYS, None, [2, 6, 9]))
    guesses = {guess.position: guess for guess in predict_masked(embedded, run, 10)}
    for place in (6, 9, 2):
        (pills,) = at.pills
        assert len(pills.options) == 3
        pills.set_value(place).run()
        assert chosen(at, "place") == place
        labels = figures(at)[0]["layout"]["yaxis"]["ticktext"]
        assert labels[:10] == list(guesses[place].pieces)


def test_asking_leaves_the_word_in_sight(embedded: Bert) -> None:
    at = visit("masked_words", a=KEYS, click="ask", place="6")
    run = run_bert(embedded, encode(embedded, KEYS))
    (guess,) = predict_masked(embedded, run, 10, [6])
    assert masked_in_strip(at) == []
    assert masked_words_words.AT.format(word="are") in said(at)
    np.testing.assert_allclose(
        numbers(figures(at)[0]["data"][0]["x"]), guess.probabilities, atol=1e-6
    )
    assert strip(at)["label"] == masked_words_words.STRIP_ASK


def test_the_switches_of_masked_words_change_the_view() -> None:
    at = visit("masked_words", a=KEYS, mask="6")
    widget(at.slider, "masked_words.guesses").set_value(50).run()
    assert len(numbers(figures(at)[0]["data"][0]["x"])) == 50
    widget(at.toggle, "masked_words.whole_words").set_value(False).run()
    assert chosen(at, "whole_words") is False
    assert strip(at)["wholeWords"] is False
    widget(at.toggle, "masked_words.ask").set_value(True).run()
    assert chosen(at, "ask") is True
    assert at.query_params == {
        "a": KEYS,
        "mask": "6",
        "guesses": "50",
        "click": "ask",
        "pieces": "single",
    }


def test_a_guess_that_is_pressed_is_written_into_the_sentence_and_other_masks_stay() -> None:
    at = visit("masked_words", a=KEYS, mask="6,9", place="6")
    remain = figures(at)[0]["layout"]["yaxis"]["ticktext"].index("remain")
    press_bar(at, "masked_words.bars", remain)
    assert_whole(at, "masked_words")
    assert view_of(at).text == KEYS.replace("are", "remain")
    assert view_of(at).masked == (9,)
    assert masked_in_strip(at) == [9]
    assert widget(at.text_input, "masked_words.text").value == KEYS.replace("are", "remain")


def test_all_masks_can_be_taken_off() -> None:
    at = visit("masked_words", a=KEYS, mask="2,6", place="6")
    press(at, "masked_words.presses", press="clear")
    assert (view_of(at).masked, chosen(at, "place")) == ((), None)


@pytest.mark.parametrize("page", ["masked_words", "next_sentence"])
def test_masks_that_go_with_the_text_are_missed_in_a_sentence(page: str) -> None:
    at = visit(page, a=KEYS, b="He sat.", mask="6")
    type_text(at, page, "the cat")
    assert view_of(at).masked == ()
    assert common.MASKS_DROPPED in said(at)
    at.run()
    assert common.MASKS_DROPPED not in said(at)


# Next sentence


def test_next_sentence_shows_the_librarys_score(embedded: Bert) -> None:
    at = visit("next_sentence", a=PAIR[0], b=PAIR[1])
    score = score_next_sentence(embedded, run_bert(embedded, encode(embedded, *PAIR)))
    assert share_of(figures(at)[0]) == pytest.approx(score.is_next, abs=1e-6)
    text = said(at)
    assert next_sentence_words.FOLLOWS in text
    for number in (percent(score.is_next), percent(score.not_next)):
        assert number in text
    assert next_sentence_words.LOGIT.format(logit=score.is_next_logit) in text
    assert next_sentence_words.LOGIT.format(logit=score.not_next_logit) in text


def test_a_pair_that_does_not_follow_is_said_not_to() -> None:
    example = EXAMPLES[-1]
    at = visit("next_sentence", a=example.text, b=example.pair)
    assert next_sentence_words.NOT_FOLLOWS in said(at)
    assert share_of(figures(at)[0]) < 0.1


def test_swapping_reads_b_first(embedded: Bert) -> None:
    at = visit("next_sentence", a=PAIR[0], b=PAIR[1])
    press(at, LINKS, press="swap")
    assert_whole(at, "next_sentence")
    assert (view_of(at).text, view_of(at).pair) == PAIR[::-1]
    score = score_next_sentence(embedded, run_bert(embedded, encode(embedded, *PAIR[::-1])))
    assert share_of(figures(at)[0]) == pytest.approx(score.is_next, abs=1e-6)


def test_hidden_words_are_counted_beside_the_score_as_typed(embedded: Bert) -> None:
    at = visit("next_sentence", a=PAIR[0], b=PAIR[1], mask="4,11", masks="read")
    masked, typed = (
        score_next_sentence(embedded, run_bert(embedded, encode(embedded, *PAIR, positions)))
        for positions in ([4, 11], [])
    )
    assert share_of(figures(at)[0]) == pytest.approx(masked.is_next, abs=1e-6)
    expected = next_sentence_words.MASKED_NOTE.format(count=2, share=percent(typed.is_next))
    assert expected in said(at)
    press(at, LINKS, press="unmask")
    assert share_of(figures(at)[0]) == pytest.approx(typed.is_next, abs=1e-6)
    assert view_of(at).masked == (4, 11)


def test_without_a_second_sentence_no_score_is_shown() -> None:
    at = visit("next_sentence", a=PAIR[0])
    assert figures(at) == []
    assert next_sentence_words.NEEDS_PAIR in said(at)
    assert "bert_lens_presses" not in [one.component_name for one in components(at)]


# What was pressed on a text that is another by now


@pytest.mark.parametrize(
    ("page", "query", "key"),
    [
        *((page, {}, f"{page}.strip") for page in PAGES),
        ("next_sentence", {"nsp": "why"}, "next_sentence.why.strip"),
        ("attention", {"reading": "arcs"}, "attention.arcs"),
    ],
)
def test_a_press_on_a_token_does_nothing_once_the_text_is_another(
    page: str, query: dict[str, str], key: str
) -> None:
    at = visit(page, a="the cat sat", b="it slept", **query)
    sent = (
        {"position": 2, "side": "query", "pinned": True}
        if key == "attention.arcs"
        else {"position": 2}
    )
    other = view_of(at).with_text("a dog ran", "it barked")
    at.session_state["view"] = other
    assert view_of(press(at, key, **sent)) == other
    assert view_of(press(at, key, **sent)) != other


def test_what_is_dropped_and_cannot_be_seen_is_named_by_its_number() -> None:
    at = visit("tokenization", a="cafe\u0301 co\u00adop \ufe0f")
    for row in ("without U+0301", "without U+00AD", "without U+FE0F"):
        assert row in said(at)
