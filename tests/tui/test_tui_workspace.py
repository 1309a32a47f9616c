"""A folder of runs in the app: list, curves, filters, and runs that are opened, deleted and renamed."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from driver import Driver, explorer
from made_runs import begun_run, made_run
from made_sweeps import QUICK

from reluflow.errors import ReluflowError
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import BRAILLE
from reluflow.store.run_folder import BIN, RunFolder, StoredRun
from reluflow.tui.launch import open_on
from reluflow.tui.screens import workspace_page
from reluflow.tui.screens.workspace_page import WorkspacePage
from reluflow.tui.widgets.curves_panel import CurvesPanel
from reluflow.tui.workspace import Workspace


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs that tests get copies of."""
    folder = tmp_path_factory.mktemp("three")
    for number, scale in enumerate((1e-2, 1e-3, 1e-4), 1):
        made_run(folder / f"toy-{number}", init__scale=scale)
    return folder


@pytest.fixture
def runs(three_runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workspace_page, "LOOKS_EVERY", 0.02)
    return Path(shutil.copytree(three_runs, tmp_path / "work" / "runs"))


def page_of(app: Driver) -> WorkspacePage:
    assert isinstance(app.app.screen, WorkspacePage)
    return app.app.screen


async def listed(app: Driver, count: int) -> WorkspacePage:
    page = page_of(app)
    await app.until(lambda: page.rows.count == count, f"{count} runs")
    return page


async def test_runs_are_listed_and_their_curves_drawn_over_each_other(runs: Path) -> None:
    async with explorer(overrides=QUICK, shown=RunFolder(runs), size=(80, 24)) as app:
        page = await listed(app, 3)
        await app.press("S")
        await app.until(lambda: "─ toy-" in app.lines[1], "a curve")
        assert all(len(line) <= 80 for line in app.lines)
        await app.press("home", "space", "space")
        await app.until(lambda: "a toy-1   b toy-2" in app.lines[1], "marked curves")
        assert app.lines[1].startswith("  ─ toy-3")
        signs = [line[1] for line in app.lines if line[3:7] == "toy-"]
        assert signs == ["a", "b", " "]
        await app.press("l")
        assert "over log time" in app.lines[0]
        await app.press("c")
        await app.until(lambda: "a toy-1" not in app.lines[1], "no marks")
        await app.press("enter")
        await app.until(lambda: app.frame.preset.folder == runs / "toy-3", "the stored run")
        assert app.app.screen is app.app.main
        assert page is not app.app.screen


def test_losses_of_labels_are_drawn_over_log_time_and_to_their_end() -> None:
    """They fall like 1/t: over time as it is there is nothing to be seen of them."""
    panel = CurvesPanel(BRAILLE)
    series = {"t": np.array([0.0, 1.0, 1e3, 1e6]), "loss": np.array([0.69, 0.5, 1e-3, 1e-6])}
    for labels, time in ((False, "over time"), (True, "over log time"), (False, "over time")):
        panel.show("run", series, {}, 0.5, labels)
        assert f" {time} " in plain(panel.make_rows(80, 10)[0])
    panel.show("run", series, {}, 0.5, True)
    assert "1e-6" in "".join(map(plain, panel.make_rows(80, 20)))
    panel.turn_time()
    assert " over time " in plain(panel.make_rows(80, 10)[0])


def test_the_workspace_knows_which_losses_are_of_labels(tmp_path: Path) -> None:
    space = Workspace(RunFolder(tmp_path))
    for loss, labels in {"half-mse": False, "exponential": True, "unknown": False}.items():
        assert space.of_labels(StoredRun(tmp_path, (), values={"solver.loss": loss})) == labels


async def test_control_characters_in_a_name_neither_show_nor_shift_the_columns(runs: Path) -> None:
    """They are written as the command line writes them."""
    (runs / "toy-2").rename(runs / "toy-\x1b[31m2")
    async with explorer(overrides=QUICK, shown=RunFolder(runs), size=(120, 24)) as app:
        await listed(app, 3)
        await app.until(lambda: any("toy-\\u001b[31m2" in line for line in app.lines), "the name, escaped")
        places = [line.find("converged") for line in app.lines if " converged " in line]
        assert len(places) == 3
        assert len(set(places)) == 1
        assert all(len(line) <= 120 for line in app.lines)


async def test_a_filter_and_its_sentences(runs: Path) -> None:
    async with explorer(overrides=QUICK, shown=RunFolder(runs)) as app:
        page = await listed(app, 3)
        await app.press("slash", *"init.scal<5e-3", "enter")
        assert "did you mean init.scale?" in " ".join(app.text.split())
        await app.press("end", "ctrl+u", *"init.scale<5e-3", "enter")
        assert page.rows.count == 2
        assert "init.scale<5e-3" in app.text
        await app.press("slash", "end", "ctrl+u", *"loss>3", "enter")
        assert "no run is loss>3" in app.text
        await app.press("enter", "space", "d", "r")
        assert page_of(app) is page, "there is nothing to do anything with"


async def test_runs_of_others_are_followed(runs: Path) -> None:
    async with explorer(overrides=QUICK, shown=RunFolder(runs)) as app:
        await listed(app, 3)
        writer, training = begun_run(runs / "later", 2)
        await listed(app, 4)
        assert "running" in app.text
        training.run()
        writer.save(training)
        writer.close()
        await app.until(lambda: "running" not in app.text, "its end")
        await app.press("home")
        assert app.text.count("converged") == 4


