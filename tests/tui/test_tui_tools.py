"""Inspector, palette, copy and picture in the whole app."""

import os
import subprocess
import tomllib
from pathlib import Path

import driver
import pytest
from textual import events

from reluflow.store.preset import load_preset, save_preset
from reluflow.tui.messages import ParametersApplied
from reluflow.tui.screens.inspector import Inspector
from reluflow.tui.terminal.app import KeySettings, TerminalApp


async def test_the_inspector_follows_the_cursor_and_gives_its_neuron_back() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.app.action_do("inspect")
        await app.press("down", "down")
        assert "neuron 2 at" in app.lines[0]
        app.app.cursor.playback.go_to(5.0, app.frame.history)
        app.app.pull()
        app.app.pages.follow(app.app.moment)
        await app.drained()
        assert "neuron 2 at t = 5 " in app.lines[0]
        await app.press("escape")
        assert not isinstance(app.app.screen, Inspector)
        assert app.app.table.cursor == 2


async def test_the_palette_does_what_is_chosen() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.app.action_do("palette")
        await app.press(*"this page", "enter")
        await app.drained()
        assert "Keys" in app.text


async def test_the_palette_shows_a_view_by_its_name() -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.app.action_do("palette")
        await app.press(*"departure", "enter")
        await app.drained()
        assert app.app.main.view.view == "departure over time"
        assert "departure over time" in app.text


async def test_the_command_is_copied_with_the_changes() -> None:
    async with driver.explorer(overrides={"network.width": 7}) as app:
        await app.press("Y", "enter")
        assert app.app.clipboard == "reluflow run orthogonal-toy --set network.width=7"


async def test_the_command_of_a_file_with_any_name_is_one_that_a_shell_takes(own_folder: Path) -> None:
    folder = own_folder / "not\udcffutf-8 'and\x1b[31m\\n"
    folder.mkdir()
    path = save_preset(load_preset("orthogonal-toy"), "mine", folder=folder)
    async with driver.explorer(str(path)) as app:
        await app.press("Y", "enter")
        copied = app.app.clipboard
    assert copied.isprintable()
    done = subprocess.run(["bash", "-c", copied.replace("reluflow run", "printf %s")], capture_output=True)
    assert done.stdout == os.fsencode(path)


async def test_the_preset_the_moment_and_a_neuron_are_copied_exactly(own_folder: Path) -> None:
    async with driver.explorer(overrides={"network.width": 7}, size=(60, 20)) as app:
        await app.halted_at(4)
        await app.press("end", "down", "down", "Y", "p")
        assert tomllib.loads(app.app.clipboard)["network"]["width"] == 7
        await app.press("Y", "v")
        values = tomllib.loads(app.app.clipboard)
        assert (values["t"], values["loss"]) == (app.moment.t, app.moment.loss)
        await app.press("Y", "n")
        neuron = tomllib.loads(app.app.clipboard)
        assert neuron["neuron"] == 2
        assert neuron["weights"] == app.moment.state.weights[2].tolist()
        assert neuron["output_weight"] == app.moment.state.output_weights[2]
        assert (own_folder / "config" / "clipboard.txt").read_text() == app.app.clipboard + "\n"
        before = app.app.clipboard
        await app.press("Y", "escape")
        assert app.app.clipboard == before


async def test_the_picture_is_written_where_it_says(own_folder: Path) -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.app.action_do("picture")
        await app.drained()
        assert (own_folder / "work" / "reluflow-orthogonal-toy-1.svg").is_file()
        assert "screen saved in" in app.text


@pytest.mark.parametrize("page", [pytest.param("enter", marks=pytest.mark.slow), "V"])
async def test_a_page_answers_the_keys_that_belong_to_no_panel(page: str) -> None:
    async with driver.explorer() as app:
        await app.solved()
        await app.press(page)
        below = app.app.screen
        await app.press("question_mark")
        assert below.topic in app.text
        await app.press("escape")
        assert app.app.screen is below
        await app.press("Y")
        assert "the command" in app.text
        await app.press("escape", "x")
        assert app.app.screen is below
        assert Path("reluflow-orthogonal-toy-1.svg").is_file()
        # what is chosen from the palette is about the panels
        await app.press("colon", *"log", "enter")
        assert len(app.app.screen_stack) == 1
        assert "over log time" in app.text


async def test_messages_are_no_part_of_a_picture() -> None:
    async with driver.explorer() as app:
        await app.solved()
        app.app.say("a message that covers something")
        await app.drained()
        assert "a message that covers something" in app.text
        await app.press("x", "x")
        for number in (1, 2):
            picture = Path(f"reluflow-orthogonal-toy-{number}.svg").read_text().replace("&#160;", " ")
            assert "orthogonal-toy" in picture
            assert "covers" not in picture
            assert "saved" not in picture
        assert "a message that covers something" in app.text


async def test_a_state_that_cannot_be_built_changes_nothing() -> None:
    async with driver.explorer() as app:
        before = await app.solved()
        present = app.app.parameters.present
        await app.press("p")
        app.app.post_message(ParametersApplied({"data.kind": "file", "data.path": "no/such.csv"}))
        await app.until(lambda: app.session.frame.refused is not None, "the refusal")
        await app.settled()
        assert app.app.parameters.present is present
        assert (app.frame.generation, app.frame.status) == (before.generation, before.status)
        assert app.frame.steps == before.steps
        assert app.frame.preset is present
        # typed here, it is looked for here
        assert str(Path.cwd() / "no/such.csv") in app.session.frame.refused.text
        await app.press("escape", "escape")
        app.app.parameters.undo()
        assert app.app.parameters.present is present


async def test_a_folder_that_was_removed_is_a_sentence(own_folder: Path) -> None:
    async with driver.explorer() as app:
        await app.solved()
        (own_folder / "work").rmdir()
        await app.press("x")
        assert app.messages.startswith("reluflow-orthogonal-toy-1.svg: cannot be written (")
        await app.press("w")
        await app.settled()
        assert app.frame.note is not None
        assert "cannot be written" in app.frame.note.text
        assert "Errno" not in app.messages + app.frame.note.text


async def test_a_key_waits_for_one_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    # the marker of a key is looked after at once, as if the machine had no time for the app
    monkeypatch.setattr(TerminalApp, "KEYS", KeySettings(check_seconds=0.0))
    async with driver.explorer() as app:
        await app.solved()
        opened: list[str] = []
        push = app.app.push_screen
        monkeypatch.setattr(
            app.app,
            "push_screen",
            lambda page, *rest: (opened.append(type(page).__name__), push(page, *rest)),
        )
        for _ in range(2):
            for key in ("Y", "enter", "enter", "enter", "i", "escape"):
                app.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await app.drained()
        # the first enter copies, the others were meant for that too, i opens a page, and that is left
        assert opened == ["CopyMenu", "Inspector"] * 2
        assert len(app.app.screen_stack) == 1
