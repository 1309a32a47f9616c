"""The user's settings: what is right applies, what is wrong is told in one sentence with its line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reluflow.errors import ReluflowError
from reluflow.plot import glyphs
from reluflow.store import guide_file, settings
from reluflow.store.key_names import key_list
from reluflow.store.locations import complaint
from reluflow.store.settings import FILE_NAME, Settings, load_settings, overrule

BINDINGS = {"play": "space", "step": "full_stop", "reset": "r", "quit": "q,ctrl+c"}
THEMES = ("nord", "gruvbox")


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Writes the settings file of a configuration folder of the test's own."""
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path))

    def writer(content: str | bytes) -> Path:
        path = tmp_path / FILE_NAME
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return writer


def load() -> tuple[Settings, list[str]]:
    return load_settings(BINDINGS, THEMES)


def test_without_a_file_everything_is_as_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "nowhere"))
    assert load() == (Settings(), [])


def test_all_settings_are_read(write) -> None:  # type: ignore[no-untyped-def]
    write(
        'marker = "block"\nfps = 5\ntheme = "nord"\nmouse = false\n'
        '[keymap]\nplay = "p"\nstep = ">, f2"\nreset = ","\nquit = "Q,ctrl+q"\n'
    )
    keymap = {"play": "p", "step": "greater_than_sign,f2", "reset": "comma", "quit": "Q,ctrl+q"}
    assert load() == (Settings("block", 5.0, "nord", False, keymap), [])


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ('marker = "dots"', 1, 'marker is "dots"; expected one of auto, braille, block, ascii'),
        ("\n# often\nfps = 0", 3, "fps is 0; expected a number from 1 to 30"),
        ("fps = nan", 1, "fps is nan; expected a number from 1 to 30"),
        ("fps = true", 1, "fps is true; expected a number"),
        ('theme = "nordic"', 1, 'theme is "nordic"; expected one of gruvbox, nord'),
        ('mouse = "no"', 1, 'mouse is "no"; expected true or false'),
        ("keymap = 3", 1, "keymap is 3; expected a section [keymap]"),
        ('\nmarkers = "block"', 2, 'there is no setting "markers"; did you mean marker?'),
        ("\n\n[colours]\nred = 1", 3, 'there is no setting "colours"'),
        ('[keymap]\n\nplays = "p"', 3, 'there is no binding "plays"; did you mean play?'),
        ('[keymap]\nplay = "hyper+p"', 2, 'keymap.play is "hyper+p"; expected a key such as'),
        ("[keymap]\nplay = 3", 2, "keymap.play is 3; expected a key such as"),
        ('keymap.play = "r"', 1, 'keymap.play is "r"; expected another key than that of reset'),
        ('[keymap]\nstep = "x"\nplay = "x"', 3, 'keymap.play is "x"; expected another key than that of step'),
        (
            '[keymap]\n"play" = "a,ctrl+c"',
            2,
            'keymap.play is "ctrl+c"; expected another key than that of quit',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_line(write, content: str, line: int, says: str) -> None:  # type: ignore[no-untyped-def]
    path = write(content)
    _, (sentence,) = load()
    assert sentence.startswith(f"{path}, line {line}: {says}")


def test_the_rest_still_applies(write) -> None:  # type: ignore[no-untyped-def]
    write('fps = 500\nmarker = "ascii"\n[keymap]\nplay = "r"\nstep = "s"\nnothing = "n"\n')
    found, sentences = load()
    assert found == Settings(marker="ascii", keymap={"step": "s"})
    assert len(sentences) == 3


def test_keys_may_change_places(write) -> None:  # type: ignore[no-untyped-def]
    write('[keymap]\nplay = "r"\nreset = "space"\n')
    assert load() == (Settings(keymap={"play": "r", "reset": "space"}), [])


def test_giving_up_one_entry_can_bring_back_another_clash(write) -> None:  # type: ignore[no-untyped-def]
    # reset may not have q; so it keeps r, and then play cannot have r either
    write('[keymap]\nplay = "r"\nreset = "q"\n')
    found, sentences = load()
    assert found.keymap == {}
    assert len(sentences) == 2


def test_a_panel_keeps_its_own_keys(write) -> None:  # type: ignore[no-untyped-def]
    path = write('[keymap]\nplay = "j"\n')
    found, (sentence,) = load_settings(BINDINGS, THEMES, {"the panel table": "k,j"})
    assert found.keymap == {}
    expected = 'keymap.play is "j"; expected another key than that of the panel table'
    assert sentence == f"{path}, line 2: {expected}"


@pytest.mark.parametrize("content", [b"fps = \n", b"\xff\xfe", b"a = [" * 5000, b"fps = 1\nfps = 2\n"])
def test_a_file_that_is_no_toml_gives_one_sentence(write, content: bytes) -> None:  # type: ignore[no-untyped-def]
    path = write(content)
    found, (sentence,) = load()
    assert found == Settings()
    assert sentence.startswith((f"{path}: found ", f"{path}, line "))
    assert sentence.endswith("; expected settings in TOML")


def test_a_folder_in_its_place_gives_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path))
    (tmp_path / FILE_NAME).mkdir()
    found, (sentence,) = load()
    assert found == Settings()
    assert sentence == f"{tmp_path / FILE_NAME}: found a folder; expected settings in TOML"


