"""The session that is kept for the next start: the same comes back, and a broken file is not lost."""

import math
from pathlib import Path

import pytest

from reluflow.store.last_session import LastSession, read_session, write_session
from reluflow.store.preset import load_preset, save_preset


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path))
    return tmp_path


def test_what_is_written_comes_back() -> None:
    preset = load_preset("orthogonal-toy", {"init.scale": 1e-20, "data.inputs": ((0.5, 1.0), (2.0, -1.0))})
    frozen = load_preset("first-steps", {"solver.method": "gd", "solver.learning_rate": 0.01})
    session = LastSession(
        preset, 12.5, "log time", math.inf, 7, {"panel": "loss", "loss.log_time": True}, (frozen, preset)
    )
    write_session(session)
    assert read_session() == (session, None)


def test_the_cursor_moves_by_change_where_no_clock_is_written() -> None:
    path = write_session(LastSession(load_preset("orthogonal-toy"), clock="time"))
    text = path.read_text()
    assert 'clock = "time"\n' in text
    path.write_text(text.replace('clock = "time"\n', ""))
    session, told = read_session()
    assert told is None
    assert session is not None
    assert session.clock == "change"


def test_there_is_none_at_first() -> None:
    assert read_session() == (None, None)


def test_a_preset_whose_file_is_gone_comes_back_with_its_values(own_folder: Path) -> None:
    path = save_preset(load_preset("orthogonal-toy", {"network.width": 5}), "mine")
    write_session(LastSession(load_preset(path)))
    path.unlink()
    session, sentence = read_session()
    assert sentence is None
    assert session.preset.name == "mine"
    assert session.preset.path is None
    assert session.preset.values["network.width"] == 5


def test_a_folder_may_have_any_name(own_folder: Path) -> None:
    folder = own_folder / "not\udcffutf-8\x1b[31m"
    folder.mkdir()
    path = save_preset(load_preset("orthogonal-toy"), "mine", folder=folder)
    session = LastSession(load_preset(path))
    write_session(session)
    assert read_session() == (session, None)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[run]", "[run", "expected a session in TOML"),
        ("t = 0.0", 't = "late"', 'cursor.t is "late"; expected a number from 0'),
        ("t = 0.0", "t = nan", "cursor.t is nan; expected a number from 0"),
        ("t = 0.0", f"t = {'9' * 400}", "cursor.t is an integer of more than 30 digits; expected"),
        ('clock = "change"', 'clock = "sun"', 'cursor.clock is "sun"; expected one of change, time'),
        ('"network.width" = 60', '"network.width" = -1', "run: network.width is -1; expected"),
        ('"network.width" = 60', '"network.widht" = 60', 'there is no key "network.widht"'),
        ('name = "orthogonal-toy"', "name = 3", "run.name is 3; expected text"),
        ("[view]", "[[view]]", "expected a section [view]"),
        ("frozen = []", "frozen = 3", "frozen is 3; expected tables [[frozen]]"),
        ("frozen = []", 'frozen = ["a"]', "frozen is ['a']; expected tables [[frozen]]"),
    ],
)
def test_a_broken_file_is_told_and_put_aside(own_folder: Path, old: str, new: str, sentence: str) -> None:
    path = write_session(LastSession(load_preset("orthogonal-toy")))
    text = path.read_text()
    assert old in text
    for number in (1, 2):
        path.write_text(text.replace(old, new))
        session, told = read_session()
        assert session is None
        assert sentence in told
        assert told.startswith(str(path))
        aside = path.with_name(f"session.toml.unusable-{number}")
        assert aside.name in told
        assert aside.read_text() == text.replace(old, new)
        assert not path.exists()


def test_bytes_that_are_no_text_are_put_aside_too(own_folder: Path) -> None:
    (own_folder / "session.toml").write_bytes(b"\xff\xfe\x00")
    session, told = read_session()
    assert session is None
    assert "expected a session in TOML" in told
    assert read_session() == (None, None)
