"""Small files and paths as people leave them: what is wrong is said in one sentence, in our own words."""

import os
import shutil
import threading

import pytest
from commands import FAST, call

from reluflow.cli import own_data
from reluflow.errors import found_at
from reluflow.store.last_session import read_session
from reluflow.store.locations import NOWHERE, complaint, config_folder, state_folder
from reluflow.store.parsing import UnreadableError, json_of, text_of_bytes, toml_of
from reluflow.store.settings import load_settings

DIGITS = "9" * 6000


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"[init]\nseed = {DIGITS}", "line 2: found an integer of 6000 digits"),
        ("a = " + "[" * 5000, "found values within values, nested too deeply"),
        ("[init]\nseed = 1\r\n[init]", 'line 3: found "[init]", which was given before'),
        ("seed = 1\nseed = 2", 'line 2: found "seed = 2", which was given before'),
        ("seed =\n", "line 1, column 7: found the end of the line"),
        ("seed = 2020-99-99", 'line 1, column 12: found "-99-99"'),
        ("seed = [1,", "line 1, column 11: found the end of the text"),
    ],
)
def test_toml(text, found):
    with pytest.raises(UnreadableError) as error:
        toml_of(text)
    assert str(error.value).startswith(found)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a" 3}', 'line 1, column 6: found "3}"'),
        ("", "line 1, column 1: found the end of the text"),
        (f'{{"a":\n{DIGITS}}}', "line 2: found an integer of 6000 digits"),
        ("[" * 100_000, "found values within values, nested too deeply"),
    ],
)
def test_json(text, found):
    with pytest.raises(UnreadableError) as error:
        json_of(text)
    assert str(error.value) == found


def test_bytes():
    with pytest.raises(UnreadableError) as error:
        text_of_bytes(b'a = 1\nb = "caf\xe9"')
    assert str(error.value) == "line 2, byte 9: found the byte 0xe9, which is no UTF-8"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))
    return tmp_path


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert call("run", "orthogonal-toy", *FAST, "--out", str(folder), "-q").exit_code == 0
    return folder


def loop(path):
    path.symlink_to(path.name)


def named_pipe(path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("needs pipes with names")
    os.mkfifo(path)


MADE = {loop: "a symbolic link that leads to itself", named_pipe: "a named pipe"}


def test_what_is_found_at_a_path(here):
    for make, words in MADE.items():
        make(here / make.__name__)
        assert found_at(here / make.__name__) == words
    (here / "gone").symlink_to("nowhere")
    found = [found_at(each) for each in (here, "gone", "no", "a" * 300, "\0")]
    assert found == [
        "a folder",
        "a symbolic link to nothing",
        "nothing of that name",
        "a name that is too long",
        "a name that cannot be one",
    ]


@pytest.mark.parametrize(
    "words",
    [
        ["run"], ["resume"], ["info"], ["verify"], ["directions"], ["presets", "check"], ["sweep", "show"],
        ["run", "orthogonal-toy", "--out"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_name_that_is_too_long(words, here):
    done = call(*words, "a" * 300)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
    assert "; expected " in done.stderr


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
@pytest.mark.parametrize("name", ["preset.toml", "problem.npz", "run.json", "trajectory.npz"])
def test_a_run_with_something_else_in_the_place_of_a_file(name, make, whole, here):
    shutil.copytree(whole, "run")
    (here / "run" / name).unlink()
    make(here / "run" / name)
    for command in ("info", "verify"):
        done = call(command, "run")
        assert f"damaged: run/{name} (it is {MADE[make]})" in done.stderr
        assert done.stderr.count("\n") == 1
    if name == "preset.toml":
        assert f"run/preset.toml: found {MADE[make]}; expected" in call("run", "run").stderr


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_presets_data_and_settings_that_are_no_files(make, here):
    make(here / "own.toml")
    assert f"own.toml: found {MADE[make]}; expected" in call("presets", "check", "own.toml").stderr
    make(here / "x.csv")
    settings = ["--set", "data.kind=file", "--set", "data.path=x.csv"]
    done = call("run", "orthogonal-toy", *settings)
    assert done.exit_code == 2
    assert f"found {MADE[make]} at" in done.stderr
    for folder, name in ((config_folder(), "settings.toml"), (state_folder(), "session.toml")):
        folder.mkdir(parents=True, exist_ok=True)
        make(folder / name)
    assert "expected settings in TOML" in load_settings()[1][0]
    assert "expected a session" in (read_session()[1] or "")


@pytest.mark.parametrize("name", ["preset.toml", "problem.npz"])
def test_one_damaged_file_is_told_once(name, whole, here):
    shutil.copytree(whole, "run")
    path = here / "run" / name
    content = bytearray(path.read_bytes())
    content[150] ^= 0x80
    path.write_bytes(content)
    for command in ("info", "verify"):
        done = call(command, "run")
        assert (done.exit_code, done.stderr.count("\n")) == (2, 1)
        assert done.stderr.startswith("reluflow: damaged: ")


@pytest.mark.parametrize("name", ["problem.npz", "trajectory.npz"])
def test_a_run_that_is_over_is_looked_at_for_damage(name, whole, here):
    """And its sums are not made anew of what is damaged."""
    shutil.copytree(whole, "run")
    path = here / "run" / name
    path.write_bytes(path.read_bytes()[:-1])
    for _ in range(2):
        done = call("resume", "run")
        assert done.exit_code == 2
        assert f"damaged: run/{name}" in done.stderr
        assert "is over (converged); nothing was computed\n" in done.stderr, "and no advice to go on"


@pytest.mark.parametrize(
    ("words", "where"),
    [
        (["run", "orthogonal-toy", "--out", ""], "--out: "),
        (["run", "orthogonal-toy", "--out="], "--out: "),
        (["info", ""], ""),
        (["presets", "check", ""], ""),
    ],
)
def test_an_empty_word_is_no_folder(words, where, here):
    done = call(*words)
    assert done.stderr == f"reluflow: {where}found an empty word; expected a name or a value\n"
    assert done.exit_code == 2


def test_a_home_that_is_no_absolute_path_is_none(here, monkeypatch):
    for name in ("RELUFLOW_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "mine")
    assert (complaint() or "").startswith("HOME is mine, and no absolute path; only the presets ")
    assert config_folder() == state_folder() == NOWHERE


def test_a_pipe_that_nobody_writes_to_is_said_to_be_waited_for(here, monkeypatch):
    named_pipe(here / "pipe")
    said = []

    def write_then(text):
        said.append(text)
        threading.Thread(target=(here / "pipe").write_bytes, args=(b"1,2,1\n",)).start()

    monkeypatch.setattr(own_data, "remark", write_then)
    monkeypatch.setattr(own_data, "PATIENCE", 0.0)
    with own_data.data_file("pipe") as found:
        assert found.read_bytes() == b"1,2,1\n"
    assert said == ["pipe: waiting for samples to be written to it"]
