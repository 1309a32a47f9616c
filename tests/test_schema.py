"""The table of keys: every value that a preset may hold is taken as documented or refused in a sentence."""

import subprocess
import sys

import pytest

from reluflow import flow
from reluflow.errors import PresetError
from reluflow.store import schema
from reluflow.store.preset import load_preset
from reluflow.store.schema import by_id
from reluflow.store.values import parse_text

POINTS = {
    "data.kind": "points",
    "data.inputs": [[1.0, 2.0], [3.0, 4.0]],
    "data.targets": [1.0, -1.0],
    "network.width": 3,
}
ORTHOGONAL = {"data.kind": "orthogonal", "data.samples": 3, "data.dimension": 4, "network.width": 5}


def refusal(base, changes):
    with pytest.raises(PresetError) as caught:
        schema.validate({**base, **changes}, "here.toml")
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("here.toml: ")
    return message


def test_defaults_are_filled_in_and_only_what_applies_is_kept():
    values = schema.validate(POINTS, "here")
    assert values["init.kind"] == "balanced"
    assert values["solver.loss"] == "half-mse"
    assert values["data.bias"] is False
    assert not {"solver.method", "data.samples", "data.seed", "init.path", "stop.loss"} & values.keys()


def test_validating_twice_changes_nothing():
    once = schema.validate(ORTHOGONAL, "here")
    assert schema.validate(once, "here") == once


def test_an_integer_is_a_number_but_a_boolean_is_not():
    assert schema.validate({**POINTS, "stop.loss": 1}, "here")["stop.loss"] == 1.0
    assert "stop.loss is true" in refusal(POINTS, {"stop.loss": True})
    assert "network.width is true" in refusal(POINTS, {"network.width": True})


def test_plain_numbers_are_inputs_of_one_dimension():
    assert schema.validate({**POINTS, "data.inputs": [1, 2]}, "here")["data.inputs"] == ((1.0,), (2.0,))


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"netwrk.width": 3}, ['"netwrk.width"', "did you mean network.width?"]),
        ({"width": 3}, ["did you mean network.width?"]),
        ({"init.width": 3}, ["did you mean network.width?"]),
        ({"model.width": 3}, ["did you mean network.width?"]),
        ({"network.width": 0}, ["network.width is 0", "an integer of at least 1"]),
        ({"network.width": 2.0}, ["network.width is 2.0", "an integer"]),
        ({"network.width": None}, ["network.width is missing"]),
        ({"network.width": 10**9}, ["network.width is 1000000000", "GB"]),
        ({"network.width": 10**400}, ["network.width", "at most 1e+12"]),
        ({"data.inputs": [[1.0, float("nan")], [0, 1]]}, ["data.inputs[0, 1] is nan"]),
        ({"data.inputs": [[1.0, 2.0], [1.0]]}, ["data.inputs[1]", "1 number", "expected 2"]),
        ({"data.inputs": [[], []]}, ["data.inputs"]),
        ({"data.inputs": 3}, ["data.inputs is 3", "rows of numbers"]),
        ({"data.targets": [1.0]}, ["data.targets has 1", "expected 2"]),
        ({"data.targets": [1.0, "a"]}, ['data.targets[1] is "a"']),
        ({"data.samples": 3}, ["data.samples", "data.kind is points"]),
        ({"data.kind": "gaussain"}, ['data.kind is "gaussain"', "gaussian"]),
        ({"data.kind": None}, ["data.kind is missing"]),
        ({"init.scale": 0.0}, ["init.scale is 0.0", "above 0"]),
        ({"init.scale": float("inf")}, ["init.scale is inf"]),
        ({"init.kind": "file", "network.width": None}, ["init.path is missing"]),
        ({"init.path": "a.npz"}, ["init.path", "init.kind is balanced"]),
        ({"init.seed": -1}, ["init.seed is -1"]),
        ({"solver.method": "euler"}, ["solver.method", *flow.METHODS]),
        ({"solver.method": "gd"}, ["solver.learning_rate is missing"]),
        ({"solver.method": "polar", "init.kind": "dominated"}, ["polar", "dominated", "balanced"]),
        (
            {"solver.method": "gd", "solver.learning_rate": 1.0, "stop.time": 0.5},
            ["solver.learning_rate is 1", "0.5"],
        ),
        ({"stop.steps": 0}, ["stop.steps is 0"]),
        ({"record.snapshots": "many"}, ['record.snapshots is "many"', "an integer"]),
    ],
)
def test_bad_points_presets(changes, parts):
    message = refusal(POINTS, changes)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"data.samples": 5}, ["data.samples is 5", "at most data.dimension = 4"]),
        ({"data.samples": 10**9, "data.dimension": 10**9}, ["data.samples is 1000000000", "GB"]),
        ({"data.teacher_width": 10**12}, ["data.teacher_width is 1000000000000", "GB"]),
        (
            {"data.kind": "gaussian", "data.teacher_width": 1, "data.held_out": 10**12},
            ["data.held_out is 1000000000000", "GB"],
        ),
        ({"data.dimension": None}, ["data.dimension is missing"]),
        ({"data.norms": [2.0, 1.0]}, ["data.norms", "the smaller first"]),
        ({"data.bias": True}, ["data.bias is true"]),
        ({"data.kind": "piecewise", "data.dimension": None}, ["data.knots is missing"]),
        (
            {"data.kind": "piecewise", "data.dimension": None, "data.knots": [[0, 1], [0, 2]]},
            ["data.knots", "x to increase"],
        ),
        (
            {"data.kind": "piecewise", "data.dimension": None, "data.knots": [[0, 1, 2]]},
            ["data.knots", "x and y"],
        ),
        ({"data.kind": "correlated", "data.teachers": 3}, ["data.teachers is 3", "at most 2"]),
        ({"data.kind": "file", "data.dimension": None, "data.samples": None}, ["data.path is missing"]),
    ],
)
def test_bad_drawn_presets(changes, parts):
    message = refusal(ORTHOGONAL, changes)
    for part in parts:
        assert part in message


