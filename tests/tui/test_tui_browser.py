"""What there is to open: found by typing, with notes beside the list."""

from pathlib import Path

import pytest
from driver import explorer
from rich.style import Style
from textual import events
from textual.geometry import Offset
from textual.widgets import Input, OptionList, Static

from reluflow.store.preset import load_preset, save_preset
from reluflow.store.run_directory import RunWriter
from reluflow.training.training import Training
from reluflow.tui.catalogue import all_entries, matching, notes_of
from reluflow.tui.files import completions, data_entries, data_notes
from reluflow.tui.screens.preset_list import PresetList
from reluflow.tui.widgets.rows_panel import RowsPanel


def test_presets_ones_own_and_runs_are_offered_and_found_by_every_word() -> None:
    save_preset(load_preset("orthogonal-toy"), "mine")
    preset = load_preset("first-steps", {"stop.steps": 3})
    training = Training.from_preset(preset)
    training.advance(10.0)
    writer = RunWriter.create(preset, training.problem)
    writer.save(training)
    writer.close()
    entries = all_entries()
    kinds = {entry.target: entry.kind for entry in entries}
    assert kinds["mine"] == "own"
    assert kinds["wu-five-points"] == "shipped"
    assert kinds["runs/first-steps-1"] == "run"
    assert entries[-1].title.startswith("steps at t = ")
    assert [entry.target for entry in matching("five wu", entries)] == ["wu-five-points"]
    assert matching("boursier", entries)
    assert matching("first", entries)[0].name == "first-steps"
    assert matching("no such thing", entries) == []
    notes = notes_of(entries[-1])
    assert notes.startswith("steps at t = ")
    assert "Watch the loss" in notes
    assert "20 neurons" in notes
    summary = writer.path / "run.json"
    summary.unlink()
    summary.mkdir()
    assert all_entries()[-1].title.startswith("damaged at t = ")


def test_what_cannot_be_read_says_so_in_its_notes(own_folder) -> None:  # type: ignore[no-untyped-def]
    (own_folder / "config" / "presets").mkdir(parents=True)
    (own_folder / "config" / "presets" / "bad.toml").write_text("[network]\nwidth = -1\n")
    bad = next(entry for entry in all_entries() if entry.target == "bad")
    assert "network.width is -1" in notes_of(bad)


@pytest.mark.parametrize("size", [(60, 20), pytest.param((120, 40), marks=pytest.mark.slow)])
async def test_typing_finds_and_enter_opens(size: tuple[int, int]) -> None:
    async with explorer(size=size, running=True) as app:
        await app.solved()
        await app.press("o")
        assert "first-steps" in app.text
        await app.press(*"three-po")
        assert "first-steps" not in app.text
        assert (
            "best straight line" in " ".join(app.text.split()) or "three points on a line" in app.text.lower()
        )
        line = next(line for line in app.lines if "three-points" in line)
        assert len(app.lines) == size[1]
        if size[0] >= 120:
            assert "Three points" in line or any("Three points" in each[45:] for each in app.lines)
        await app.press("enter")
        await app.until(lambda: app.frame.preset.name == "three-points", "the preset")
        assert app.moment.playing


async def test_a_run_directory_opens_at_its_end_and_esc_opens_nothing() -> None:
    async with explorer(overrides={"stop.steps": 4}, running=True) as app:
        await app.solved()
        end = app.frame.history.end
        await app.press("w")
        await app.until(lambda: app.moment.live.note, "a note")
        await app.press("o", *"zzzz", "enter")
        assert "nothing of that name" in app.text
        await app.press("escape", "o", *"runs/", "enter")
        before = app.frame.generation
        await app.until(lambda: app.frame.generation > before or app.frame.over, "the run")
        await app.until(lambda: app.moment.t == end, "its end")
        assert app.frame.preset.path.parent.name == "orthogonal-toy-1"


