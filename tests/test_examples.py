"""The examples in the docstrings of all that ``import reluflow`` offers."""

import pytest
from commands import call
from docstrings import failures

import reluflow


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    """A folder with a run and a sweep, as the examples name them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("examples"))
        assert call("run", "orthogonal-toy", "-q").exit_code == 0
        axis = ("--over", "init.scale=1e-2,1e-3", "--set", "network.width=4", "--jobs", "1")
        done = call("sweep", "orthogonal-toy", *axis, "--out", "scales", "-q")
        assert done.exit_code == 0, done.stderr
        yield


#: ``test_edges`` holds this one against the boundary that it tracks anyway
ELSEWHERE = {"edge_between"}


@pytest.mark.parametrize("name", [name for name in reluflow.__all__ if name not in ELSEWHERE])
def test_every_public_name_has_an_example_that_holds(name):
    assert failures(name) == ""


def test_a_trajectory_shows_as_a_table():
    found = reluflow.simulate([[1.0]], [1.0], [[0.1]], [0.1], stop_loss=1e-9)
    assert "<th>status</th><td>converged</td>" in found._repr_html_()
    assert len(repr(found)) < 200
