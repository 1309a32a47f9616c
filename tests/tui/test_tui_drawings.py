"""Figures for print of what is on screen: which one, with what, and that they say how they are made again."""

import shlex
from pathlib import Path
from typing import Any
from unittest.mock import patch

import driver
import numpy as np
import pytest
from commands import call
from driver import Driver
from made_runs import made_run
from made_sweeps import QUICK, made_sweep
from PIL import Image

import reluflow.figures.kinds as kinds
from reluflow.figures import files
from reluflow.figures.metadata import made_by
from reluflow.store.run_folder import RunFolder
from reluflow.sweep.opening import open_sweep
from reluflow.tui.drawings import Drawing
from reluflow.tui.screens.workspace_page import WorkspacePage
from reluflow.tui.widgets.neuron_view import NAMES


def drawing(app: Driver) -> Drawing:
    found: Any = app.app.screen
    made = found.drawing()
    assert isinstance(made, Drawing)
    return made


def command_of(app: Driver) -> str:
    """The command that a figure of what is on screen says; it is drawn, but no file is made of it."""
    with patch.object(files, "save") as saved:
        drawing(app).write(Path("figure.png"))
    _, _, command, _ = saved.call_args.args
    assert isinstance(command, str)
    return command


async def test_every_panel_and_page_has_its_figure() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.press("2")
        found = []
        for _ in NAMES:
            found.append(drawing(app).name)
            await app.press("n")
        assert found == [
            *("directions", "function", "eigen", "field", "spectrum", "neurons", "neurons", "margins"),
            "departure",
        ]
        pages = (("1",), "loss"), (("3",), "neurons"), (("4",), "loss"), (("escape", "V"), "verify")
        pages += (("escape", "i"), "loss"), (("escape", "3", "enter"), "neurons")
        for keys, kind in pages:
            await app.press(*keys)
            assert drawing(app).name == kind


async def test_the_key_writes_a_picture_and_a_figure() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.press("1", "x")
        await app.until(lambda: "figure (loss) saved in" in app.messages, "the figure")
        assert Path("reluflow-orthogonal-toy-1.svg").is_file()
        made = made_by(Path("reluflow-orthogonal-toy-1.pdf"))
        assert made["command"] == (
            "reluflow run orthogonal-toy --out runs/reluflow-orthogonal-toy-1 && reluflow plot "
            "runs/reluflow-orthogonal-toy-1 -o reluflow-orthogonal-toy-1.pdf --kind loss --time linear"
        )
        assert made["presets"] == f"# orthogonal-toy\n{app.frame.preset.to_toml()}"


async def test_a_run_that_is_kept_is_plotted_from_where_it_is() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.press("w")
        await app.settled()
        await app.press("1")
        assert command_of(app).startswith("reluflow plot runs/orthogonal-toy-1 -o figure.png --kind loss")


