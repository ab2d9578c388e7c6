"""The attention page: every reading of a head, with the library's own numbers in it."""

import csv
import io
import json
import re
from collections.abc import Callable
from itertools import chain

import numpy as np
import pytest
from numpy.testing import assert_allclose
from streamlit.runtime.media_file_manager import MediaFileManager

import bert_core
from bert_core.attention.arcs import read_arcs
from bert_core.attention.maps import head_name
from bert_core.attention.measures import KINDS
from bert_core.attention.roles import name_roles, strongest_share
from bert_core.exports import bertviz as bertviz_html
from bert_core.figures.labels import percent
from bert_core.figures.thumbnails import pool_maps
from bert_core.model.bert import Bert
from bert_core.model.inference import BertRun, run_bert
from bert_core.model.tokenization import encode
from tests.bert_core.exports.test_attention import read_html_weights
from tests.kit import visit as page
from tests.kit.attention_page import (
    HEAD,
    HOSTILE,
    KEYS,
    LAYER,
    NAMES,
    OPEN,
    PAIR,
    TEXTS,
    amount,
    assert_fine,
    role_line,
)
from tests.kit.tiny import save_tiny, tiny_model
from tests.kit.visit import (
    chosen,
    figure,
    numbers,
    open_tab,
    press,
    said,
    tables,
    type_text,
    view_of,
    visit,
    widget,
)
from ui.attention.does import what_it_does
from ui.choices.attention import BERTVIZ, READINGS, STUDIES
from ui.view import View, read_query
from ui.words import attention as words
from ui.words import attention_heads as head_words
from ui.words import attention_links as link_words
from ui.words import attention_query_key as query_key
from ui.words import attention_studies as study_words
from ui.words import common

pytest_plugins = ("tests.kit.attention_page",)
pytestmark = pytest.mark.usefixtures("few_texts")

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")

Files = dict[str, Callable[[], bytes]]

every_text = pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> Files:
    """What makes each file that the page drawn last has to take away, by the end of its name."""
    made: Files = {}
    keep = MediaFileManager.add_deferred

    def note(self: MediaFileManager, make: Callable[[], bytes], *rest: str, **named: str) -> str:
        made[named["file_name"].removeprefix("bert-lens-attention.")] = make
        return keep(self, make, *rest, **named)

    monkeypatch.setattr(MediaFileManager, "add_deferred", note)
    return made


# Every reading and every question opens


@every_text
@pytest.mark.parametrize("reading", READINGS[:3])
def test_every_reading_opens(reading: str, text: dict[str, str]) -> None:
    at = visit("attention", **text, reading=reading, look="2")
    assert_fine(at)
    drawn = [one.key for kind in ("plotly_chart", "bidi_component") for one in at.get(kind)]
    assert [name for name in READINGS if f"attention.{name}" in drawn] == [reading]
    assert not at.get("iframe")


@every_text
@pytest.mark.parametrize("view", BERTVIZ)
def test_bertviz_gets_the_run_of_the_page(view: str, text: dict[str, str], embedded: Bert) -> None:
    at = visit("attention", **text, head="3.7", reading="bertviz", bertviz=view)
    assert_fine(at)
    run = run_bert(embedded, encode(embedded, text["a"], text.get("b")))
    makers = {
        "head": lambda: bertviz_html.head_view_html(run, layer=LAYER, head=HEAD),
        "model": lambda: bertviz_html.model_view_html(run),
        "neuron": lambda: bertviz_html.neuron_view_html(embedded, run, layer=LAYER, head=HEAD),
    }
    shown, made = page.frame(at), makers[view]()
    assert NUMBER.sub("#", shown) == NUMBER.sub("#", made)
    pair = ([float(number) for number in NUMBER.findall(html)] for html in (shown, made))
    assert_allclose(*pair, atol=2e-4)
    assert "<img" not in shown
    assert page.frame(at.run()) == shown  # so that no frame is loaded again


