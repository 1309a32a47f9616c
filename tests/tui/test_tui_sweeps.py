"""The folder of a sweep in the app: map, curve and table, and runs that are opened from there."""

from pathlib import Path

import pytest
from driver import Driver, explorer
from made_sweeps import QUICK, made_sweep

from reluflow.errors import ReluflowError
from reluflow.store.run_directory import Run
from reluflow.sweep.opening import open_sweep
from reluflow.tui.launch import open_on
from reluflow.tui.screens import sweep_page
from reluflow.tui.screens.sweep_page import SweepPage

OVER = ("init.scale=1e-4,1e-3", "network.width=4,8", "init.seed=0:1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return made_sweep(tmp_path / "work" / "study", OVER)


def page_of(app: Driver) -> SweepPage:
    assert isinstance(app.app.screen, SweepPage)
    return app.app.screen


async def test_the_map_is_shown_and_a_run_of_its_cell_opened(folder: Path) -> None:
    async with explorer(overrides=QUICK, shown=open_sweep(folder), size=(80, 24)) as app:
        page = page_of(app)
        assert "success over init.scale and network.width" in app.lines[0]
        assert all(len(line) <= 80 for line in app.lines)
        await app.press("right", "up")
        assert "init.scale = 1e-3, network.width = 8: success" in app.lines[1]
        assert page.rows.count == 2
        await app.press("v")
        assert "escape:1 over" in app.lines[0]
        await app.press("tab", "down", "enter")
        await app.until(lambda: app.frame.preset.values["init.scale"] == 1e-3 and app.frame.over, "its run")
        values = app.frame.preset.values
        assert [values[key] for key in ("init.scale", "network.width", "init.seed")] == [1e-3, 8, 1]
        assert app.app.screen is app.app.main
        await app.press("M")
        assert page_of(app).panel.detail == "8 runs"
        assert "init.scale = 1e-3, network.width = 8: escape:1" in app.lines[1], "it is as it was left"
        await app.press("escape")
        assert app.app.screen is app.app.main


async def test_a_curve_a_table_and_a_filter(folder: Path) -> None:
    async with explorer(overrides=QUICK, shown=open_sweep(folder), size=(100, 34)) as app:
        page = page_of(app)
        await app.press("u", "u", "v")
        assert "escape:1 over init.scale ─" in app.lines[0]
        await app.until(lambda: "theory: orthogonal inputs" in app.text, "the theory's line")
        await app.press("t")
        assert page.rows.count == 8
        await app.press("end")
        assert "init.scale = 1e-3" in app.lines[1], "the cursor of the curve follows the table"
        await app.press("slash", *"init.scal<1", "enter")
        assert 'there is no "init.scal"; did you mean init.scale?' in " ".join(app.text.split())
        await app.press("backspace", "backspace", *"e<2e-4 network.width=8", "enter")
        assert page.rows.count == 2
        assert "init.scale<2e-4 network.width=8" in app.lines[0]


async def test_a_stored_run_is_opened_as_it_is_stored(tmp_path: Path) -> None:
    folder = made_sweep(tmp_path / "work" / "kept", ["init.seed=3,5"], keep=True)
    async with explorer(overrides=QUICK, shown=open_sweep(folder)) as app:
        await app.press("right", "enter")
        await app.until(lambda: "init.seed=5" in str(app.frame.preset.folder), "the stored run")
        assert app.frame.preset.values["init.seed"] == 5
        await app.until(lambda: app.moment.live.status == "converged", "its end")


async def test_rows_that_others_write_are_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep_page, "LOOKS_EVERY", 0.01)
    folder = made_sweep(tmp_path / "work" / "grows", ["init.seed=0:5"], most=2)
    async with explorer(overrides=QUICK, shown=open_sweep(folder)) as app:
        assert "2 of 6 runs" in app.lines[0]
        await app.press("right")
        made_sweep(folder, [], most=2)
        await app.until(lambda: "4 of 6 runs" in app.lines[0], "two rows more")
        assert "init.seed = 1:" in app.lines[1], "the cursor stays"
        made_sweep(folder, [])
        await app.until(lambda: "─ 6 runs ─" in app.lines[0], "all rows")


async def test_without_a_sweep_the_key_says_how_to_open_one() -> None:
    async with explorer(overrides=QUICK) as app:
        await app.press("M")
        assert "reluflow tui DIR opens the folder of one" in app.messages


def test_the_launch_knows_the_folder_of_a_sweep(folder: Path) -> None:
    opening = open_on("study")
    assert opening.shown is not None
    assert opening.shown.path == Path("study")
    assert opening.run is None
    assert opening.preset.values["init.scale"] == 1e-4
    (folder / "sweep.toml").write_text("data = 3")
    with pytest.raises(ReluflowError) as caught:
        open_on("study")
    assert "\n" not in str(caught.value)


def test_a_run_directory_is_no_sweep(tmp_path: Path) -> None:
    folder = made_sweep(tmp_path / "work" / "kept", ["init.seed=3"], keep=True)
    stored = next((folder / "runs").iterdir())
    opening = open_on(str(stored))
    assert opening.shown is None
    assert isinstance(opening.run, Run)
