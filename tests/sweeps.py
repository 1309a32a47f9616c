"""Small sweeps that end within a moment."""

from contextlib import ExitStack
from unittest.mock import patch

import numpy as np
from commands import call
from made_sweeps import Here

import reluflow

#: a study of runs of some milliseconds
SMALL = ["orthogonal-toy", "--set", "network.width=8", "--set", "stop.loss=0.3", "--set", "init.scale=1e-3"]
#: runs that go on until they are ended
ENDLESS = [
    *("orthogonal-toy", "--set", "network.width=8", "--set", "stop.loss=none", "--set", "stop.time=none"),
    *("--method", "gd", "--set", "solver.learning_rate=1e-7"),
]


def here(study, _, keep=None):
    """What solves a study in this process, in place of ``Processes``."""
    return Here(study, 10**6, keep)


def sweep(*words, jobs=None):
    """A sweep in this one's folder that is expected to end well, by ``jobs`` processes or by this one."""
    with ExitStack() as patched:
        if jobs is None:
            patched.enter_context(patch("reluflow.sweep.processes.Processes", here))
        done = call("sweep", *words, "--jobs", str(jobs or 1), "-q")
    assert done.exit_code == 0, done.stderr
    return done


def table(folder):
    """The table of a sweep without the seconds that its runs took, as lists."""
    columns = reluflow.open_sweep(folder).table()
    del columns["wall_seconds"]
    return {name: column.tolist() for name, column in columns.items()}


def same(one, other):
    """Whether two tables are the same, NaN included."""
    return one.keys() == other.keys() and all(
        np.array_equal(np.array(one[name], dtype=object).astype(str), np.array(other[name]).astype(str))
        for name in one
    )
