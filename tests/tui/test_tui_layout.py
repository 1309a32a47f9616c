"""What is on screen at which size, where the focus is, and the keys that move it."""

import gc

import pytest
from driver import Driver, explorer, lines_of
from textual.strip import Strip
from textual.widgets import Input
from textual_private import press_key

from reluflow.tui.arrangement import PANELS, TITLES, Panel, arrange
from reluflow.tui.screens.go_to import GoTo
from reluflow.tui.screens.jump import Jump
from reluflow.tui.widgets.parameter_field import ParameterField

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]


def shown(app: Driver) -> set[str]:
    return {panel for panel in PANELS if app.shown(f"#{panel}")}


def focused(app: Driver) -> str | None:
    widget = app.app.screen_stack[0].focused
    return (
        next((node.id for node in widget.ancestors_with_self if node.id in PANELS), None) if widget else None
    )


@pytest.mark.parametrize(
    ("size", "panel", "form", "zoomed", "expected"),
    [
        ((120, 40), "neurons", None, False, "loss directions neurons parameters"),
        ((119, 40), "neurons", None, False, "loss directions neurons"),
        ((119, 40), "parameters", None, False, "loss neurons parameters"),
        ((119, 40), "neurons", True, False, "loss neurons parameters"),
        ((119, 40), "directions", True, False, "loss directions neurons"),
        ((120, 40), "neurons", False, False, "loss directions neurons"),
        ((120, 40), "parameters", False, False, "loss directions neurons parameters"),
        ((120, 40), "directions", None, True, "directions"),
        ((79, 40), "loss", True, False, "loss"),
        ((160, 23), "parameters", False, False, "parameters"),
    ],
)
def test_the_panel_in_focus_is_always_on_screen(
    size: tuple[int, int], panel: Panel, form: bool | None, zoomed: bool, expected: str
) -> None:
    found = arrange(*size, panel, form_wanted=form, zoomed=zoomed)
    assert set(found.panels) == set(expected.split())
    assert panel in found.panels


@pytest.mark.parametrize(
    "size", [SIZES[0], SIZES[3], *(pytest.param(size, marks=pytest.mark.slow) for size in SIZES[1:3])]
)
async def test_every_panel_can_be_reached_and_used_at_every_size(size: tuple[int, int]) -> None:
    async with explorer(size=size, form=True, theory=True) as app:
        await app.halted_at(5)
        for panel in ("#status", "#timeline", "#footer"):
            assert app.shown(panel), panel
        assert "quit" in app.lines[-1]
        assert len(app.lines) == size[1]
        tabs = size == (60, 20)
        assert app.shown("#tabs") == tabs
        for number, panel in enumerate(PANELS, start=1):
            await app.press("1" if panel != "loss" else "2", str(number))
            assert focused(app) == panel
            assert panel in shown(app)
            assert not tabs or shown(app) == {panel}
            assert not tabs or f"[{number} {TITLES[panel]}]" in app.lines[2]
            mark = "scale" if panel == "parameters" else "▸ "
            assert mark in app.text
        await app.press("1", "down", "down")
        assert app.app.table.cursor == (2 if panel else None)


async def test_tab_goes_through_the_panels_on_screen_and_through_all_tabs() -> None:
    async with explorer(size=(100, 30), form=True) as app:
        seen = [focused(app)]
        for _ in range(3):
            await app.press("tab")
            seen.append(focused(app))
        assert seen == ["neurons", "loss", "directions", "neurons"]
        await app.press("shift+tab")
        assert focused(app) == "directions"
        await app.resize(60, 20)
        await app.press("tab", "tab")
        assert focused(app) == "parameters"
        await app.press("tab")
        assert focused(app) == "loss"


@pytest.mark.slow
async def test_sizes_come_and_go_and_leave_focus_cursor_and_text_alone() -> None:
    async with explorer(size=(140, 40), form=True) as app:
        await app.halted_at(3)
        await app.press("down", "down", "down")
        for size in ((60, 20), (100, 24), (40, 10), (200, 60), (70, 50), (130, 22), (140, 40)):
            await app.resize(*size)
            assert app.app.table.cursor == 3
            assert focused(app) == (None if size == (40, 10) else "neurons"), size
        width = next(f for f in app.app.query(ParameterField) if f.key.id == "network.width").editor
        assert isinstance(width, Input)
        width.focus()
        await app.press("7")
        for size in ((90, 30), (60, 20), (30, 9), (100, 24), (140, 40)):
            await app.resize(*size)
            assert width.value == "607"
            assert width.has_focus == (size != (30, 9)), size
            assert size == (30, 9) or app.shown("#parameters")


