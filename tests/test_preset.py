"""Presets as files: they come back as they were written, and whatever is wrong with one is one sentence."""

import math
import re
import string
import tomllib
from itertools import pairwise

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

from reluflow.errors import PresetError
from reluflow.store import locations, schema
from reluflow.store.files import write_bytes, write_npz
from reluflow.store.keys import KEYS
from reluflow.store.preset import Preset, list_presets, load_preset, save_preset
from reluflow.store.toml_text import commented, read_toml

MINIMAL = """
title = "A pair"
[data]
kind = "points"
inputs = [[1.0, 0.0], [0.0, 1.0]]
targets = [1.0, -1.0]
[network]
width = 4
"""


@pytest.fixture(autouse=True)
def own_config(tmp_path, monkeypatch):
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path / "config"))


@pytest.fixture
def minimal(tmp_path):
    path = tmp_path / "pair.toml"
    path.write_text(MINIMAL)
    return path


def refusal(path, text):
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PresetError) as caught:
        load_preset(path)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith(str(path))
    return message


@pytest.mark.parametrize("name", locations.preset_files())
def test_shipped_presets_load_and_come_back_from_their_own_toml(name, tmp_path):
    preset = load_preset(name)
    assert preset.title
    assert preset.source
    assert preset.notes
    copy = tmp_path / "copy.toml"
    copy.write_text(preset.to_toml())
    again = load_preset(copy)
    assert again.values == preset.values
    assert (again.title, again.source, again.notes) == (preset.title, preset.source, preset.notes)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("title = ", ["line 1, column 9: found the end of the text"]),
        (b"\xff\xfe", ["line 1, byte 1", "0xff, which is no UTF-8"]),
        ("a = 1" + "0" * 5000, ["expected a preset in TOML"]),
        ("x = " + "[" * 5000, ["expected a preset in TOML"]),
        ("title = 3\n" + MINIMAL.replace('title = "A pair"', ""), ["title is 3", "text in quotes"]),
        (MINIMAL + '["größe"]\nx = 1', ['there is no section or key "größe"']),
        (MINIMAL + "[nework]\nwidth = 3", ['"nework"', "did you mean network?"]),
        ("data = 3", ["data is 3", "section [data]"]),
        (MINIMAL.replace("width", "widht"), ['"network.widht"', "did you mean network.width?"]),
        (MINIMAL + "[init]\nscale = nan", ["init.scale is nan"]),
        (MINIMAL + "[solver]\nrtol = 0.11", ["solver.rtol is 0.11", "at most 0.1"]),
        (MINIMAL + "[stop]\nsteps = 1979-05-27", ["stop.steps"]),
        (MINIMAL + "[init.scale]\nx = 1", ["init.scale", "a number"]),
        (MINIMAL.replace("[[1.0, 0.0]", "[[nan, 0.0]"), ["data.inputs[0, 0] is nan"]),
    ],
)
def test_a_bad_file_is_refused_in_one_sentence(tmp_path, text, parts):
    message = refusal(tmp_path / "bad.toml", text)
    for part in parts:
        assert part in message


@pytest.mark.parametrize("ending", [".csv", ".npz"])
def test_a_file_of_samples_in_place_of_a_preset_is_told(tmp_path, ending):
    message = refusal(tmp_path / f"points{ending}", "1;2")
    assert "found a file of samples" in message
    assert "--data" in message
    assert "reluflow new" in message


def test_the_line_and_column_of_a_slip_are_named(tmp_path):
    assert "line 3, column 9" in refusal(tmp_path / "bad.toml", '\n[data]\nkind = [,"points"]\n')