@every_text
@pytest.mark.parametrize("study", STUDIES)
def test_every_question_opens_and_closes(study: str, text: dict[str, str]) -> None:
    pinned = {f"p{name}": f"{one} So?" for name, one in text.items()}
    at = visit("attention", **text, **pinned, study=study, look="1", key="3")
    assert_fine(at)
    lines = {
        "none": words.ALL_QUIET.format(layers=6, heads=12),
        "links": link_words.ANYWAY,
        "many": "attention.many.set",
        "flow": study_words.ROLLOUT,
        "alike": "attention.alike.stop",
        "compare": study_words.ALL_CHANGES,
    }
    if study == "alike":
        at.run()  # by now the heads are compared
        lines["alike"] = study_words.ALIKE_NEAREST
    for shown in (study, "none"):
        open_tab(at, words.TABS[shown])
        assert_fine(at)
        keys = " ".join(str(control.key) for control in at.segmented_control)
        found = {name for name, line in lines.items() if line in said(at) + keys}
        assert found == {shown}
        assert chosen(at, "study") == shown


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("block", ["all", "ab", "bb"])
def test_arcs_are_those_that_the_switches_ask_for(
    block: str, merged: bool, pair_run: BertRun
) -> None:
    extra = {"merge": "words"} if merged else {}
    at = visit("attention", **OPEN, reading="arcs", block=block, hold="45", **extra)
    shown = bert_core.read_attention(pair_run.attentions, pair_run.encoding.tokens, LAYER, HEAD)
    arcs = read_arcs(shown, pair_run.encoding, words=merged, which=block, share=0.45)
    header, weights = page.weights_in(at, "attention.arcs")
    assert [token["text"] for token in header["tokens"]] == list(arcs.labels)
    assert_allclose(weights, np.where(arcs.mask, arcs.weights, 0), atol=2e-5)
    assert (len(arcs.labels) < len(pair_run.encoding)) == (words.MERGED in said(at)) == merged
    for pinned, look in ((True, 3), (False, None)):
        press(at, "attention.arcs", position=3, side="query", pinned=pinned)
        assert view_of(at).look == look


def test_q_and_k_give_the_attention_of_the_model(embedded: Bert, pair_run: BertRun) -> None:
    at = visit("attention", **OPEN, reading="qk", look="5")
    reading = bert_core.read_query_key(
        embedded, run_bert(embedded, pair_run.encoding), LAYER, HEAD, 5
    )
    (note,) = (line for line in said(at).splitlines() if "Worked out again" in line)
    assert max(float(note.partition("within ")[2].split()[0]), reading.gap) < 1e-6
    keys, query, products, bars = figure(at, "attention.qk")["data"]
    row = pair_run.attentions[LAYER, HEAD, 5]
    assert_allclose(numbers(keys["z"]), reading.keys, atol=1e-5)
    assert_allclose(numbers(query["z"])[0], reading.query_vector, atol=1e-5)
    assert_allclose(numbers(products["z"]), reading.products, atol=1e-5)
    assert_allclose(numbers(bars["x"]), row, atol=1e-6)
    odds = np.exp(numbers(keys["z"]) @ numbers(query["z"])[0] / np.sqrt(32))
    assert_allclose(odds / odds.sum(), row, atol=1e-6)
    tokens = pair_run.encoding.tokens
    assert query_key.TITLE.format(query=tokens[5], key=tokens[int(row.argmax())]) in said(at)
    (table,) = page.open_expander(at, query_key.NUMBERS).dataframe
    assert list(table.value["key"]) == list(tokens)
    assert_allclose(table.value["q · k"], reading.scores, atol=1e-4)
    assert_allclose(table.value["softmax"], row, atol=1e-6)


@pytest.mark.parametrize(("text", "query"), [(".", 1), ("?!", 1), ("« word", 2), ("[MASK].", 1)])
def test_q_and_k_begin_with_a_word_or_else_with_the_text(text: str, query: int) -> None:
    at = visit("attention", a=text, reading="qk")
    assert_fine(at)
    assert f"Why “{page.strip_tokens(at)[query]}” looks at" in said(at)


def test_a_long_text_has_its_map_on_a_canvas(embedded: Bert) -> None:
    text = "word " * 130
    at = visit("attention", a=text, head="2.3")
    expected = run_bert(embedded, encode(embedded, text)).attentions
    assert_allclose(page.weights_in(at, "attention.map")[1], expected[1, 2], atol=2e-5)
    assert view_of(press(at, "attention.map", query=7)).look == 7


def test_the_token_that_another_may_be_linked_to_is_picked_while_that_is_asked() -> None:
    at = visit("attention", **OPEN, study="links", look="2", key="5")
    assert page.strip(at)["picked"] == [2, 5]
    open_tab(at, words.TABS["none"])
    assert page.strip(at)["picked"] == [2]
    open_tab(at, words.TABS["links"])
    assert page.strip(at)["picked"] == [2, 5]


# What heads do


# How evenly a head looks: even attention has the most of it.
EVENNESS = ("entropy", "effective_keys", "broad")


@pytest.mark.parametrize("name", ["1.1", "3.7", "4.2", "5.10", "6.12"])
def test_the_measures_beside_the_open_head_are_the_librarys(name: str, pair_run: BertRun) -> None:
    at = visit("attention", **{**OPEN, "head": name})
    found = bert_core.measure_heads(pair_run.attentions, pair_run.encoding)
    layer, head = divmod(NAMES.index(name), 12)
    expected = []
    for measure, one in found.measures.items():
        beside = "at most" if measure in EVENNESS else "chance"
        base = f"{beside} {amount(measure, one.uniform)}"
        if one.profile is not None:
            base += f"; by distance alone {amount(measure, float(one.profile[layer, head]))}"
        value = amount(measure, float(one.values[layer, head]))
        expected.append([head_words.MEASURES[measure], value, base])
    assert tables(at) == [expected]
    assert len(expected) == len(KINDS)