def test_the_learning_rate_may_wait_for_another_method():
    values = schema.validate({**POINTS, "solver.method": "polar", "solver.learning_rate": 0.1}, "here")
    assert "solver.learning_rate" not in values


@pytest.mark.parametrize(
    ("id", "text", "value"),
    [
        ("init.scale", "1e-20", 1e-20),
        ("init.scale", " 3 ", 3.0),
        ("network.width", "1e2", 100),
        ("stop.steps", "2_000", 2000),
        ("data.seed", "9007199254740993", 9007199254740993),
        ("data.bias", "yes", True),
        ("data.bias", "False", False),
        ("data.targets", "1, -2", (1.0, -2.0)),
        ("data.targets", "3", (3.0,)),
        ("data.inputs", "[[1, 2], [3, 4]]", ((1.0, 2.0), (3.0, 4.0))),
        ("data.inputs", "[1, 2], [3, 4]", ((1.0, 2.0), (3.0, 4.0))),
        ("data.path", "my points.csv", "my points.csv"),
        ("solver.method", "polar", "polar"),
        ("stop.loss", "none", None),
        ("stop.loss", "", None),
    ],
)
def test_typed_text(id, text, value):
    read = schema.parse_text(schema.by_id(id), text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("network.width", "1.5"),
        ("network.width", "ten"),
        ("init.scale", "nan"),
        ("init.scale", "1e999"),
        ("init.scale", "--1"),
        ("data.bias", "2"),
        ("data.targets", "[1, 2"),
        ("data.targets", "1\n2"),
        ("solver.method", "gdd"),
        ("data.inputs", "[" * 5000),
    ],
)
def test_typed_text_that_cannot_be_read(id, text):
    with pytest.raises(PresetError) as caught:
        schema.parse_text(schema.by_id(id), text)
    assert id in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_key_is_described_and_its_default_is_allowed():
    for key in schema.KEYS:
        assert key.help
        assert key.section in schema.SECTIONS
        assert schema.by_id(key.id) is key
        if key.default is not None:
            assert schema.parse_text(key, str(key.default)) == key.default


def test_the_table_is_read_without_numpy():
    code = "import sys; import reluflow.store.schema; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_list_of_names_ends_with_a_whole_one():
    names = [f"{letter * 9}.key" for letter in "abcdefghijklmnopqrst"]
    told = schema.suggestion("qqq.zzz", names)
    assert told == f"; expected one of {', '.join(names[:10])} or 10 more"
    assert schema.suggestion("qqq.zzz", names[:3]) == f"; expected one of {', '.join(names[:3])}"
    assert schema.suggestion("qqq.zzz", [names[0] * 30]) == f"; expected one of {names[0] * 30}"


@pytest.mark.parametrize("word", ["1e-400", " 1e-400", "-0.0003e-999", "10^-400"])
def test_a_number_that_would_be_read_as_0_is_refused(word):
    for id in ("init.scale", "solver.weight_decay"):
        with pytest.raises(PresetError, match=r"e?-?\d+, too small for a floating-point number; expected"):
            parse_text(by_id(id), word)


def test_nor_is_it_read_from_a_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text("[init]\nscale = 0e-400\n[solver]\nweight_decay = 1e-400\n")
    with pytest.raises(PresetError, match=r"own\.toml, line 4: found 1e-400, too small"):
        load_preset(path)
