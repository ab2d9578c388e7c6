"""The maps of all heads in Chromium on a bare page: what a press means, whatever arrives then."""

from typing import Any
from unittest.mock import patch

import numpy as np
from playwright.sync_api import Locator, expect

from tests.browser.bench import Bench
from ui.components import heads as heads_module
from ui.components.heads import head_grid

LAYERS, HEADS = 2, 3
REVERSED = [*range(LAYERS * HEADS)][::-1]


def given(taken: int = 0, **options: Any) -> bytes:
    """What the browser gets of two layers of three heads over four tokens."""
    maps = np.random.default_rng(0).integers(0, 256, (LAYERS, HEADS, 4, 4), dtype=np.uint8)
    settings = {"layer": 0, "head": 0, "tokens": 4, "label": "Heads", "on_pick": print, **options}
    with patch.object(heads_module, "mount") as mounted:
        head_grid(maps, key="k", **settings)
    data: bytes = mounted.call_args.args[2]({"key": "k", "taken": taken})
    return data


def notes(text: str) -> list[list[str]]:
    return [[text] * HEADS for _ in range(LAYERS)]


def cell(bench: Bench, row: int, column: int) -> Locator:
    return bench.tab.locator(f"[data-layer='{row}'][data-head='{column}']")


def pressed(bench: Bench) -> list[tuple[int, int]]:
    return [(event["layer"], event["head"]) for event in bench.sent("heads")]


def test_a_press_means_the_head_that_is_drawn_there(bench: Bench) -> None:
    bench.show("heads", given(order=REVERSED))
    cell(bench, 0, 0).click()
    assert pressed(bench) == [(1, 2)]
    bench.show("heads", given())
    cell(bench, 0, 1).click()
    assert pressed(bench) == [(1, 2), (0, 1)]


def test_a_map_held_down_while_an_answer_arrives_still_gives_its_click(bench: Bench) -> None:
    bench.show("heads", given(notes=notes("before")))
    cell(bench, 1, 1).hover()
    bench.tab.mouse.down()
    bench.show("heads", given(notes=notes("after"), layer=1))
    bench.tab.mouse.up()
    assert pressed(bench) == [(1, 1)]


def test_the_newest_press_is_outlined_until_the_server_has_answered_it(bench: Bench) -> None:
    bench.show("heads", given())
    chosen = bench.tab.locator("[aria-selected=true]")
    cell(bench, 1, 0).click()
    cell(bench, 1, 2).click()
    first, second = (event["number"] for event in bench.sent("heads"))
    for data in (given(), given(taken=first, layer=1, head=0)):
        bench.show("heads", data)
        expect(chosen).to_have_attribute("data-map", "5")
    bench.show("heads", given(taken=first, layer=1, head=0, order=REVERSED))
    expect(chosen).to_have_attribute("data-map", "0")  # there it is drawn now
    bench.show("heads", given(taken=second, layer=0, head=1))  # the server would not have it
    expect(chosen).to_have_attribute("data-map", "1")


def test_the_focus_stays_on_its_map_while_others_are_named_anew(bench: Bench) -> None:
    bench.show("heads", given(notes=notes("before")))
    cell(bench, 1, 1).focus()
    bench.show("heads", given(notes=notes("after")))
    expect(cell(bench, 1, 1)).to_be_focused()
    bench.tab.keyboard.press("ArrowRight")
    bench.tab.keyboard.press("Enter")
    assert pressed(bench) == [(1, 2)]