def test_ids_and_themes_are_taken_as_they_are_where_none_are_known(write) -> None:  # type: ignore[no-untyped-def]
    write('theme = "mine"\n[keymap]\nother = "x"\n')
    assert load_settings() == (Settings(theme="mine", keymap={"other": "x"}), [])
    path = write("theme = 3\n")
    assert load_settings() == (Settings(), [f"{path}, line 1: theme is 3; expected the name of a theme"])


def test_flags_overrule_the_file_and_wrong_ones_are_told_by_their_names() -> None:
    own = Settings("block", 5.0, "nord", False, {"play": "p"})
    flags = {"marker": None, "fps": 12, "theme": "gruvbox", "mouse": None}
    assert overrule(own, flags, THEMES) == Settings("block", 12.0, "gruvbox", False, {"play": "p"})
    with pytest.raises(ReluflowError, match=r"^--fps is 500; expected a number from 1 to 30$"):
        overrule(own, {"fps": 500}, THEMES)
    with pytest.raises(ReluflowError, match=r'^--theme is "nordic"; expected one of gruvbox, nord$'):
        overrule(own, {"theme": "nordic"}, THEMES)


@given(st.text(max_size=12))
def test_any_text_is_keys_or_none(text: str) -> None:
    keys = key_list(text)
    assert keys is None or keys


def test_names_of_characters_are_keys_too() -> None:
    assert key_list("full_stop, plus ,ctrl+s,shift+f3") == "full_stop,plus,ctrl+s,shift+f3"
    assert key_list("fullstop") is None
    assert key_list("a,,b") is None


def test_the_markers_are_those_that_can_be_drawn_with() -> None:
    assert set(settings.MARKERS) == {"auto", *glyphs.MARKERS}


def test_a_folder_of_presets_that_cannot_be_read_is_complained_of(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path))
    assert complaint() is None
    (tmp_path / "presets").write_text("no folder")
    assert complaint() == (
        f"{tmp_path}: cannot be read (Not a directory); only the presets of the program are known"
    )
    (tmp_path / "presets").unlink()
    (tmp_path / "presets").mkdir()
    assert complaint() is None

    def refused(folder):  # type: ignore[no-untyped-def]
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr("os.listdir", refused)
    assert complaint() == (
        f"{tmp_path}: cannot be read (Permission denied); only the presets of the program are known"
    )


@pytest.mark.parametrize("text", [None, "", "done = 1\n", "done = \n", "done = false\n"])
def test_the_tour_is_shown_until_it_is_put_away(tmp_path, monkeypatch, text):
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path))
    if text is not None:
        (tmp_path / guide_file.FILE_NAME).write_text(text)
    assert not guide_file.guide_is_done()
    guide_file.put_guide_away()
    assert guide_file.guide_is_done()
