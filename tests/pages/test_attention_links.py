"""Which head links two words: ranked, drawn, and held against other pairs."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.testing import assert_allclose
from streamlit.testing.v1 import AppTest

import bert_core
from bert_core.attention import links as head_links
from bert_core.figures.labels import percent
from bert_core.intervals import wilson_interval
from bert_core.model.bert import Bert
from bert_core.model.inference import run_bert
from bert_core.model.tokenization import Encoding, encode
from bert_core.texts.passages import like_length
from tests.kit import visit as page
from tests.kit.attention_page import FEW, KEYS, NAMES, assert_fine, scanned
from tests.kit.visit import chosen, figure, numbers, press, said, tables, view_of, visit, widget
from ui.attention.anyway import verdict
from ui.attention.links import headline
from ui.words import attention_links as link_words

pytest_plugins = ("tests.kit.attention_page",)
pytestmark = pytest.mark.usefixtures("few_texts")

XYZZYX = "The xyzzyx stopped because it was tired."


def test_the_heads_that_link_two_words_are_ranked_and_held_against_chance(embedded: Bert) -> None:
    encoding = encode(embedded, XYZZYX)
    query, keys = encoding.tokens.index("it"), encoding.words[1].positions
    assert len(keys) > 1
    at = visit("attention", a=encoding.text, study="links")
    assert link_words.FIRST in said(at)
    press(at, "attention.strip", position=query)
    assert link_words.SECOND.format(word="it") in said(at)
    press(at, "attention.strip", position=keys[1])
    assert page.strip(at)["picked"] == [keys[1], query]
    attentions = run_bert(embedded, encoding).attentions
    ranked = bert_core.rank_links(attentions, [query], keys)
    names = [NAMES[12 * link.layer + link.head] for link in ranked]
    most, even = percent(ranked[0].weight), percent(len(keys) / len(encoding))
    quiet = f"{most} of its attention at most; even attention gives {even}"
    assert f"No head links “it” to “xyzzyx” <span>{quiet}</span>" in said(at)
    bars = figure(at, "attention.links")
    assert bars["layout"]["yaxis"]["ticktext"] == names[:9]
    assert_allclose(numbers(bars["data"][0]["x"]), [one.weight for one in ranked[:9]], atol=1e-6)
    tiles = numbers(figure(at, "attention.all_links")["data"][0]["z"])
    assert_allclose(tiles, attentions[:, :, query, keys].sum(axis=-1), atol=1e-6)
    check_chance(scanned(at), embedded, encoding, ([query], keys), ranked[0].weight)
    press(at, "attention.strip", position=query)
    assert (view_of(at).look, chosen(at, "key")) == (None, None)


def check_chance(
    at: AppTest,
    embedded: Bert,
    encoding: Encoding,
    link: tuple[Sequence[int], Sequence[int]],
    weight: float,
) -> None:
    """How often some head does so anyway: in this text, and in others, which the waffle counts."""
    attentions = run_bert(embedded, encoding).attentions
    assert link_words.ANYWAY_QUIET.format(count=3, side="before") in said(at)
    here = bert_core.how_often(attentions, encoding, -3, weight, exclude=link, unit="word")
    runs = [run_bert(embedded, encode(embedded, *text)) for text in FEW]
    best = (head_links.best_by_distance(r.attentions, r.encoding, unit="word") for r in runs)
    there = head_links.merge(best).reaching(-3, weight)
    assert there.pairs > 10
    fewest, most = like_length(len(encoding))
    where = f"in {len(FEW)} texts of {fewest} to {most} tokens"
    rows = []
    for name, found in ((where, there), (link_words.HERE, here)):
        low, high = (100 * end for end in wilson_interval(found.reaching, found.pairs))
        share = f"{percent(found.share)} ({low:.1f} to {high:.1f})"
        rows.append([name, f"{found.reaching} of {found.pairs} pairs", share])
    assert tables(at) == [rows]
    squares = numbers(figure(at, "attention.anyway")["data"][0]["z"])
    assert np.nansum(squares) == there.reaching
    assert np.isfinite(squares).sum() == there.pairs
    verdict = link_words.VERDICTS[there.verdict]
    assert verdict.format(share=percent(weight), heads=72) in said(at)


@pytest.mark.parametrize(
    ("reaching", "pairs", "says"),
    [
        (36, 1102, "so this link says something."),
        (300, 1102, "so this link says little."),
        (110, 1102, "so it is not clear whether this link says anything."),
        (0, 9, "too few pairs"),
        (0, 0, "too few pairs"),
    ],
)
def test_the_chance_of_a_link_ends_in_a_verdict(reaching: int, pairs: int, says: str) -> None:
    assert says in verdict(head_links.LinkChance(pairs, reaching), 0.366, 72)


def test_a_link_that_is_no_more_than_even_attention_is_said_to_be_none() -> None:
    link = head_links.RankedLink(layer=2, head=6, weight=0.08, rank=1)
    names = ("it", "animal")
    strong, quiet = headline(link, names, "back to", even=0.04)
    assert strong == "Head 3.7 takes “it” back to “animal”"
    assert quiet == f"{percent(0.08)} of its attention"
    strong, quiet = headline(link, names, "back to", even=0.041)
    assert strong == "No head links “it” to “animal”"
    assert percent(0.08) in quiet
    assert percent(0.041) in quiet


def test_texts_too_short_for_any_other_give_no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ui.attention.anyway.passages_for", lambda page, tokens: ())
    at = visit("attention", a="It ran.", study="links", look="1", key="2")
    assert_fine(at)
    assert link_words.NO_PAIRS in said(at)
    assert link_words.VERDICTS["few"] in said(at)


def test_a_bar_or_a_tile_opens_its_head_in_the_first_tab(embedded: Bert) -> None:
    link = {"a": XYZZYX, "study": "links", "look": "7", "key": "2", "average": "all"}
    attentions = run_bert(embedded, encode(embedded, XYZZYX)).attentions
    keys = encode(embedded, XYZZYX).words[1].positions
    ranked = bert_core.rank_links(attentions, [7], keys)
    for chart, number, head in (
        ("attention.links", 1, (ranked[1].layer, ranked[1].head)),
        ("attention.all_links", 12 * 4 + 3, (4, 3)),
    ):
        at = page.press_bar(visit("attention", **link), chart, number)
        assert (view_of(at).layer, view_of(at).head) == head
        assert (chosen(at, "study"), chosen(at, "average")) == ("none", "head")
        shown = numbers(figure(at, "attention.map")["data"][0]["z"])
        assert_allclose(shown, attentions[head], atol=1e-6)


def test_a_press_with_shift_asks_which_head_links_the_two() -> None:
    at = visit("attention", a=KEYS)
    press(at, "attention.strip", position=6, shift=True)  # nothing is looked from yet
    assert (view_of(at).look, chosen(at, "key"), chosen(at, "study")) == (6, None, "none")
    press(at, "attention.strip", position=2, shift=True)
    assert (view_of(at).look, chosen(at, "key"), chosen(at, "study")) == (6, 2, "links")
    assert "“are” back to “keys”" in said(at)
    press(at, "attention.strip", position=5, shift=True)
    assert (view_of(at).look, chosen(at, "key")) == (6, 5)
    press(at, "attention.strip", position=6, shift=True)
    assert (view_of(at).look, chosen(at, "key")) == (None, None)


def test_both_words_can_be_chosen_from_menus(embedded: Bert) -> None:
    at = visit("attention", a="The cat saw the cat.", study="links")
    for field, position in (("look", 5), ("key", 2)):
        menu = widget(at.selectbox, f"attention.{field}")
        assert menu.value is None
        at = menu.set_value(position).run()
        assert widget(at.selectbox, f"attention.{field}").value == position
    assert (view_of(at).look, chosen(at, "key")) == (5, 2)
    assert "“cat” back to “cat”" in said(at)
    options = widget(at.selectbox, "attention.key").options
    assert len(set(options)) == len(options) == 6
    assert options[1] == "to cat · 2"


@pytest.mark.parametrize("second", [2, 3])
def test_a_word_is_not_linked_to_itself(second: int, embedded: Bert) -> None:
    encoding = encode(embedded, XYZZYX)
    assert {2, 3} <= set(encoding.words[1].positions)
    at = visit("attention", a=encoding.text, study="links", look="2", key=str(second))
    assert link_words.SAME.format(word="xyzzyx") in said(at)
    assert "takes “xyzzyx”" not in said(at)
    assert link_words.ANYWAY not in said(at)
    press(at, "attention.strip", position=encoding.tokens.index("it"))
    assert "“xyzzyx” to “it”" in said(at)