def test_every_head_has_a_headline_of_its_numbers(pair_run: BertRun) -> None:
    found = bert_core.measure_heads(pair_run.attentions, pair_run.encoding)
    roles, forms = name_roles(found), set()
    for name in NAMES:
        layer, head = divmod(NAMES.index(name), 12)
        most = strongest_share(found, layer, head)
        role = role_line(roles[layer][head])
        if role:
            forms.add("role")
        elif most is not None:
            forms.add("leaning")
            kind = head_words.MEASURES[most.measure]
            role = f"leans {kind}: {percent(most.value)}, chance {percent(most.baseline)}"
        else:
            forms.add("nothing")
            role = head_words.NO_ROLE
        assert what_it_does(found, layer, head) == role
    assert forms == {"role", "leaning", "nothing"}


@pytest.mark.parametrize(
    ("average", "axes"), [("layer", 0), ("all", (0, 1))], ids=["a layer", "all"]
)
def test_a_mean_of_heads_has_its_own_headline(
    average: str, axes: int | tuple[int, int], pair_run: BertRun
) -> None:
    at = visit("attention", **OPEN, average=average)
    heads = pair_run.attentions[LAYER] if average == "layer" else pair_run.attentions
    mean = heads.mean(axis=axes)
    assert_allclose(numbers(figure(at, "attention.map")["data"][0]["z"]), mean, atol=1e-6)
    found = bert_core.measure_heads(mean[None, None], pair_run.encoding)
    name = head_name(LAYER if average == "layer" else None, None)
    assert f"{name[0].upper()}{name[1:]} <span>{what_it_does(found, 0, 0)}</span>" in said(at)
    assert tables(at)[0][0][1] == amount("entropy", float(found.measures["entropy"].values[0, 0]))


@pytest.mark.parametrize("sort", ["layer", "entropy", "distance", "previous", "same_word"])
def test_the_heads_stand_in_the_order_of_the_measure(sort: str, pair_run: BertRun) -> None:
    at = visit("attention", **OPEN, sort=sort, average="all")
    found = bert_core.measure_heads(pair_run.attentions, pair_run.encoding)
    ranked = sort != "layer"
    values = found.measures[sort].values.ravel() if ranked else -np.arange(72)
    order = np.argsort(-values, kind="stable").tolist()
    header, cells = page.maps(at)
    assert list(chain(*header["names"])) == [head_name(*divmod(at, 12)) for at in order]
    roles = [role_line(role) for row in name_roles(found) for role in row]
    assert list(chain(*header["notes"])) == [roles[at] for at in order]
    assert "" in roles
    assert header["rowLabels"] == [str(row * (12 if ranked else 1) + 1) for row in range(6)]
    assert (header["layer"], header["head"], header["places"]) == (2, 6, order)
    expected = pool_maps(pair_run.attentions).reshape(72, -1)[order].astype(int)
    assert_allclose(cells.reshape(72, -1).astype(int), expected, atol=1)
    press(at, "attention.heads", layer=1, head=4, number=7)
    opened = view_of(at)
    assert (opened.layer, opened.head) == (1, 4)
    assert (chosen(at, "average"), chosen(at, "sort")) == ("head", sort)
    header, _ = page.maps(at)
    assert (header["layer"], header["head"], header["heard"]["taken"]) == (1, 4, 7)


def test_a_measure_that_a_text_has_not_is_kept_for_those_that_have() -> None:
    at = visit("attention", a=KEYS, sort="between")
    assert widget(at.selectbox, "attention.sort").value == "layer"
    assert "sorted by: to the other sentence" not in widget(at.selectbox, "attention.sort").options
    type_text(at, "attention", *PAIR)
    assert widget(at.selectbox, "attention.sort").value == "between"
    assert page.maps(at)[0]["rowLabels"][1] == "13"


def test_texts_of_the_same_ids_have_measures_of_their_own() -> None:
    at = visit("attention", a="🦖 or 🦖", sort="same_word")
    assert widget(at.selectbox, "attention.sort").value == "same_word"
    type_text(at, "attention", "🦖 or 🦕")  # [UNK] both times, and no word said twice
    assert widget(at.selectbox, "attention.sort").value == "layer"


# To take away and to link to


