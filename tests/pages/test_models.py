"""Other models on every page: what they lack is switched off, what they are not is refused."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import (
    BertForMaskedLM,
    BertForNextSentencePrediction,
    BertModel,
    PreTrainedModel,
)

from bert_core.errors import EngineBusyError
from bert_core.model.bert import Bert
from tests.kit.tiny import save_tiny, tiny_config, tiny_model
from tests.kit.visit import (
    PAGES,
    assert_pictures,
    assert_whole,
    errors,
    figures,
    go_to,
    maps,
    masked_in_strip,
    said,
    strip_tokens,
    view_of,
    visit,
    warnings,
    widget,
)
from ui import cached
from ui.settings import settings
from ui.view import View
from ui.words import common
from ui.words import next_sentence as next_sentence_words

pytestmark = pytest.mark.usefixtures("server")

every_page = pytest.mark.parametrize("page", PAGES)

TEXT = {"a": "the cat sat on the mat", "b": "the dog ran", "look": "2"}


def without_heads(kind: type[PreTrainedModel]) -> PreTrainedModel:
    torch.manual_seed(0)
    return kind._from_config(tiny_config(), attn_implementation="eager")


@pytest.fixture
def tiny_folder(tmp_path: Path) -> str:
    return str(save_tiny(tmp_path / "tiny"))


# Another model


@every_page
def test_another_model_is_read_from_its_folder(page: str, tiny_folder: str) -> None:
    at = visit(page, **TEXT, model=tiny_folder)
    assert_whole(at, page)
    assert_pictures(at, page)
    assert errors(at) == warnings(at) == []
    assert f"{tiny_folder} · 2 × 4" in said(at)
    assert common.EMBEDDED_NOTE not in said(at)
    assert at.query_params["model"] == tiny_folder


def test_the_maps_are_as_many_as_the_model_has_heads(tiny_folder: str) -> None:
    _, cells = maps(visit("attention", **TEXT, model=tiny_folder))
    assert cells.shape[:2] == (2, 4)
    at = visit("attention", **TEXT, model=tiny_folder, head="6.12")
    assert "Layer 2, head 4" in said(at)


def test_a_model_that_is_typed_speaks_on_every_page_and_masks_are_missed(tiny_folder: str) -> None:
    at = visit("masked_words", **TEXT, mask="2")
    at.text_input(key="masked_words.model_field").set_value(tiny_folder).run()
    assert_whole(at, "masked_words")
    assert view_of(at).model == tiny_folder
    assert (view_of(at).masked, view_of(at).text) == ((), TEXT["a"])
    assert common.MODEL_CHANGED in said(at)
    for page in PAGES:
        assert f"{tiny_folder} · 2 × 4" in said(go_to(at, page))
    widget(at.selectbox, "next_sentence.model_picker").set_value("embedded").run()
    assert view_of(at).model == "embedded"
    assert "embedded · 6 × 12" in said(at)


# Heads that are missing


@pytest.mark.parametrize("kind", [BertForNextSentencePrediction, BertModel])
def test_a_model_without_a_masked_word_head_guesses_nothing(
    kind: type[PreTrainedModel], tmp_path: Path
) -> None:
    folder = str(save_tiny(tmp_path / "bare", without_heads(kind)))
    for page, charts in (("home", 1), ("masked_words", 0)):
        if kind is BertModel and page == "home":
            charts = 0  # nor a next-sentence head
        at = visit(page, **TEXT, mask="2", model=folder)
        assert_whole(at, page)
        assert errors(at) == []
        assert any("no masked-word head, so it cannot guess words" in w for w in warnings(at))
        assert len(figures(at)) == charts
        assert "rank" not in said(at)
        assert common.NO_MLM in said(at)
    for page in ("tokenization", "attention"):
        at = visit(page, **TEXT, model=folder)
        assert_whole(at, page)
        assert_pictures(at, page)
        assert warnings(at) == []


@pytest.mark.parametrize("kind", [BertForMaskedLM, BertModel])
def test_a_model_without_a_next_sentence_head_scores_nothing(
    kind: type[PreTrainedModel], tmp_path: Path
) -> None:
    folder = str(save_tiny(tmp_path / "bare", without_heads(kind)))
    for page in ("home", "next_sentence"):
        at = visit(page, **TEXT, model=folder)
        assert_whole(at, page)
        assert any("no next-sentence head, so it cannot say" in w for w in warnings(at))
        assert next_sentence_words.FOLLOWS not in said(at)
        assert next_sentence_words.NOT_FOLLOWS not in said(at)
        assert common.NO_NSP in said(at)
        assert len(figures(at)) == (1 if page == "home" and kind is BertForMaskedLM else 0)
        if page == "next_sentence":
            assert "%" not in said(at)


# What is no model


def no_model(folder: Path) -> None:
    (folder / "notes.txt").write_text("no model")


def truncated(folder: Path) -> None:
    save_tiny(folder)
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5_000])


def pickled(folder: Path) -> None:
    save_tiny(folder)
    (folder / "model.safetensors").unlink()
    torch.save(tiny_model().state_dict(), folder / "pytorch_model.bin")


def another_architecture(folder: Path) -> None:
    save_tiny(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "roberta"}))


def broken_config(folder: Path) -> None:
    save_tiny(folder)
    (folder / "config.json").write_text("{")


def no_tokenizer(folder: Path) -> None:
    save_tiny(folder)
    for file in folder.glob("token*"):
        file.unlink()


def nothing_there(folder: Path) -> None:
    folder.rmdir()


BROKEN: dict[Callable[[Path], None], str] = {
    no_model: "holds no model: it has no config.json",
    truncated: "is cut off or damaged",
    pickled: "has its weights as a pickle, which can run code",
    another_architecture: "is a roberta model; BERT Lens reads BERT",
    broken_config: "config.json in",
    no_tokenizer: "tokenizer",
    nothing_there: "There is no folder",
}


@pytest.mark.parametrize("damage", BROKEN, ids=lambda damage: damage.__name__)
def test_what_is_no_model_is_refused_and_the_embedded_one_shown(
    damage: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    damage(folder)
    for page in PAGES:
        at = visit(page, **TEXT, model=str(folder))
        assert_whole(at, page)
        assert_pictures(at, page)
        (sentence,) = errors(at)
        assert BROKEN[damage] in sentence
        assert sentence.endswith(common.FALLBACK)
        assert "\n" not in sentence
        assert "Traceback" not in sentence
        assert "embedded · 6 × 12" in said(at)
        assert (view_of(at).text, view_of(at).pair) == (TEXT["a"], TEXT["b"])
        assert widget(at.text_input, f"{page}.text").value == TEXT["a"]


def test_a_name_that_is_none_is_refused_without_a_look_at_the_network() -> None:
    at = visit("home", **TEXT, model="<script>../\0")
    assert_whole(at, "home")
    (sentence,) = errors(at)
    assert "a name on the hub looks like" in sentence


# What the server allows


def test_folders_and_names_are_refused_where_others_are_off(
    monkeypatch: pytest.MonkeyPatch, tiny_folder: str
) -> None:
    monkeypatch.setenv("BERT_LENS_OTHER_MODELS", "0")
    for page in PAGES:
        at = visit(page, **TEXT, model=tiny_folder)
        assert_whole(at, page)
        assert_pictures(at, page)
        assert errors(at) == [f"{common.NOT_ALLOWED.format(model=tiny_folder)} {common.FALLBACK}"]
        assert f"{page}.model_field" not in [field.key for field in at.text_input]
        assert widget(at.selectbox, f"{page}.model_picker").options == ["embedded"]


def test_only_the_named_models_can_be_chosen(
    monkeypatch: pytest.MonkeyPatch, tiny_folder: str
) -> None:
    monkeypatch.setenv("BERT_LENS_MODELS", f"{tiny_folder}, another")
    at = visit("attention", **TEXT)
    picker = widget(at.selectbox, "attention.model_picker")
    assert picker.options == ["embedded", tiny_folder, "another"]
    assert "attention.model_field" not in [field.key for field in at.text_input]
    picker.set_value(tiny_folder).run()
    assert_whole(at, "attention")
    assert f"{tiny_folder} · 2 × 4" in said(at)
    at = visit("attention", **TEXT, model="/somewhere/else")
    assert common.NOT_ALLOWED.format(model="/somewhere/else") in errors(at)[0]


def test_a_model_larger_than_the_server_allows_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BERT_LENS_MAX_PARAMETERS", "1")
    large = tiny_model(hidden_size=128, intermediate_size=2048)
    assert sum(weight.numel() for weight in large.parameters()) > 1_000_000
    folder = str(save_tiny(tmp_path / "large", large))
    at = visit("home", **TEXT, model=folder)
    assert_whole(at, "home")
    assert "this server allows 1 million" in errors(at)[0]
    assert "embedded · 6 × 12" in said(at)


@every_page
@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("CACHE_MB", "much", "The setting BERT_LENS_CACHE_MB cannot be read"),
        ("DEVICE", "cuda:99", "This machine has no device “cuda:99”"),
        ("MEMORY_MB", "100", "this server allows 0.1 GB"),
    ],
)
def test_a_setting_that_leaves_no_model_is_said_in_one_sentence(
    page: str, name: str, value: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"BERT_LENS_{name}", value)
    at = visit(page, **TEXT)
    assert not at.exception
    (shown,) = errors(at)
    assert sentence in shown
    assert not at.get("plotly_chart")


@pytest.mark.parametrize("page", [page for page in PAGES if page != "tokenization"])
def test_a_server_with_too_much_to_do_says_so_and_the_text_stays(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise EngineBusyError("Too many are waiting. Try again in a moment.")

    monkeypatch.setattr("bert_core.serving.engine.Engine.run_many", busy)
    at = visit(page, **TEXT)
    assert_whole(at, page)
    assert errors(at) == ["Too many are waiting. Try again in a moment."]
    assert widget(at.text_input, f"{page}.text").value == TEXT["a"]


def test_the_limits_reach_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BERT_LENS_CACHE_MB", "7")
    monkeypatch.setenv("BERT_LENS_WAITING", "3")
    settings.cache_clear()
    engine = cached.get_engine("embedded")
    assert engine._queue.max_waiting == 3
    assert engine._queue.cache.max_bytes == 7_000_000
    assert cached.registry().max_bytes == 8_000 * 1_000_000


# The cache


def test_pages_that_show_the_same_share_one_forward_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = visit("attention", a="the cat sat on the mat", b="the dog ran")
    engine = cached.get_engine("embedded")
    ran: list[int] = []
    run = engine._run_batch

    def counted(bert: Bert, asked: list) -> list:
        ran.append(len(asked))
        return run(bert, asked)

    monkeypatch.setattr(engine, "_run_batch", counted)
    go_to(at, "next_sentence")
    go_to(at, "attention")
    at.run()
    assert ran == []
    assert view_of(at) == View("the cat sat on the mat", "the dog ran")
    assert strip_tokens(at)[1] == "the"
    assert masked_in_strip(at) == []