@pytest.mark.parametrize(
    ("target", "part"),
    [
        ("orthogonal-tyo", "did you mean orthogonal-toy?"),
        ("nothing/here.toml", "no file"),
        ("", "no preset"),
        (".", "no run directory"),
        ("empty", "a folder that is no run directory"),
    ],
)
def test_an_unknown_preset_is_named(target, part, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(PresetError, match=part.replace("?", r"\?")):
        load_preset(target)


def test_overrides_change_single_values_and_drop_what_they_make_meaningless(minimal):
    preset = load_preset(minimal, {"init.scale": 1e-20, "stop.loss": 1})
    assert preset.values["init.scale"] == 1e-20
    assert preset.explicit["stop.loss"] == 1.0
    drawn = preset.with_values(
        {"data.kind": "gaussian", "data.samples": 3, "data.dimension": 2, "data.teacher_width": 1}
    )
    assert "data.inputs" not in drawn.values
    assert drawn.values["init.scale"] == 1e-20
    assert drawn.with_values({"init.scale": None}).values["init.scale"] == schema.by_id("init.scale").default


def test_overrides_are_checked(minimal):
    with pytest.raises(PresetError, match=r"data\.samples is 3, which means nothing"):
        load_preset(minimal, {"data.samples": 3})
    with pytest.raises(PresetError, match=r"pair.* there is no key"):
        load_preset(minimal).with_values({"no.key": 3})


def test_a_power_is_a_whole_number_where_it_is_one(minimal):
    assert load_preset(str(minimal), {"network.width": "2^5"}).values["network.width"] == 32
    for width in ("2^0.5", "2.5^2", "2^-1", "10^20", "0^1"):
        with pytest.raises(PresetError, match=r"network.width is \"?[0-9.^-]+\"?; expected"):
            load_preset(str(minimal), {"network.width": width})


def test_sizes_that_cannot_fit_are_refused_with_all_coordinates(minimal):
    sizes = {"data.kind": "gaussian", "data.samples": 10**9, "data.dimension": 3, "data.teacher_width": 2}
    for bias, coordinates in ((True, 4), (False, 3)):
        with pytest.raises(
            PresetError, match=rf"on 1000000000 samples in {coordinates} dimensions, beside 2"
        ):
            load_preset("first-steps", {**sizes, "data.bias": bias})


def test_what_the_file_itself_says_in_vain_is_refused_even_with_overrides(minimal):
    minimal.write_text(MINIMAL + "[init]\npath = 'a.npz'\n")
    with pytest.raises(PresetError, match=r"init\.path"):
        load_preset(minimal, {"network.width": 3})


def test_a_learning_rate_waits_for_the_method_that_uses_it(minimal):
    minimal.write_text(MINIMAL + "[solver]\nmethod = 'polar'\nlearning_rate = 0.1\n")
    polar = load_preset(minimal)
    assert "solver.learning_rate" not in polar.values
    assert polar.with_values({"solver.method": "gd"}).values["solver.learning_rate"] == 0.1
    minimal.write_text(polar.to_toml())
    assert load_preset(minimal, {"solver.method": "gd"}).values["solver.learning_rate"] == 0.1


def test_paths_start_at_the_presets_folder(tmp_path, monkeypatch):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "points.csv").write_text("1,0,1\n0,1,-1\n")
    (folder / "own.toml").write_text("[data]\nkind = 'file'\npath = 'points.csv'\n[network]\nwidth = 2\n")
    monkeypatch.chdir(tmp_path)
    problem = load_preset("elsewhere/own.toml").problem()
    assert problem.inputs.tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert problem.targets.tolist() == [1.0, -1.0]
    saved = load_preset(save_preset(load_preset("elsewhere/own.toml"), "moved"))
    assert saved.problem().inputs.tolist() == problem.inputs.tolist()


def test_a_saved_preset_is_found_by_name(minimal):
    path = save_preset(load_preset(minimal, {"init.scale": 1e-3}), "mine")
    assert path == locations.user_presets() / "mine.toml"
    assert load_preset("mine").values["init.scale"] == 1e-3
    summary = next(each for each in list_presets() if each.name == "mine")
    assert summary.user
    assert summary.title == "A pair"


def test_a_state_is_saved_as_a_new_start(minimal):
    weights, output_weights = np.arange(6.0).reshape(3, 2), np.array([1.0, -2.0, 1e-300])
    path = save_preset(load_preset(minimal), "saddle", state=(weights, output_weights))
    problem = load_preset(path).problem()
    assert np.array_equal(problem.weights, weights)
    assert np.array_equal(problem.output_weights, output_weights)


def test_saving_never_overwrites_unasked(minimal):
    preset = load_preset(minimal)
    path = save_preset(preset, "mine")
    before = path.read_bytes()
    with pytest.raises(PresetError, match="exists already"):
        save_preset(preset.with_values({"network.width": 9}), "mine")
    assert path.read_bytes() == before
    save_preset(preset.with_values({"network.width": 9}), "mine", overwrite=True)
    assert load_preset("mine").values["network.width"] == 9


@pytest.mark.parametrize("name", ["orthogonal-toy", "", "a/b", "../up", ".hidden", "a b", "x.toml", "a\n"])
def test_names_that_cannot_be_used(minimal, name):
    with pytest.raises(PresetError):
        save_preset(load_preset(minimal), name)
    assert not locations.user_presets().exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(minimal, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    with pytest.raises(PresetError, match="cannot be written"):
        save_preset(load_preset(minimal), "mine", folder=blocker)


def test_a_preset_that_is_gone_before_it_is_read_is_one_sentence(tmp_path):
    with pytest.raises(PresetError, match=r"gone\.toml: cannot be read \(No such file or directory\);"):
        read_toml(tmp_path / "gone.toml")


def test_an_unreadable_preset_of_the_users_does_not_spoil_the_list():
    locations.user_presets().mkdir(parents=True)
    (locations.user_presets() / "broken.toml").write_text("[[")
    broken = next(each for each in list_presets() if each.name == "broken")
    assert broken.problem is not None
    assert len(list_presets()) == len(locations.preset_files())


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.npz"
    write_npz(path, {"x": np.arange(3)})
    with pytest.raises(TypeError):
        write_npz(path, {"x": np.array([object()])})
    with pytest.raises(TypeError):
        write_bytes(path, "text")
    assert np.load(path, allow_pickle=False)["x"].tolist() == [0, 1, 2]
    assert [each.name for each in tmp_path.iterdir()] == ["a.npz"]


NUMBERS = st.one_of(
    st.floats(),
    st.integers(-5, 40),
    st.integers(),
    st.sampled_from([10**12, 10**400, 1e-320, 5e-324, 1e308, -0.0]),
)
WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from([choice for key in schema.KEYS for choice in key.choices]),
)
LISTS = st.lists(NUMBERS, max_size=4) | st.lists(st.lists(NUMBERS, min_size=1, max_size=3), max_size=4)
JUNK = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, LISTS, st.lists(WORDS, max_size=2))
FITTING = {
    "bool": st.booleans(),
    "int": st.integers(1, 30),
    "float": st.floats(1e-12, 0.1),
    "column": st.one_of(st.integers(1, 9), st.text(string.ascii_letters, min_size=1)),
    "held-out": st.one_of(st.integers(1, 9), st.floats(0.1, 0.9), st.text(string.ascii_letters, min_size=1)),
    "path": st.text(string.ascii_letters + " ./", min_size=1),
    "floats": st.lists(st.floats(-10, 10), min_size=2, max_size=3),
    "points": st.lists(st.lists(st.floats(-10, 10), min_size=2, max_size=2), min_size=2, max_size=3),
}


