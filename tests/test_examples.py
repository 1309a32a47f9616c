"""The examples in the docstrings of all that ``import reluflow`` offers."""

import doctest

import pytest
from commands import call

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


@pytest.mark.parametrize("name", reluflow.__all__)
def test_every_public_name_has_an_example_that_holds(name):
    finder = doctest.DocTestFinder(recurse=False)
    (found,) = finder.find(getattr(reluflow, name), name, globs={"reluflow": reluflow})
    assert found.examples
    told: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert runner.run(found, out=told.append).failed == 0, "".join(told)


def test_a_trajectory_shows_as_a_table():
    found = reluflow.simulate([[1.0]], [1.0], [[0.1]], [0.1], stop_loss=1e-9)
    assert "<th>status</th><td>converged</td>" in found._repr_html_()
    assert len(repr(found)) < 200
