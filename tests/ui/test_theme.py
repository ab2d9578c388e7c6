"""Streamlit's own parts have the colours of the figures."""

import tomllib
from typing import Any

import pytest

from bert_core.palette import DARK, LIGHT, Palette
from tests.rules.source import ROOT

THEMES = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]


@pytest.mark.parametrize(("name", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_the_theme_has_the_colours_of_the_palette(name: str, colours: Palette) -> None:
    meaning = {
        "backgroundColor": colours.background,
        "secondaryBackgroundColor": colours.low,
        "codeBackgroundColor": colours.low,
        "textColor": colours.text,
        "codeTextColor": colours.text,
        "borderColor": colours.line,
        "primaryColor": colours.sentence_a,
        "linkColor": colours.sentence_a,
        "blueColor": colours.sentence_a,
        "blueTextColor": colours.sentence_a,
        "orangeColor": colours.sentence_b,
        "orangeTextColor": colours.sentence_b,
        "violetColor": colours.mask,
        "violetTextColor": colours.mask,
        "grayColor": colours.special,
        "grayTextColor": colours.special,
    }
    theme: dict[str, Any] = THEMES[name]
    assert {key: theme[key] for key in meaning} == meaning
    assert theme["chartCategoricalColors"] == [
        colours.sentence_a,
        colours.sentence_b,
        colours.mask,
        colours.more,
        colours.less,
        colours.special,
    ]
    sidebar = theme["sidebar"]
    assert (sidebar["backgroundColor"], sidebar["borderColor"]) == (colours.low, colours.line)
