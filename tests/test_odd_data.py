"""Equal rows, rows of zeros, one sample: trained, verified, and told of, from the command line."""

import json

import numpy as np
import pytest
from commands import call
from odd_data import ODD, write_odd

from reluflow.store.run_directory import open_run

#: The least loss: what contradicts itself is fitted in the middle, and a network without bias is 0 at the
#: origin.
LEAST = {
    "equal rows that contradict each other": 2 * 0.4**2 / 6.0,
    "a row of zeros": 0.4**2 / 6.0,
    "nothing but zeros": 0.5,
    "one sample of zeros": 0.5,
}
#: data whose cases come up in that of others: equal rows among those that contradict each other, one sample
#: among those in one dimension
ALIKE = ("equal rows", "nothing but equal rows", "one sample")
#: what other methods meet within their steps: forces that cancel, none at all, and a single kink
FOR_ALL_METHODS = (
    "equal rows that contradict each other",
    "nothing but zeros",
    "one sample in one dimension",
)
#: a neuron of one sign that sees the sample must be there to begin with
AT_REST = {"one sample in one dimension", "a column of zeros"}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("name", "bias"),
    [
        *((name, False) for name in ODD if name not in ALIKE),
        ("a row of zeros", True),
        *(pytest.param(name, False, marks=pytest.mark.slow) for name in ALIKE),
        *(pytest.param(name, True, marks=pytest.mark.slow) for name in ODD if name != "a row of zeros"),
    ],
)
def test_it_is_trained_and_verified(name, bias, tmp_path):
    preset, out = str(write_odd(tmp_path, name, bias=bias)), str(tmp_path / "out")
    done = call("run", preset, "--out", out, "--json", "-q")
    assert done.exit_code in (0, 1), done.output
    told = json.loads(done.stdout)
    assert told["status"] in ("converged", "stationary"), told["reason"]
    loss = open_run(out).loss
    assert np.isfinite(loss).all()
    assert (np.diff(loss) <= 1e-12 * loss[0]).all()
    if not bias and name not in AT_REST:
        assert told["loss"] == pytest.approx(LEAST.get(name, 0.0), rel=1e-6, abs=1e-8)
    found = call("verify", out, "--json", "-q")
    assert found.exit_code in (0, 1), found.output
    rows = json.loads(found.stdout)["rows"]
    assert rows
    assert all(np.isfinite(row["measured"]) for row in rows if row["measured"] is not None)
    assert json.loads(call("info", out, "--json").stdout)["samples"] == len(ODD[name][0])
    assert call("info", out, "--columns", str(tmp_path / "columns.csv")).exit_code == 0


@pytest.mark.parametrize("method", ["gd", "polar", "radau"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in FOR_ALL_METHODS else pytest.mark.slow) for name in ODD]
)
def test_other_methods_end_it_in_words(name, method, tmp_path):
    preset, out = str(write_odd(tmp_path, name)), str(tmp_path / "out")
    words = ["--method", method, "--set", "solver.learning_rate=0.05"]
    done = call("run", preset, *words, "--out", out, "--json", "-q")
    assert done.exit_code in (0, 1), done.output
    told = json.loads(done.stdout)
    assert told["status"] in ("converged", "stationary", "steps", "failed")
    assert told["reason"]
    assert np.isfinite(open_run(out).loss).all()