def test_every_file_can_be_read_back(files: Files, pair_run: BertRun) -> None:
    visit("attention", **OPEN, special="rest")
    weights, tokens = pair_run.attentions, list(pair_run.encoding.tokens)
    with np.load(io.BytesIO(files["npz"]()), allow_pickle=False) as arrays:
        assert_allclose(arrays["attentions"], weights, atol=1e-6)
        assert list(arrays["tokens"]) == tokens
    about, one = read_html_weights(files["head.html"]().decode())
    assert_allclose(one, weights[LAYER, HEAD], atol=1e-6)
    assert (about["layer"], about["head"], about["tokens"]) == (LAYER + 1, HEAD + 1, tokens)
    assert_allclose(read_html_weights(files["heads.html"]().decode())[1], weights, atol=6e-5)
    made: dict[str, np.ndarray] = {}
    exec(compile(files["py"](), "taken.py", "exec"), made)
    assert_allclose(made["shown"].weights, weights[LAYER, HEAD], atol=1e-6)
    assert_allclose(made["weights"], weights[LAYER, HEAD], atol=1e-5)


def test_the_table_is_of_what_is_shown(files: Files, pair_run: BertRun) -> None:
    at = visit("attention", **OPEN, special="rest")
    inner = [at for at, part in enumerate(pair_run.encoding.sequences) if part is not None]
    shown = pair_run.attentions[LAYER, HEAD][np.ix_(inner, inner)]
    names, *rows = csv.reader(io.StringIO(files["csv"]().decode("utf-8-sig")))
    document = json.loads(files["json"]())
    (table,) = page.open_expander(at, common.TABLE).dataframe
    assert tuple(names) == tuple(document["columns"]) == tuple(table.value) == words.COLUMNS
    assert document["view"]["head"] == HEAD + 1
    for found in (rows, document["rows"], table.value.values.tolist()):
        assert [str(cell) for cell in found[1][:6]] == ["3", "7", "1", "the", "2", "dog"]
        weights = [float(row[-1]) for row in found]
        assert_allclose(weights, (shown / shown.sum(axis=1, keepdims=True)).ravel(), atol=1e-6)


def test_texts_that_look_like_a_program_end_no_file(files: Files) -> None:
    visit("attention", **TEXTS["hostile"])
    for name in ("head.html", "heads.html"):
        html = files[name]().decode()
        assert "<img" not in html
        assert read_html_weights(html)[0]["text"] == HOSTILE[0]
    compile(files["py"](), "taken.py", "exec")
    assert json.loads(files["json"]())["input"]["pair"] == HOSTILE[1]


# What the page must be in, the kind of widget that changes it, and to what.
CHANGES: dict[str, tuple[dict[str, str], str, object]] = {
    "reading": ({}, "segmented_control", "qk"),
    "sort": ({}, "selectbox", "span"),
    "block": ({"reading": "arcs"}, "segmented_control", "ba"),
    "hold": ({"reading": "arcs"}, "slider", 55),
    "merge": ({"reading": "arcs"}, "toggle", True),
    "bertviz": ({"reading": "bertviz"}, "segmented_control", "neuron"),
    "study": ({}, "tab", "flow"),
    "key": ({"study": "links", "look": "2"}, "", 4),
    "pinned": ({"study": "compare"}, "", PAIR),
}


@pytest.mark.parametrize("field", CHANGES)
def test_what_is_chosen_is_in_the_link_and_the_link_shows_it_again(field: str) -> None:
    needs, kind, value = CHANGES[field]
    at = visit("attention", **TEXTS["pair"], **needs)
    if field == "key":
        press(at, "attention.strip", position=4)
    elif field == "pinned":
        at.button(key="attention.pin").click().run()
    elif kind == "tab":
        open_tab(at, words.TABS[value])
    else:
        widget(getattr(at, kind), f"attention.{field}").set_value(value).run()
    assert chosen(at, field) == value != View().flat()[field]
    link = dict(at.query_params)
    again = visit("attention", **link)
    assert_fine(again)
    assert read_query(link) == view_of(again) == view_of(at)
    assert dict(again.query_params) == link
    if kind not in ("", "tab"):
        assert widget(getattr(again, kind), f"attention.{field}").value == value


# Another model


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint with as many layers and heads as BERT-base has."""
    shape = {"num_hidden_layers": 12, "num_attention_heads": 12, "hidden_size": 48}
    return str(save_tiny(tmp_path_factory.mktemp("models") / "wide", tiny_model(**shape)))


@pytest.mark.parametrize("reading", READINGS)
def test_a_model_of_12_times_12_heads_is_read(reading: str, wide: str) -> None:
    at = visit("attention", a="the cat sat", model=wide, head="12.12", reading=reading)
    assert_fine(at)
    header, cells = page.maps(at)
    assert cells.shape[:2] == (12, 12)
    assert (header["layer"], header["head"]) == (11, 11)
    assert "Layer 12, head 12" in said(at)
    if reading == "map":
        for study in STUDIES:
            open_tab(at, words.TABS[study])
            assert_fine(at)
