"""Files as people have them: read, or refused in one sentence, and trained to an end."""

from pathlib import Path

import numpy as np
import pytest

import reluflow
from reluflow.data.files import read_table
from reluflow.data.kinds.file import from_file
from reluflow.errors import PresetError
from reluflow.store.preset import load_preset
from reluflow.training.training import Training

CASES = Path(__file__).parent / "cases" / "data"
INPUTS = [[1.5, 0.25], [-0.5, 1.0], [0.75, -1.25]]
TARGETS = [0.7, -0.3, 0.4]

PRESET = """
[data]
kind = "file"
path = "{path}"
bias = {bias}
[network]
width = {width}
[init]
scale = {scale}
"""


def trained(folder: Path, name: str, width: int, scale: float, bias: bool, every: int = 1) -> Training:
    """A run to its end on a file; ``every``: how many of its rows there are to one that is taken."""
    heading, *rows = (CASES / name).read_text(encoding="utf-8").splitlines()
    (folder / name).write_text("\n".join([heading, *rows[::every]]), encoding="utf-8")
    preset = folder / "own.toml"
    preset.write_text(
        PRESET.format(path=folder / name, width=width, scale=scale, bias=str(bias).lower()), encoding="utf-8"
    )
    training = Training.from_preset(load_preset(preset))
    while training.status == "running" and training.solver.steps < 5000:
        training.advance(seconds=1.0)
    return training


class TestReading:
    @pytest.mark.parametrize(
        "name",
        [
            "d01-semicolon-decimal-comma.csv",
            "d02-semicolon-dot.csv",
            "d04-trailing-comma.csv",
            "d06-pandas-index.csv",
            "d07-y-in-the-middle.csv",
            "d08-savetxt-hash-header.csv",
            "d09-savetxt-spaces.csv",
            "d13-tabs.csv",
            "n01-y-column.npz",
            "n02-Xy-names.npz",
            "n17-plain.npy",
        ],
    )
    def test_the_same_numbers_from_every_file(self, name):
        data = from_file(CASES / name)
        np.testing.assert_array_equal(data.inputs, INPUTS)
        np.testing.assert_array_equal(data.targets, TARGETS)

    def test_names_in_latin_1(self):
        table = read_table(CASES / "d15-latin1-header.csv")
        assert table.names == ("größe", "x2")
        np.testing.assert_array_equal(table.inputs, INPUTS[:2])

    def test_what_a_file_does_not_say_itself_is_said(self):
        assert read_table(CASES / "d06-pandas-index.csv").remarks == (
            "d06-pandas-index.csv: column 1 numbers the rows and is left out",
        )
        assert read_table(CASES / "d07-y-in-the-middle.csv").remarks == (
            'd07-y-in-the-middle.csv: column 2, "y", is taken for the target',
        )
        assert read_table(CASES / "d01-semicolon-decimal-comma.csv").remarks == ()

    def test_a_line_of_units_is_refused(self):
        with pytest.raises(PresetError, match=r"line 2, column 1: found 'm' below the names.*line of units"):
            from_file(CASES / "d16-hash-units-second-header.csv")

    def test_a_preset_with_a_byte_order_mark(self):
        assert load_preset(CASES / "t01-crlf-bom.toml").values["data.targets"] == (1.5, -1.5)

    def test_lines_that_end_in_cr(self):
        data = from_file(CASES / "d20-cr-only.csv")
        np.testing.assert_array_equal(data.inputs, INPUTS)
        np.testing.assert_array_equal(data.targets, TARGETS)

    def test_rows_that_are_there_twice(self):
        data = from_file(CASES / "d23-duplicate-rows.csv")
        np.testing.assert_array_equal(
            data.inputs, [[1.5, 0.25], [1.5, 0.25], [-0.5, 1.0], [-0.5, 1.0], [0.0, 0.0]]
        )
        np.testing.assert_array_equal(data.targets, [0.7, 0.7, -0.3, 0.3, 0.5])

    def test_single_precision(self):
        data = from_file(CASES / "n03-float32.npz")
        np.testing.assert_array_equal(data.inputs, INPUTS)
        np.testing.assert_array_equal(data.targets, np.array(TARGETS, dtype=np.float32))
        assert data.inputs.dtype == data.targets.dtype == np.float64

    def test_one_number_an_input(self):
        data = from_file(CASES / "n06-1d.npz")
        np.testing.assert_array_equal(data.inputs, [[1.5], [-0.5], [0.75]])
        np.testing.assert_array_equal(data.targets, TARGETS)

    def test_text_is_refused(self):
        with pytest.raises(PresetError, match="array 'inputs': found type <U32; expected real numbers"):
            from_file(CASES / "n19-string.npz")

    @pytest.mark.parametrize("name", ["f01-ring.csv", "f04-spiral.csv"])
    def test_labels(self, name):
        data = from_file(CASES / name)
        assert data.inputs.shape == (120, 2)
        assert set(data.targets) == {-1.0, 1.0}


class TestTraining:
    def test_what_contradicts_itself_ends_in_the_middle(self, tmp_path):
        """Of equal inputs with other targets the mean is fitted, and at the origin nothing can be."""
        training = trained(tmp_path, "d23-duplicate-rows.csv", 20, 1e-3, bias=False)
        assert training.status == "stationary"
        assert training.solver.loss == pytest.approx((2 * 0.3**2 + 0.5**2) / 10.0, rel=1e-6)
        assert "global minimum" in training.reason

    @pytest.mark.parametrize(
        ("name", "width", "scale", "every"),
        [
            ("f01-ring.csv", 5, 1e-3, 6),
            pytest.param("f01-ring.csv", 5, 1e-3, 1, marks=pytest.mark.slow),
            pytest.param("f04-spiral.csv", 20, 1e-3, 1, marks=pytest.mark.slow),
            pytest.param("f04-spiral.csv", 100, 1e-2, 1, marks=pytest.mark.slow),
            pytest.param("f01-ring.csv", 100, 1e-6, 1, marks=pytest.mark.slow),
        ],
    )
    def test_classes_are_fitted_or_the_network_is_at_rest(self, name, width, scale, every, tmp_path):
        training = trained(tmp_path, name, width, scale, bias=True, every=every)
        assert training.status == "stationary"
        assert training.solver.loss < training.recorder.series["loss"][0]
        said = ("at the rounding floor", "global minimum", "spurious local minimum", "saddle that the flow")
        assert any(words in training.reason for words in said)
        state, problem = training.solver.state, training.problem
        later = reluflow.simulate(
            problem.inputs, problem.targets, state.weights, state.output_weights, times=[0.0, 100.0, 1e3]
        )
        np.testing.assert_allclose(later.loss, training.solver.loss, rtol=1e-5)
