"""BertViz's views: what the pages hold, what they draw without a network, what they never run."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route

from bert_core.errors import InputError
from bert_core.exports import bertviz as bertviz_html
from bert_core.exports import bertviz_page
from bert_core.exports.bertviz import (
    HEAD_VIEW_TOKENS,
    MODEL_VIEW_TOKENS,
    NEURON_VIEW_TOKENS,
    head_view_html,
    head_view_limit,
    model_view_html,
    model_view_limit,
    neuron_view_html,
    read_queries_and_keys,
)
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import encode
from bert_core.palette import palette

EVIL = "</script><!--<script><img src=x onerror=window.had=1><script>window.had=1</script>"
LAYERS, HEADS, TOKENS, START_OF_B = 2, 4, 8, 5
A, B = slice(0, START_OF_B), slice(START_OF_B, TOKENS)
VIEWS = ("head", "model", "neuron")

# The numbers that lines were drawn from.
DRAWN = "lines => lines.map(line => line.__data__)"

MakeView = Callable[..., str]
Open = Callable[[str], Page]


@pytest.fixture(scope="module")
def run(tiny: Bert) -> BertRun:
    """[CLS] the dog sat [SEP] a cat [SEP]"""
    run = run_bert(tiny, encode(tiny, "the dog sat", "a cat"))
    assert len(run.encoding) == TOKENS
    return run


@pytest.fixture(scope="module")
def make(tiny: Bert) -> MakeView:
    def make(view: str, run: BertRun, **options: Any) -> str:
        if view == "neuron":
            return neuron_view_html(tiny, run, **options)
        return {"head": head_view_html, "model": model_view_html}[view](run, **options)

    return make


def evil(run: BertRun) -> BertRun:
    """The same numbers for a vocabulary that attacks."""
    tokens = (EVIL, *run.encoding.tokens[1:])
    return replace(run, encoding=replace(run.encoding, tokens=tokens))


def long_run(tiny: Bert, tokens: int) -> BertRun:
    run = run_bert(tiny, encode(tiny, " ".join(["cat"] * (tokens - 2))))
    assert len(run.encoding) == tokens
    return run


def data_of(html: str) -> dict[str, Any]:
    (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', html)
    return json.loads(block)


# What the pages hold


@pytest.mark.parametrize("view", VIEWS)
def test_weights_are_those_of_the_run_to_four_digits(
    view: str, make: MakeView, run: BertRun
) -> None:
    data = data_of(make(view, run))
    np.testing.assert_allclose(np.array(data["weights"]) / 1e4, run.attentions, atol=0.501e-4)
    assert data["tokens"] == list(run.encoding.tokens)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dark", [False, True])
def test_page_names_no_address_that_could_be_fetched(
    view: str, dark: bool, make: MakeView, run: BertRun
) -> None:
    html = make(view, run, dark=dark)
    vocabularies = ("1999/xhtml", "2000/svg", "1999/xlink", "2000/xmlns/", "XML/1998/namespace")
    named = {f"http://www.w3.org/{name}" for name in vocabularies}
    assert set(re.findall(r"""(?:https?|wss?|ftp)://[^\s"'`]*""", html)) <= named
    markup = re.sub(r"(?s)(<script[^>]*>).*?</script>", r"\1", html)
    assert not re.search(r"<(?:link|iframe|object|embed|base)\b|@import|url\(|src=|href=", markup)
    assert "default-src 'none'" in html


@pytest.mark.parametrize("view", VIEWS)
def test_equal_input_gives_an_equal_page(
    view: str, make: MakeView, run: BertRun, tiny: Bert
) -> None:
    again = run_bert(tiny, encode(tiny, "the dog sat", "a cat"))
    assert make(view, run) == make(view, again)
    assert make(view, run) != make(view, run, dark=True)


