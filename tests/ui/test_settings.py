"""What whoever runs the server may set, and one sentence for what makes no sense."""

from collections.abc import Iterator

import pytest

from bert_core.errors import BertLensError
from ui import settings as module
from ui.settings import Settings, settings

IN_CACHE = ["bert-base-uncased", "owner/name"]


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"BERT_LENS_{name.upper()}", raising=False)
    monkeypatch.setattr(module, "cached_checkpoints", lambda: IN_CACHE)
    settings.cache_clear()
    yield
    settings.cache_clear()


def set_to(monkeypatch: pytest.MonkeyPatch, **values: str) -> Settings:
    for name, value in values.items():
        monkeypatch.setenv(f"BERT_LENS_{name.upper()}", value)
    return settings()


def test_with_nothing_set_every_model_is_allowed() -> None:
    limits = settings()
    assert limits.named_models == []
    assert all(limits.allows(name) for name in ("embedded", "/a/folder", "owner/name", "a-name"))
    assert (limits.max_parameters, limits.device) == (0, "auto")


def test_named_models_are_the_only_ones_beside_the_embedded_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = set_to(monkeypatch, models=" bert-base-cased , /models/ours ,,")
    assert limits.named_models == ["bert-base-cased", "/models/ours"]
    for name in ("embedded", "bert-base-cased", "/models/ours"):
        assert limits.allows(name)
    for name in ("", "bert-base", "bert-base-cased ", "/models", *IN_CACHE):
        assert not limits.allows(name)


@pytest.mark.parametrize("other", ["0", "1"])
def test_named_models_count_whether_or_not_others_may_be_typed(
    other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = set_to(monkeypatch, models="a", other_models=other)
    assert [limits.allows(name) for name in ("embedded", "a", "b", IN_CACHE[0])] == [
        *(True, True, False, False)
    ]


def test_without_other_models_only_the_hub_cache_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = set_to(monkeypatch, other_models="0")
    assert all(limits.allows(name) for name in ("embedded", *IN_CACHE))
    assert not any(limits.allows(name) for name in ("/etc", "../..", "another/name", ""))


def test_settings_are_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    before = set_to(monkeypatch, waiting="7")
    assert before.waiting == 7
    assert set_to(monkeypatch, waiting="8") is before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache_mb", "much"),
        ("cache_mb", "0"),
        ("memory_mb", "99"),
        ("waiting", "-1"),
        ("waiting", "1.5"),
        ("max_parameters", "-1"),
        ("other_models", "perhaps"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_in_one_sentence(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BertLensError) as error:
        set_to(monkeypatch, **{name: value})
    sentence = str(error.value)
    assert sentence.startswith(f"The setting BERT_LENS_{name.upper()} cannot be read: ")
    assert "\n" not in sentence
    assert sentence.endswith(".")