async def test_a_terminal_that_is_too_small_says_so_and_nothing_else() -> None:
    async with explorer(size=(59, 20)) as app:
        assert [line.strip() for line in app.lines if line.strip()] == [
            "needs at least 60 x 20, found 59 x 20"
        ]
        await app.resize(60, 20)
        assert app.shown("#neurons") or app.shown("#loss")


@pytest.mark.parametrize("size", [(60, 20), (100, 30), pytest.param((140, 40), marks=pytest.mark.slow)])
async def test_z_gives_the_screen_to_the_panel_in_focus_and_takes_it_back(size: tuple[int, int]) -> None:
    async with explorer(size=size, theory=True) as app:
        await app.halted_at(2)
        await app.press("2")
        before, room = shown(app), app.app.query_one("#directions").size
        await app.press("z")
        assert shown(app) == {"directions"}
        assert app.app.query_one("#directions").size.area > room.area
        await app.press("1")
        assert shown(app) == {"loss"}
        await app.press("2", "z")
        assert shown(app) == before
        assert app.app.query_one("#directions").size == room


async def test_p_shows_the_parameters_goes_to_them_and_folds_them_away() -> None:
    async with explorer(size=(100, 30), form=True) as app:
        await app.press("p")
        assert shown(app) == {"loss", "neurons", "parameters"}
        assert focused(app) == "parameters"
        await app.press("tab")
        assert focused(app) == "loss"
        assert "parameters" in shown(app)
        await app.press("p", "escape")
        assert shown(app) == {"loss", "directions", "neurons"}
        assert focused(app) == "neurons"


async def test_the_letters_of_jump_mode_lead_to_panels_and_fields() -> None:
    async with explorer(size=(140, 40), form=True) as app:
        await app.until(lambda: "1e-06" in app.text, "the form on screen")
        await app.press("t")
        assert isinstance(app.app.screen, Jump)
        targets = app.app.screen.targets
        assert [target.panel for target in list(targets.values())[:4]] == list(PANELS)
        scale = next(f for f in app.app.query(ParameterField) if f.key.id == "init.scale").editor
        letter = next(letter for letter, target in targets.items() if target.widget is scale)
        assert targets[letter].place is not None
        row = targets[letter].place.y
        assert "1e-06" in lines_of(app.app.screen_stack[0])[row]
        assert app.lines[row].split()[0] == letter
        await app.press(letter)
        assert scale.has_focus
        await app.press("escape", "t", "a")
        assert focused(app) == "loss"
        await app.press("t", "escape")
        assert focused(app) == "loss"


async def test_jump_mode_lists_the_panels_that_are_not_on_screen() -> None:
    async with explorer(size=(60, 20), form=True) as app:
        await app.press("t")
        assert [title for title in TITLES.values() if f" {title} " in "".join(x[-13:] for x in app.lines[:4])]
        await app.press("f")
        assert focused(app) == "parameters"


async def test_help_begins_with_the_panel_in_focus() -> None:
    async with explorer(size=(120, 40)) as app:
        for number, word in (("1", "over time"), ("2", "compass"), ("3", "one by one"), ("4", "made from")):
            await app.press(number)
            if number == "4":
                await app.app.action_do("help")
                await app.drained()
            else:
                await app.press("question_mark")
            start = app.text.index("Keys")
            assert 0 < app.text.index(word) - start < 400
            await app.press("escape")


async def test_a_moment_that_comes_when_the_panels_are_gone_is_let_go() -> None:
    async with explorer(running=True) as app:
        await app.solved()
        await app.app.query_one("#panels").remove()
        app.app.pull(1.0)
        await app.drained()
        assert app.app.is_running


async def test_what_a_larger_terminal_showed_is_not_kept() -> None:
    def wide_lines() -> int:
        gc.collect()
        return sum(type(each) is Strip and each.cell_length > 110 for each in gc.get_objects())

    gc.freeze()  # what the tests before have left is ten times as much, and none of it is looked at
    async with explorer(size=(100, 30)) as app:
        before = wide_lines()
        await app.resize(240, 90)
        assert wide_lines() > before + 200
        await app.resize(100, 30)
        assert wide_lines() < before + 20


async def test_keys_that_come_faster_than_the_focus_find_it_where_it_is_sent() -> None:
    async with explorer(size=(130, 35), form=True) as app:
        for key in ("4", "down", "down", "escape", "g"):
            await press_key(app.app, key)
        await app.drained()
        assert isinstance(app.app.screen, GoTo)
        assert not [field.key.id for field in app.app.main.query(ParameterField) if field.edited]
