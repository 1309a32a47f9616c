"""Powers as numbers, and presets with a section [sweep], which single runs leave alone."""

import json
import re

import pytest
from commands import FAST, call, one_sentence

import reluflow
from reluflow.errors import PresetError
from reluflow.store.powers import power, powers_as_numbers
from reluflow.store.preset import load_preset
from reluflow.store.sweep_section import SweepSection, read_section

TEXT = """
[data]
kind = "points"
inputs = [[-0.5, 1.0], ["2^1", 1.0]]
targets = [-1.0, 1.0]
[network]
width = 8
[init]
scale = "4^-5"
[stop]
loss = 0.3
"""
SWEEP = '\n[sweep]\nover = ["init.seed=0:9"]\nmeasures = ["steps"]\nsuccess = "loss<0.1"\nlimit = 5\n'


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("4^-5", 4.0**-5),
        ("10^-20", 1e-20),
        ("2^0.5", 2.0**0.5),
        ("-2^3", -8.0),
        ("+1.5^2", 2.25),
        ("10^400", float("inf")),
        ("10^-9999", 0.0),
        ("0^2", 0.0),
    ],
)
def test_powers_are_correctly_rounded(text, value):
    assert power(text) == value


@pytest.mark.parametrize("text", ["4", "4^", "^2", "a^2", "4^2^2", "4 ^ 2", "0^-1", ""])
def test_other_text_is_no_power(text):
    assert power(text) is None


def test_powers_in_lists():
    assert powers_as_numbers("[[2^3, -2^3], [x^2, 1]]") == "[[8.0, -8.0], [x^2, 1]]"


def test_powers_stand_wherever_numbers_stand(tmp_path):
    (tmp_path / "own.toml").write_text(TEXT)
    preset = load_preset("own.toml")
    assert preset.values["init.scale"] == 4.0**-5
    assert preset.values["data.inputs"] == ((-0.5, 1.0), (2.0, 1.0))
    run = call(
        "run", "own.toml", "--set", "network.width=2^2", "--set", "data.targets=-1,2^-1", "--json", "-q"
    )
    values = load_preset(json.loads(run.stdout)["run"]).values
    assert (values["network.width"], values["data.targets"]) == (4, (-1.0, 0.5))


@pytest.mark.parametrize(
    "setting", ["network.width=2^0.5", "init.scale=10^999", "init.kind=2^3", "stop.loss=2^"]
)
def test_powers_that_cannot_be_are_refused(setting):
    done = call("run", "orthogonal-toy", "--set", setting)
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert setting.split("=")[1] in done.stderr


def test_a_single_run_says_that_it_does_not_use_the_section(tmp_path):
    (tmp_path / "own.toml").write_text(TEXT + SWEEP)
    assert reluflow.load_preset("own.toml").sweep == SweepSection(
        ("init.seed=0:9",), ("steps",), "loss<0.1", 5.0
    )
    assert "[sweep] is not used" in call("run", "own.toml", *FAST).stderr
    done = call("run", "own.toml", *FAST, "--json", "-q")
    assert (done.exit_code, done.stderr) == (0, "")
    assert reluflow.open_run(json.loads(done.stdout)["run"]).preset.sweep is None


def test_the_section_is_written_as_it_is_read():
    section = SweepSection(("init.seed=0:9",), (), "loss<0.1", 2.5, 0.5, "toy", True)
    assert reluflow_reads(section.to_toml()) == section


def reluflow_reads(text):
    import tomllib
    from pathlib import Path

    return read_section(tomllib.loads(text), Path("own.toml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sweep = 3", "sweep is 3; expected a section"),
        ("[sweep]\nover = 'init.seed=1'", "sweep.over is .*; expected a list of texts"),
        ("[sweep]\ntheory_only = 1", "sweep.theory_only is 1; expected true or false"),
        ("[sweep]\nover = [1]", "sweep.over is .*; expected a list of texts"),
        ("[sweep]\nlimit = 0", "sweep.limit is 0; expected a number of seconds above 0"),
        (f"[sweep]\nlimit = {'9' * 400}", "sweep.limit is an integer of more than 30 digits; expected"),
        ("[sweep]\nsuccess = 1", "sweep.success is 1; expected text"),
        ("[sweep]\novr = []", "there is no key .*; did you mean over"),
    ],
)
def test_what_the_section_cannot_say_is_one_sentence(text, message):
    with pytest.raises(PresetError, match=re.compile(message)):
        reluflow_reads(text)