async def test_deleting_asks_and_is_undone(runs: Path) -> None:
    async with explorer(overrides=QUICK, shown=RunFolder(runs)) as app:
        await listed(app, 3)
        await app.press("S", "home", "d")
        assert "Delete toy-1?" in app.text
        await app.press("n")
        assert (runs / "toy-1").is_dir()
        await app.press("home", "space", "space", "d")
        assert "Delete the 2 marked runs?" in app.text
        await app.press("y")
        await listed(app, 1)
        assert len(list((runs / BIN).glob("*/*"))) == 2
        await app.press("u")
        await listed(app, 3)
        await app.press("u")
        await app.until(lambda: "nothing was deleted" in app.messages, "a sentence")
        await app.press("d", "y")
        await listed(app, 2)
        await app.press("E")
        assert "Delete 1 run in the bin for good?" in app.text
        await app.press("y")
        await app.until(lambda: not (runs / BIN).exists(), "an empty bin")


async def test_renaming_takes_the_mark_and_the_cursor_along(runs: Path) -> None:
    async with explorer(overrides=QUICK, shown=RunFolder(runs)) as app:
        page = await listed(app, 3)
        await app.press("S", "home", "space", "home", "r")
        await app.press("end", "ctrl+u", *"toy-2", "enter")
        assert "toy-2 exists already" in " ".join(app.text.split())
        await app.press("end", "ctrl+u", *"zebra", "enter")
        await app.until(lambda: page.run is not None and page.run.name == "zebra", "the new name")
        assert page.rows.cursor == 2
        assert sorted(path.name for path in runs.iterdir()) == ["toy-2", "toy-3", "zebra"]
        await app.until(lambda: "a  zebra" in app.text or "a zebra" in app.text, "its mark")


async def test_the_cursor_goes_to_a_new_name_also_when_another_look_comes_first(
    runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, free = RunFolder.look, threading.Event()
    free.set()
    monkeypatch.setattr(RunFolder, "look", lambda folder: (free.wait(60.0), look(folder))[1])
    async with explorer(overrides=QUICK, shown=RunFolder(runs)) as app:
        page = await listed(app, 3)
        await app.press("S", "home", "r", "end", "ctrl+u", *"zebra")
        free.clear()
        await app.press("enter", "u")
        free.set()
        await app.until(lambda: page.rows.count == 3 and "zebra" in app.text, "the new name")
        assert page.run is not None
        assert page.run.name == "zebra"


async def test_the_run_on_show_and_those_being_written_stay(runs: Path) -> None:
    writer, _ = begun_run(runs / "a-going", 2)
    async with explorer(str(runs / "toy-3")) as app:
        await app.press("W")
        await listed(app, 4)
        await app.press("S", "end", "d")
        await app.until(lambda: "toy-3 is open in the app" in app.messages, "a sentence")
        for key in ("d", "r"):
            await app.press("home", key)
            await app.until(
                lambda: "a-going is being written by a run that goes on" in app.messages, "why not"
            )
            assert page_of(app).rows.count == 4, "nothing is asked"
    writer.close()


@pytest.mark.parametrize("key", ["d", pytest.param("r", marks=pytest.mark.slow)])
async def test_the_run_behind_a_folder_may_leave_until_the_user_looks_at_it(runs: Path, key: str) -> None:
    async with explorer(str(runs / "toy-3"), shown=RunFolder(runs)) as app:
        await listed(app, 3)
        await app.press("S", "end", key, *(["y"] if key == "d" else ["end", "-", "b", "enter"]))
        await app.until(lambda: app.frame.preset.name == "orthogonal-toy", "the first preset in its place")
        await listed(app, 2 if key == "d" else 3)
        assert not (runs / "toy-3").exists()
    async with explorer(str(runs / "toy-2"), shown=RunFolder(runs)) as app:
        await listed(app, 2 if key == "d" else 3)
        await app.press("escape", "W")
        await app.press("S", "home", "down", key)
        await app.until(lambda: "toy-2 is open in the app" in app.messages, "it is on show by now")


async def test_the_key_shows_the_runs_of_the_working_folder(runs: Path) -> None:
    async with explorer(overrides=QUICK) as app:
        await app.press("W")
        page = await listed(app, 3)
        await app.press("S", "end", "escape")
        assert app.app.screen is app.app.main
        await app.press("W")
        assert page_of(app) is not page
        assert "name first" in app.text, "it is as it was left"


async def test_without_runs_the_key_says_how_to_get_some() -> None:
    async with explorer(overrides=QUICK) as app:
        await app.press("W")
        assert "there is no folder runs here" in app.messages


def test_the_launch_knows_a_folder_of_runs(runs: Path, tmp_path: Path) -> None:
    made_run(runs / "newest")
    opening = open_on("runs")
    assert isinstance(opening.shown, RunFolder)
    assert opening.run is not None
    assert opening.run.path.name == "newest"
    (runs / "newest" / "preset.toml").write_text("data = ")
    opening = open_on("runs/")
    assert opening.run is None
    assert opening.preset.name == "orthogonal-toy"
    (tmp_path / "work" / "empty").mkdir()
    assert open_on("empty").shown is not None
    (tmp_path / "work" / "empty" / "notes").touch()
    with pytest.raises(ReluflowError, match="found a folder without run directories"):
        open_on("empty")