async def test_control_characters_of_a_preset_are_shown_escaped(own_folder) -> None:  # type: ignore[no-untyped-def]
    (own_folder / "config" / "presets").mkdir(parents=True)
    path = own_folder / "config" / "presets" / "a\x1b[31m.toml"
    path.write_text(
        'title = "\\u001b[2J\\u0007"\nnotes = "\\u009b31m\\n\\nb\\u202e"\n'
        "[data]\nkind = 'points'\ninputs = [[1.0], [-1.0]]\ntargets = [1.0, 0.5]\n[network]\nwidth = 4\n"
    )
    entry = next(entry for entry in all_entries() if entry.target == path.stem)
    assert (entry.name, entry.title) == (r"a\u001b[31m", r"\u001b[2J\u0007")
    assert notes_of(entry).startswith("\\u001b[2J\\u0007\n\n\\u009b31m\n\nb\\u202e")
    async with explorer(path.stem) as driver:
        panels = driver.app.query(RowsPanel)
        rows = [panel.render_line(y).text for panel in panels for y in range(panel.size.height)]
        assert any(r"a\u001b[31m" in text for text in rows)
        assert not any("\x1b" in text for text in rows)


async def test_a_click_on_what_is_narrowed_away_chooses_nothing() -> None:
    async with explorer() as app:
        await app.press("o")
        options = app.app.screen.query_one(OptionList)
        last = Style(meta={"option": options.option_count - 1})
        await app.press(*"five")
        assert options.option_count < last.meta["option"]
        for style in (last, Style(meta={"option": 0})):
            assert isinstance(app.app.screen, PresetList)
            nowhere = dict.fromkeys(("x", "y", "delta_x", "delta_y"), 0)
            keys = dict.fromkeys(("shift", "meta", "ctrl"), False)
            options.post_message(events.Click(options, **nowhere, button=1, **keys, style=style))
            await app.drained()
        assert not isinstance(app.app.screen, PresetList)


async def test_a_click_on_a_field_that_is_being_removed_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with explorer() as app:
        gone = Static("gone")
        monkeypatch.setattr(app.app.screen, "get_widget_and_offset_at", lambda *_: (gone, Offset(0, 0)))
        await app.pilot.mouse_down("#loss")
        await app.pilot.mouse_up("#loss")
        await app.press("2")
        assert app.app.layout.panel == "directions"


HAT = "x;y\n-1,0;0,5\n0,0;1,5\n1,0;0,5\n"


@pytest.fixture
def files(own_folder: Path) -> Path:
    """The working folder with data files, a folder of them, and what cannot be used."""
    work = own_folder / "work"
    (work / "data").mkdir()
    for name in ("hat.csv", "data/second.csv", "data/.hidden.csv", "data/odd.ending"):
        (work / name).write_text(HAT)
    (work / "data" / "broken.csv").write_text("x,y\n1,2\n3,\n")
    (work / "notes.txt").write_text("nothing of numbers")
    return work


def test_paths_are_completed(files: Path) -> None:
    def names(query: str) -> list[str]:
        return [entry.target for entry in completions(query)]

    assert [entry.target for entry in data_entries()] == ["hat.csv"]
    assert names("./") == ["./data/", "./hat.csv", "./notes.txt"]
    assert names("./d") == ["./data/"]
    assert names("./data/") == ["./data/broken.csv", "./data/second.csv"]
    assert names("./data/.h") == ["./data/.hidden.csv"]
    assert names(f"{files}/h") == [f"{files}/hat.csv"]
    assert names("./data/odd.ending") == ["./data/odd.ending"]
    assert names("./nothing/") == names("./\0") == []
    assert all(name.startswith("~/") for name in names("~/"))


def test_notes_on_data_show_how_they_begin(files: Path) -> None:
    assert f"{len(HAT)} bytes" in data_notes("hat.csv")
    assert "-1,0;0,5" in data_notes("hat.csv")
    assert "cannot be read" in data_notes("gone.csv")


async def test_a_data_file_is_found_completed_and_trained_on(files: Path) -> None:
    async with explorer(running=True) as app:
        await app.solved()
        await app.press("o", *"./da", "tab")
        assert app.app.screen.query_one(Input).value == "./data/"
        await app.press(*"sec", "tab", "enter")
        await app.until(lambda: app.frame.preset.name == "second", "the data")
        assert app.frame.problem is not None
        assert app.frame.problem.targets.tolist() == [0.5, 1.5, 0.5]
        # a folder is gone into, not opened
        await app.press("o", *"./data", "enter")
        assert app.app.screen.query_one(Input).value == "./data/"


async def test_data_that_cannot_be_used_leave_the_run_on_screen(files: Path) -> None:
    async with explorer(running=True) as app:
        await app.solved()
        generation = app.frame.generation
        await app.press("o", *"./data/broken.csv", "enter")
        assert "line 3, column 2: found an empty cell" in app.messages
        await app.settled()
        assert app.frame.generation == generation
        assert app.app.parameters.present.name == "orthogonal-toy"
