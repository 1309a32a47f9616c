"""The palette, and what is taken away from the screen: the command line and the picture."""

import re
import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from driver import lines_of
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Static

from reluflow.cli.overrides import Request
from reluflow.errors import ReluflowError
from reluflow.store.preset import load_preset, save_preset
from reluflow.tui.actions import ACTIONS, Action
from reluflow.tui.export import in_place, run_command, save_screenshot, write_clipboard
from reluflow.tui.screens.palette import Palette, find


class Host(App[None]):
    """Nothing but a place for the palette."""

    answers: list[str | None]

    def compose(self):  # type: ignore[no-untyped-def]
        yield Static("below the palette")


@asynccontextmanager
async def palette(size: tuple[int, int] = (100, 40)) -> AsyncIterator[Pilot[None]]:
    app = Host()
    app.answers = []
    async with app.run_test(size=size) as pilot:
        app.push_screen(Palette(), app.answers.append)
        await pilot.pause()
        yield pilot


def text(pilot: Pilot[None]) -> str:
    return "\n".join(lines_of(pilot.app.screen))


def ids(query: str) -> list[str]:
    return [action.id for action in find(query, ACTIONS)]


def test_without_a_word_every_action_is_there_in_order() -> None:
    assert find("  ", ACTIONS) == list(ACTIONS)


@pytest.mark.parametrize(
    ("query", "first"), [("?", "help"), ("save", "save"), ("q", "quit"), ("plain desc", "descent")]
)
def test_the_best_fit_comes_first(query: str, first: str) -> None:
    assert ids(query)[0] == first


def test_letters_in_order_are_enough_for_a_name_and_every_word_must_fit() -> None:
    actions = [Action("write", "w", "saving.write", "to a folder", "write run")]
    assert find("wrn", actions) == actions
    assert find("WRITE folder", actions) == actions
    assert find("nrw", actions) == []
    assert find("write nothing", actions) == []


async def test_typing_filters_and_enter_does_the_first() -> None:
    async with palette() as pilot:
        assert ACTIONS[1].help in text(pilot)
        await pilot.press(*"quit")
        assert ACTIONS[0].help not in text(pilot)
        await pilot.press("enter")
        assert pilot.app.answers == ["quit"]  # type: ignore[attr-defined]


async def test_down_and_enter_do_another() -> None:
    async with palette() as pilot:
        await pilot.press("down", "down", "up", "enter")
        assert pilot.app.answers == [ACTIONS[1].id]  # type: ignore[attr-defined]


async def test_nothing_found_does_nothing_and_esc_leaves() -> None:
    async with palette() as pilot:
        await pilot.press(*"xyzzy", "down", "enter")
        assert pilot.app.answers == []  # type: ignore[attr-defined]
        await pilot.press("escape")
        assert pilot.app.answers == [None]  # type: ignore[attr-defined]


def again(command: str):  # type: ignore[no-untyped-def]
    """The preset that a command line would run."""
    program, verb, target, *words = shlex.split(command)
    assert (program, verb) == ("reluflow", "run")
    assert words[::2] == ["--set"] * (len(words) // 2)
    return load_preset(target, Request(target, words[1::2], None).overrides())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"init.scale": 1e-9, "network.width": 7},
        {"data.inputs": ((-1.0, 2.0), (0.5, 1.0)), "data.targets": (1.0, -1.5)},
        {"data.kind": "orthogonal", "data.samples": 4, "data.dimension": 5, "data.bias": False},
        {"stop.time": None, "solver.method": "gd", "solver.learning_rate": 0.01},
    ],
)
def test_the_command_runs_the_same_preset(changes: dict[str, object]) -> None:
    preset = load_preset("orthogonal-toy").with_values(changes)
    command = run_command(preset)
    assert command.split()[2] == "orthogonal-toy"
    assert again(command).values == preset.values
    assert bool(changes) == ("--set" in command)


def test_a_preset_elsewhere_is_called_by_its_file(own_folder: Path) -> None:
    folder = own_folder / "my presets"
    path = save_preset(load_preset("orthogonal-toy"), "mine", folder=folder)
    preset = load_preset(path).with_values({"network.width": 3})
    assert again(run_command(preset)).values == preset.values


def test_a_preset_whose_file_is_gone_is_told(own_folder: Path) -> None:
    path = save_preset(load_preset("orthogonal-toy"), "mine", folder=own_folder)
    preset = load_preset(path)
    path.unlink()
    with pytest.raises(ReluflowError, match=r"mine\.toml"):
        run_command(preset)


def test_what_is_copied_is_in_a_file(own_folder: Path) -> None:
    path = write_clipboard("reluflow run orthogonal-toy")
    assert path.is_relative_to(own_folder)
    assert path.read_text() == "reluflow run orthogonal-toy\n"


async def test_screenshots_are_numbered_and_never_overwritten(tmp_path: Path) -> None:
    async with Host().run_test() as pilot:
        await pilot.pause()
        first, second = (save_screenshot(pilot.app, "toy", tmp_path) for _ in range(2))
        assert (first.name, second.name) == ("reluflow-toy-1.svg", "reluflow-toy-2.svg")
        svg = first.read_text()
        assert svg.startswith("<svg")
        assert "below" in svg
        assert {path.suffix for path in tmp_path.iterdir() if path.is_file()} == {".svg"}


class TestPlacesInAPicture:
    """Where a program does not know ``textLength`` or has no font with a sign, the next is still in place."""

    CELL = 12.2
    HEAD, TAIL = '<text class="a" x="{:g}" y="20"{} clip-path="url(#b)">', "</text>"

    def text(self, cells: int, content: str, at: int = 0) -> str:
        width = f' textLength="{cells * self.CELL:g}"'
        return self.HEAD.format(at * self.CELL, width) + content + self.TAIL

    def test_text_begins_at_its_first_letter(self) -> None:
        given = self.text(7, "&#160;&#160;loss&#160;", at=25)
        assert in_place(given) == self.text(4, "loss", at=27)
        blank = self.text(1, "&#160;")
        assert in_place(blank) == blank

    def test_every_word_and_every_sign_has_its_place(self) -> None:
        content = "&#160;\u2809\u28c0&#160;&#160;a&lt;0&#160;x"
        places = [(1, "\u2809"), (2, "\u28c0&#160;&#160;"), (5, "a&lt;0&#160;"), (9, "x")]
        spans = [f'<tspan x="{at * self.CELL:g}">{words}</tspan>' for at, words in places]
        assert (
            in_place(self.text(10, content)) == self.HEAD.format(self.CELL, "") + "".join(spans) + self.TAIL
        )

    def test_long_lines_are_taken_up_again(self) -> None:
        found = in_place(self.text(20, 20 * "\u2500"))
        assert re.findall(r'<tspan x="([\d.]+)">', found) == [f"{at * self.CELL:g}" for at in (0, 8, 16)]