async def test_what_is_chosen_on_screen_is_chosen_in_the_figure() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.press("1", "l", "y", "y", "T")
        assert command_of(app).endswith("--kind loss --time log --linear --no-theory")
        await app.press("l", "y")
        assert command_of(app).endswith("--kind loss --time scaled --no-theory")
        await app.press("home", "2")
        assert command_of(app).endswith("--kind directions --at 0.0")
        await app.press("end")
        assert command_of(app).endswith("--kind directions")


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The curves of figures of the loss, as they are drawn."""
    found: list[Any] = []
    curves = kinds.curves
    monkeypatch.setattr(kinds, "curves", lambda runs, choices: found.extend(runs) or curves(runs, choices))
    return found


async def test_runs_that_are_kept_behind_are_in_the_figure(drawn: list[Any]) -> None:
    async with driver.explorer() as app:
        first = await app.solved()
        await app.press("a")
        await app.solved()
        await app.press("1")
        command = command_of(app)
        assert command.count("reluflow run ") == 2
        assert "--set init.scale=1e-07" in command
        assert [str(run.path) for run in drawn] == ["lorentz", "scale 1e-6"]
        np.testing.assert_array_equal(drawn[1].series["loss"], first.history.series["loss"])
        np.testing.assert_array_equal(drawn[1].series["t"], first.history.series["t"])


async def test_behind_a_branch_its_run_begins_before_it(drawn: list[Any]) -> None:
    async with driver.explorer() as app:
        first = await app.solved()
        await app.press("f", "g", *"50%", "enter")
        t = first.history.recorded_at(app.moment.t).t
        await app.press("b")
        await app.until(lambda: app.frame.preset.name != first.preset.name, "the branch")
        await app.solved()
        await app.press("1")
        command_of(app)
        assert drawn[1].series["t"][0] == pytest.approx(-t, rel=1e-12)
        branch = np.interp(1.0, app.frame.history.series["t"], app.frame.history.series["loss"])
        assert np.interp(1.0, drawn[1].series["t"], drawn[1].series["loss"]) == pytest.approx(
            branch, rel=1e-2
        )


async def test_a_view_that_cannot_be_drawn_is_a_sentence() -> None:
    async with driver.explorer("neuron-centred-10") as app:
        await app.press("2", "n", "x")
        await app.until(lambda: "there is no figure" in app.messages, "the reason")
        assert "the inputs have 10 coordinates; expected one or two" in app.messages


async def test_the_map_of_a_sweep_is_drawn_as_it_is_on_screen() -> None:
    folder = made_sweep(Path("study"), ("init.scale=1e-4,1e-3", "network.width=4,8"))
    async with driver.explorer(overrides=QUICK, shown=open_sweep(folder)) as app:
        chosen = "--x init.scale --y network.width --value"
        assert command_of(app) == f"reluflow plot study -o figure.png --kind sweep {chosen} success"
        await app.press("v", "u")
        assert command_of(app).endswith("--kind sweep --x init.scale --value escape:1")


async def test_runs_that_are_marked_are_drawn_over_each_other() -> None:
    for number, scale in enumerate((1e-2, 1e-3, 1e-4), 1):
        made_run(Path("runs") / f"toy-{number}", init__scale=scale)
    async with driver.explorer(overrides=QUICK, shown=RunFolder(Path("runs"))) as app:
        page = app.app.screen
        assert isinstance(page, WorkspacePage)
        await app.until(lambda: page.rows.count == 3, "the runs")
        await app.press("S", "home", "space", "space")
        command = command_of(app)
        assert command == (
            "reluflow plot runs/toy-3 runs/toy-1 runs/toy-2 -o figure.png --kind loss --time linear"
        )


async def test_the_page_of_a_range_is_drawn_as_the_sweep_that_it_is() -> None:
    async with driver.explorer(overrides=QUICK) as app:
        await app.solved()
        await app.press("percent_sign", "end", "ctrl+u", *"init.scale=1e-4:1e-2:3log", "enter")
        await app.until(lambda: "3 of 3 points" in app.lines[0], "the points")
        await app.press("n")
        drawing(app).write(Path("figure.png"))
        command = made_by(Path("figure.png"))["command"]
        first, second = command.split(" && ")
        assert first.startswith("reluflow sweep orthogonal-toy --set ")
        assert "init.scale" not in first.split(" --over ")[0]
        assert "--over init.scale=1e-4:1e-2:3log --measure angle_max_plus,angle_max_minus" in first
        assert second.startswith("reluflow plot sweeps/figure -o figure.png --kind sweep --x init.scale")
        assert "--value loss --where 'status!=failed status!=wall'" in second
        for words in (shlex.split(each)[1:] for each in (first, second.replace("figure.png", "again.png"))):
            assert call(*words).exit_code == 0
        assert made_by(Path("again.png"))["presets"].split("\n", 1)[1] == (
            Path("sweeps/figure/sweep.toml").read_text()
        )
        with Image.open("figure.png") as one, Image.open("again.png") as other:
            assert one.tobytes() == other.tobytes()


async def test_the_editor_of_points_is_drawn_as_the_function_of_them() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.press("O")
        command = command_of(app)
        assert drawing(app).name == "function"
        assert command.startswith(
            "reluflow run orthogonal-toy --out runs/figure && reluflow plot runs/figure"
        )