def outcome(call):
    """What the call returns and "", or None and the sentence with which it refuses."""
    try:
        return call(), ""
    except PresetError as error:
        return None, str(error)


@st.composite
def junk_presets(draw):
    """Mostly usable values with some junk among them, so that both outcomes are common."""
    values = {}
    for key in draw(st.lists(st.sampled_from(schema.KEYS), unique=True)):
        fitting = st.sampled_from(key.choices) if key.kind == "choice" else FITTING[key.kind]
        values[key.id] = draw(fitting if draw(st.integers(0, 9)) else JUNK)
    if draw(st.integers(0, 9)) == 0:
        values[draw(WORDS)] = draw(JUNK)
    return values


@settings(max_examples=30)
@given(values=junk_presets(), valid=st.booleans())
def test_any_values_either_come_back_through_toml_or_are_refused_in_one_line(tmp_path_factory, values, valid):
    if valid:  # a usable preset around the junk
        values = {
            "data.kind": "points",
            "data.inputs": [[1.0]],
            "data.targets": [1.0],
            "network.width": 2,
        } | {
            id: value for id, value in values.items() if not id.startswith("data.") and id != "network.width"
        }
    resolved, message = outcome(lambda: schema.validate(values, "fuzz"))
    if resolved is None:
        assert message.startswith("fuzz: ")
        assert "\n" not in message
        assert len(message) < 1000
        return
    folder = tmp_path_factory.getbasetemp()
    preset = Preset("fuzz", "Ti\ttle", 'A "source"', "Notes\n\nwith \\ lines", resolved, resolved, folder)
    path = folder / "fuzz.toml"
    path.write_text(preset.to_toml(), encoding="utf-8", newline="")
    again = load_preset(path)
    assert again.values == resolved
    assert (again.title, again.source, again.notes) == (preset.title, preset.source, preset.notes)
    for key, value in again.values.items():
        assert not isinstance(value, float) or math.copysign(1, value) == math.copysign(1, resolved[key])


@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_as_a_file_are_refused_in_one_line(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.toml"
    refusal(path, content)


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from([*schema.SECTIONS, "title"]), st.dictionaries(WORDS, WORDS) | WORDS))
def test_any_toml_is_refused_in_one_line(tmp_path_factory, content):
    text = tomli_w.dumps(content)
    assert tomllib.loads(text) == content
    refusal(tmp_path_factory.getbasetemp() / "any.toml", text)


@settings(max_examples=150)
@given(st.sampled_from(schema.KEYS), WORDS | NUMBERS.map(str) | LISTS.map(str))
def test_any_typed_text_is_read_or_refused_in_one_line(key, text):
    value, message = outcome(lambda: schema.parse_text(key, text))
    assert not message or key.id in message
    assert "\n" not in message
    assert not isinstance(value, float) or math.isfinite(value)


def test_a_commented_preset_says_what_each_key_means_and_what_it_can_be() -> None:
    preset = load_preset("orthogonal-toy")
    lines = commented({"title": "a title"}, preset.explicit, preset.values).splitlines()
    assert lines[0] == 'title = "a title"'
    section, told = "", {}
    for above, line in pairwise(lines):
        section = line.strip("[]") if line.startswith("[") else section
        if found := re.match(r"(#?)(\w+) =", line):
            told[f"{section}.{found[2]}"] = above, not found[1]
    known = {key.id: key for key in KEYS if "." in key.id}
    told = {name: told[name] for name in told if name in known}
    assert {name for name, (_, is_set) in told.items() if is_set} == set(preset.explicit)
    assert any(known[name].choices for name in told)
    for name, (above, _) in told.items():
        choices = known[name].choices
        assert above == f"# {known[name].help}" + (f" ({', '.join(choices)})" if choices else "")
