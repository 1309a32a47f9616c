"""The user's settings and the flags before them, from the file to the screen."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import driver
import pytest

import reluflow.tui
from reluflow.cli import tui as command
from reluflow.errors import ReluflowError
from reluflow.store.settings import Settings
from reluflow.tui.actions import ACTIONS
from reluflow.tui.bindings import rebound
from reluflow.tui.launch import all_settings
from reluflow.tui.panel_keys import OWN_KEYS
from reluflow.tui.widgets.neuron_table import NeuronTable


@pytest.fixture
def file(own_folder: Path) -> Path:
    path = own_folder / "config" / "settings.toml"
    path.parent.mkdir()
    path.write_text('marker = "block"\nfps = 5\ntheme = "nord"\nmouse = false\n[keymap]\nverify = "f3,f2"\n')
    return path


def test_flags_stand_before_the_file(file: Path) -> None:
    assert all_settings({"marker": None, "fps": None}) == (
        Settings("block", 5.0, "nord", False, {"verify": "f3,f2"}),
        [],
    )
    found, _ = all_settings({"marker": "auto", "fps": 30.0, "theme": "gruvbox", "mouse": True})
    assert found == Settings("auto", 30.0, "gruvbox", True, {"verify": "f3,f2"})


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"fps": 31.0}, "--fps is 31.0; expected a number from 1 to 30"),
        ({"fps": float("nan")}, "--fps is nan; expected a number from 1 to 30"),
        ({"theme": "nordic"}, '--theme is "nordic"; expected one of '),
        ({"marker": "dots"}, '--marker is "dots"; expected one of auto, braille, block, ascii'),
    ],
)
def test_a_bad_flag_is_refused(flags: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ReluflowError) as caught:
        reluflow.tui.run(None, **flags)
    assert str(caught.value).startswith(sentence)


async def test_settings_reach_the_screen(file: Path) -> None:
    file.write_text(file.read_text() + 'play = "V"\nnothing = "x"\nhelp = "V"\n')
    settings, complaints = all_settings({})
    async with driver.explorer(settings=settings, complaints=complaints, size=(160, 80)) as app:
        assert app.app.theme == "nord"
        assert app.text.count("settings.toml, line ") == len(complaints) == 2
        app.app.clear_notifications()
        await app.until(lambda: " V play" in app.lines[-1], "the keys at the foot")
        played = app.moment.playing
        await app.press("V")
        assert app.moment.playing is not played
        await app.press("f3")
        assert "predictions" in app.lines[0]
        await app.press("escape", "question_mark")
        assert "  f3        what the theory predicts" in app.text


def test_other_keys_are_shown_as_people_call_them() -> None:
    keymap = {"play": "full_stop", "halt": "ctrl+h", "step": "space", "quit": "pageup,q"}
    shown = {action.id: action.shown for action in rebound(keymap)}
    assert [shown[id] for id in keymap] == [".", "ctrl+h", "space", "pageup"]
    assert {id: keys for id, keys in shown.items() if id not in keymap} == {
        action.id: action.shown for action in ACTIONS if action.id not in keymap
    }


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the command believe that it is in a terminal."""
    stream = SimpleNamespace(isatty=lambda: True)
    monkeypatch.setattr(command, "sys", SimpleNamespace(stdin=stream, stdout=stream))


@pytest.mark.usefixtures("terminal")
def test_the_command_hands_its_flags_on(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []

    def run(target: str | None, **flags: Any) -> int:
        given.append({"target": target, **flags})
        return 0

    monkeypatch.setattr(reluflow.tui, "run", run)
    for words in (
        {},
        {"target": "toy", "marker": "ascii", "fps": "20", "theme": "nord", "no_mouse": True, "fresh": True},
    ):
        with pytest.raises(command.typer.Exit):
            command.tui(**words)
    assert given == [
        {"target": None, "fresh": False, "marker": None, "fps": None, "theme": None, "mouse": None},
        {"target": "toy", "fresh": True, "marker": "ascii", "fps": 20.0, "theme": "nord", "mouse": False},
    ]


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("flags", [{"fps": "many"}, {"fps": "0"}, {"marker": "dots"}])
def test_the_command_ends_with_one_sentence(
    flags: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(command.typer.Exit) as caught:
        command.tui(**flags)
    assert caught.value.exit_code == 2
    told = capsys.readouterr().err
    assert told.startswith(f"reluflow: --{next(iter(flags))} is ")
    assert told.count("\n") == 1


def test_the_keys_that_panels_keep_are_those_they_listen_to(file: Path) -> None:
    app = {key for action in ACTIONS for key in action.keys.split(",")}
    own = {key for binding in NeuronTable.BINDINGS for key in binding.key.split(",")} - app  # type: ignore[union-attr]
    assert own == set(OWN_KEYS["neurons"].split(","))
    file.write_text('[keymap]\nhelp = "j"\n')
    _, (sentence,) = all_settings({})
    assert sentence.endswith('keymap.help is "j"; expected another key than that of the panel table')


@pytest.mark.parametrize(("value", "left"), [("", None), ("1", "1")])
def test_an_empty_no_color_asks_for_nothing(
    value: str, left: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", value)
    with pytest.raises(ReluflowError):
        reluflow.tui.run(None, marker="dots")
    assert os.environ.get("NO_COLOR") == left