@pytest.mark.parametrize("view", VIEWS)
def test_text_is_in_the_data_and_nowhere_else(view: str, make: MakeView, run: BertRun) -> None:
    html = make(view, evil(run))
    assert html.count("<script") == make(view, run).count("<script")
    assert html.count("</script>") == make(view, run).count("</script>")
    assert EVIL not in html
    assert data_of(html)["tokens"][0] == EVIL


def test_libraries_hold_nothing_that_ends_or_opens_a_script_block() -> None:
    for code in (*bertviz_page._libraries(), *map(bertviz_page._bertviz, VIEWS)):
        assert "</script" not in code.lower()
        assert "<!--" not in code
        assert "PYTHON_PARAMS;" not in code
        assert "require.config" not in code
    assert "v5.7.0" in bertviz_page._libraries()[0][:60]


def test_queries_and_keys_give_the_weights(tiny: Bert, run: BertRun) -> None:
    queries, keys = read_queries_and_keys(tiny, run)
    assert queries.shape == keys.shape == (LAYERS, HEADS, TOKENS, tiny.hidden // HEADS)
    scores = np.einsum("lhqd,lhkd->lhqk", queries, keys) / np.sqrt(queries.shape[-1])
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(weights, run.attentions, atol=1e-5)


def test_queries_and_keys_are_those_of_bertvizs_own_model(tiny: Bert, run: BertRun) -> None:
    import torch
    from bertviz import transformers_neuron_view as old

    model = old.BertModel(old.BertConfig.from_dict(tiny.model.config.to_dict())).eval()
    state = tiny.model.bert.state_dict()
    assert not model.load_state_dict(state, strict=False).missing_keys
    ids, segments = (torch.tensor([x]) for x in (run.encoding.ids, run.encoding.segments))
    with torch.inference_mode():
        layers = model(ids, token_type_ids=segments)[-1]
    queries, keys = read_queries_and_keys(tiny, run)
    for at, layer in enumerate(layers):
        np.testing.assert_allclose(queries[at], layer["queries"][0], atol=1e-5)
        np.testing.assert_allclose(keys[at], layer["keys"][0], atol=1e-5)


def test_no_view_imports_the_packages_it_reads() -> None:
    code = (
        "import sys; from bert_core.exports import bertviz_page as page; page._libraries();"
        "[page._bertviz(view) for view in ('head', 'model', 'neuron')];"
        "print({'bertviz', 'mpld3', 'matplotlib', 'IPython', 'boto3'} & sys.modules.keys())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "set()"


# What is refused


def test_limits_are_those_named_and_shrink_with_the_model() -> None:
    assert head_view_limit(12) == HEAD_VIEW_TOKENS
    assert model_view_limit(12, 12) == MODEL_VIEW_TOKENS
    assert model_view_limit(24, 16) < MODEL_VIEW_TOKENS < model_view_limit(6, 12)
    assert 6 * 12 * model_view_limit(6, 12) ** 2 <= 144 * MODEL_VIEW_TOKENS**2


def test_longer_texts_than_a_view_bears_are_refused_with_a_sentence(
    tiny: Bert, make: MakeView, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HEAD_VIEW_TOKENS", "MODEL_VIEW_TOKENS", "NEURON_VIEW_TOKENS"):
        monkeypatch.setattr(bertviz_html, name, 6)
    limits = {"head": head_view_limit(HEADS), "model": model_view_limit(LAYERS, HEADS), "neuron": 6}
    for view, limit in limits.items():
        make(view, long_run(tiny, limit))
        with pytest.raises(InputError, match=f"{limit} tokens .* {limit + 1}.* Shorten"):
            make(view, long_run(tiny, limit + 1))


def test_neuron_view_bears_more_than_the_examples_have() -> None:
    assert NEURON_VIEW_TOKENS >= 32


@pytest.mark.parametrize("view", ["head", "neuron"])
@pytest.mark.parametrize(
    ("layer", "head", "sentence"),
    [(LAYERS, None, "no layer 3"), (-1, None, "no layer 0"), (0, HEADS, "no head 5")],
)
def test_layers_and_heads_that_are_not_there_are_refused(
    view: str, layer: int, head: int | None, sentence: str, make: MakeView, run: BertRun
) -> None:
    with pytest.raises(InputError, match=sentence):
        make(view, run, layer=layer, head=head)


@pytest.mark.parametrize("view", VIEWS)
def test_runs_that_kept_too_little_are_refused(view: str, make: MakeView, run: BertRun) -> None:
    with pytest.raises(InputError, match="kept no attentions"):
        make(view, replace(run, attentions=None))
    with pytest.raises(InputError, match="kept no hidden states"):
        make("neuron", replace(run, hidden_states=None))


# What a browser draws, without a network


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens a document in a tab from which nothing goes out; in the end it had no complaint."""
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    tab = context.new_page()
    tab.set_default_timeout(30_000)
    heard: list[str] = []

    def refuse(route: Route) -> None:
        heard.append(f"asked for {route.request.url}")
        route.abort()

    tab.route("**/*", refuse)
    tab.on("pageerror", lambda error: heard.append(str(error)))
    tab.on("console", lambda said: heard.append(said.text) if said.type == "error" else None)

    def open_page(html: str) -> Page:
        tab.set_content(html)
        tab.wait_for_selector("#vis svg")
        return tab

    yield open_page
    assert heard == []
    context.close()


def shown_options(tab: Page, name: str) -> list[str]:
    return tab.locator(f"#{name} option").all_inner_texts()


def opacities(tab: Page) -> np.ndarray:
    """The head view's lines, (head, query, key)."""
    found = tab.locator("#attention line").evaluate_all(
        "lines => lines.map(line => Number(line.getAttribute('stroke-opacity')))"
    )
    return np.array(found).reshape(HEADS, TOKENS, TOKENS)


@pytest.mark.parametrize("dark", [False, True])
def test_head_view_draws_each_weight_as_strong_as_it_is(
    dark: bool, make: MakeView, run: BertRun, open_page: Open
) -> None:
    tab = open_page(make("head", run, layer=1, dark=dark))
    assert tab.locator("#left text").all_text_contents() == list(run.encoding.tokens)
    assert tab.locator("#right text").all_text_contents() == list(run.encoding.tokens)
    np.testing.assert_allclose(opacities(tab) * HEADS, run.attentions[1], atol=1e-4)
    assert shown_options(tab, "layer") == ["1", "2"]
    assert tab.locator("#layer").input_value() == "2"


def test_head_view_begins_with_the_head_asked_for(
    make: MakeView, run: BertRun, open_page: Open
) -> None:
    tab = open_page(make("head", run, layer=0, head=2))
    others = [0, 1, 3]
    np.testing.assert_allclose(opacities(tab)[2], run.attentions[0, 2], atol=1e-4)
    assert not opacities(tab)[others].any()
    tab.locator("#layer").select_option("2")
    np.testing.assert_allclose(opacities(tab)[2], run.attentions[1, 2], atol=1e-4)


def test_pairs_can_be_looked_at_by_sentence(make: MakeView, run: BertRun, open_page: Open) -> None:
    tab = open_page(make("head", run, layer=0))
    parts = {"Sentence A": A, "Sentence B": B}
    spans = {f"{a} → {b}": (parts[a], parts[b]) for a in parts for b in parts}
    assert set(shown_options(tab, "filter")) == {"All", *spans}
    for name, (left, right) in spans.items():
        tab.locator("#filter").select_option(label=name)
        assert tab.locator("#left text").all_text_contents() == list(run.encoding.tokens[left])
        assert tab.locator("#right text").all_text_contents() == list(run.encoding.tokens[right])
        drawn = tab.locator("#attention line").evaluate_all(DRAWN)
        expected = run.attentions[0][:, left, right]
        np.testing.assert_allclose(drawn, expected.ravel(), atol=0.501e-4)


@pytest.mark.parametrize("view", VIEWS)
def test_single_sentence_offers_no_choice_of_sentences(
    view: str, tiny: Bert, make: MakeView, open_page: Open
) -> None:
    tab = open_page(make(view, run_bert(tiny, encode(tiny, "the dog sat"))))
    assert tab.locator("#filter").count() == 0


@pytest.mark.parametrize("dark", [False, True])
def test_model_view_draws_every_head_and_enlarges_the_one_clicked(
    dark: bool, make: MakeView, run: BertRun, open_page: Open
) -> None:
    tab = open_page(make("model", run, dark=dark))
    assert tab.locator("#vis line").count() == LAYERS * HEADS * TOKENS**2
    assert tab.locator("#vis svg > text").all_text_contents() == [
        "Heads", "1", "2", "3", "4", "Layers", "1", "2",
    ]  # fmt: skip
    tab.locator("#attn_background_1_2 ~ rect").click()
    assert tab.locator("text.detail").all_text_contents() == ["Layer 2, Head 3"]
    assert tab.locator("g.detail text").all_text_contents() == [*run.encoding.tokens] * 2
    drawn = tab.locator("g.detail line").evaluate_all(DRAWN)
    expected = run.attentions[1, 2].ravel()
    np.testing.assert_allclose(drawn, expected, atol=0.501e-4)


def test_neuron_view_shows_queries_keys_and_their_products(
    tiny: Bert, make: MakeView, run: BertRun, open_page: Open
) -> None:
    tab = open_page(make("neuron", run, layer=1, head=3))
    assert shown_options(tab, "layer") == ["1", "2"]
    assert shown_options(tab, "att_head") == ["1", "2", "3", "4"]
    tab.locator("#collapsed #leftText text").nth(2).hover()
    tab.locator("#collapsed #leftText g").nth(2).locator("rect").nth(1).click()
    values = "parts => parts.map(part => Number(part.getAttribute('data-value')))"
    queries, keys = (part[1, 3] for part in read_queries_and_keys(tiny, run))
    for name, expected in (
        ("queries .element", queries),
        ("keys .element", keys),
        ("product .element", queries[2] * keys),
        ("dotproducts .dotproduct", queries[2] @ keys.T / np.sqrt(keys.shape[-1])),
    ):
        shown = tab.locator(f"#expanded #{name}").evaluate_all(values)
        np.testing.assert_allclose(shown, expected.ravel(), atol=2e-3)


@pytest.mark.parametrize("view", VIEWS)
def test_token_that_closes_its_script_runs_nothing_and_is_shown(
    view: str, make: MakeView, run: BertRun, open_page: Open
) -> None:
    tab = open_page(make(view, evil(run)))
    if view == "model":
        tab.locator("#attn_background_0_0 ~ rect").click()
    tab.wait_for_function("document.readyState === 'complete'")
    assert tab.evaluate("window.had") is None
    assert tab.locator("img").count() == 0
    assert EVIL in tab.locator("#vis text").all_text_contents()


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("dark", [False, True])
def test_text_and_background_are_the_themes(
    view: str, dark: bool, make: MakeView, run: BertRun, open_page: Open
) -> None:
    tab = open_page(make(view, run, dark=dark))
    colours = palette(dark)
    shade = "e => getComputedStyle(e).backgroundColor"
    assert _hex(tab.locator("body").evaluate(shade)) == colours.background
    fills = tab.locator("#vis text").evaluate_all("es => es.map(e => getComputedStyle(e).fill)")
    for fill in map(_hex, fills):
        assert (int(fill[1:3], 16) > 0x80) == dark  # light letters on dark, dark ones on light
    if view == "model":
        grounds = tab.locator(".attn_background").evaluate_all(
            "es => es.map(e => getComputedStyle(e).fill)"
        )
        assert {_hex(ground) for ground in grounds} == {colours.background}


def _hex(colour: str) -> str:
    return "#{:02x}{:02x}{:02x}".format(*map(int, re.findall(r"\d+", colour)[:3]))
