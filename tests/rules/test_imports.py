"""Who imports whom: pages the app's parts, those the library, the library nothing of either."""

from types import ModuleType

import bert_core
from tests.rules.source import (
    FOLDERS,
    check,
    imported,
    imported_tops,
    modules,
    name_of,
    part,
    part_of,
    reached,
    sources,
)

# What each may import of ours; app.py is a page.
MAY_IMPORT = {
    "pages": {"ui", "bert_core"},
    "ui": {"ui", "bert_core"},
    "bert_core": {"bert_core"},
}
TOOLS = {*FOLDERS, "run"} - {"pages"}  # what starts and measures the app uses its parts
OURS = {*FOLDERS, "app", "run", "tests"}
HEAVY = {"torch", "transformers", "streamlit", "tokenizers", "safetensors", "huggingface_hub"}
ANALYSES = (
    "attention.arcs",
    "attention.comparison",
    "attention.links",
    "attention.maps",
    "attention.measures",
    "attention.norms",
    "attention.query_key",
    "attention.roles",
    "attention.rollout",
    "attention.similarity",
    "attention.summary",
    "evaluation.calibration",
    "evaluation.evaluate",
    "evaluation.guesses",
    "evaluation.questions",
    "evaluation.reliability",
    "exports.attention",
    "exports.prediction_snippets",
    "exports.snippets",
    "inside.lens",
    "intervals",
    "masked_words.beam",
    "masked_words.blanks",
    "masked_words.filling",
    "masked_words.head",
    "masked_words.joint",
    "masked_words.likelihood",
    "masked_words.minimal_pairs",
    "masked_words.predict",
    "masked_words.scores",
    "masked_words.several_pieces",
    "masked_words.surprisal",
    "masked_words.targets",
    "masked_words.training",
    "masked_words.writing",
    "model.wordpiece_trace",
    "next_sentence.candidates",
    "next_sentence.neighbours",
    "next_sentence.order",
    "next_sentence.reasons",
    "next_sentence.score",
    "pretraining.mask_counts",
    "pretraining.masks",
    "serving.runner",
    "texts.hundred",
    "texts.lists",
)


def test_imports_go_from_pages_to_ui_to_bert_core() -> None:
    assert {part_of(path) for path in sources()} >= MAY_IMPORT.keys()
    check(sources(), lambda path: imported_tops(path) & OURS - MAY_IMPORT.get(part_of(path), TOOLS))


def test_the_library_knows_no_streamlit_and_nothing_of_the_app() -> None:
    check(part("bert_core"), lambda path: imported_tops(path) & {"streamlit", "ui"})


def test_only_ui_and_pages_import_streamlit() -> None:
    users = {part_of(path) for path in sources() if "streamlit" in imported_tops(path)}
    assert {"pages", "ui"} <= users <= {"pages", "ui", "launcher", "benchmarks"}


def test_figures_reach_no_torch_and_no_streamlit() -> None:
    figures = [name for name in modules() if name.startswith("bert_core.figures")]
    assert len(figures) > 3
    behind = {name for figure in figures for name in {figure, *reached(figure)}}
    check((modules()[name] for name in behind), lambda path: imported_tops(path) & HEAVY)


def test_only_figures_import_plotly_in_the_library() -> None:
    others = [path for path in part("bert_core") if path.parent.name != "figures"]
    check(others, lambda path: "plotly" in imported_tops(path))


def test_analysis_rests_on_inference_and_inference_on_the_model() -> None:
    analyses = {f"bert_core.{name}" for name in ANALYSES}
    engine = {f"bert_core.serving.{name}" for name in ("engine", "waiting", "registry")}
    assert analyses | engine <= modules().keys()
    assert not reached("bert_core.model.inference") & (analyses | engine)
    assert not reached("bert_core.model.bert") & (analyses | engine | {"bert_core.model.inference"})
    assert {name: reached(name) & engine for name in analyses if reached(name) & engine} == {}


def test_no_name_of_the_library_is_also_that_of_a_module() -> None:
    """The module would take the name's place in the package when it is imported."""
    names = {name.removeprefix("bert_core.") for name in modules()}
    assert not names & set(bert_core.__all__)
    for name in bert_core.__all__:
        found = getattr(bert_core, name)
        assert getattr(bert_core, name) is found
        assert not isinstance(found, ModuleType)


def test_no_module_imports_itself_in_a_circle() -> None:
    assert [module for module in modules() if module in reached(module)] == []


def test_few_modules_know_the_tokenizers_library() -> None:
    users = {name_of(path) for path in sources() if "tokenizers" in imported(path)}
    pieces, text, training = "model/wordpiece", "model/tokenization", "pretraining/vocabulary"
    assert users
    assert users <= {f"bert_core/{name}.py" for name in (pieces, text, training)}
