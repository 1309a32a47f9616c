"""Presets that begin with a state of another run."""

import os

import numpy as np
import pytest

from reluflow.flow.base import State
from reluflow.live import branching
from reluflow.live.branching import branch, branch_folder
from reluflow.store.preset import load_preset


@pytest.fixture
def toy(tmp_path, monkeypatch):
    monkeypatch.setenv("RELUFLOW_CONFIG", str(tmp_path))
    return load_preset("orthogonal-toy", {"network.width": 4})


def state(t: float, size: float) -> State:
    return State(t, size * np.ones((4, 2)), size * np.arange(4.0))


def test_branches_are_numbered_and_begin_with_their_states(toy, tmp_path):
    found = [branch(toy, state(2.5, size)) for size in (1.0, 2.0, 3.0)]
    assert [one.name for one in found] == [f"orthogonal-toy-at-2.5{end}" for end in ("", "-2", "-3")]
    assert all(one.folder == branch_folder() == tmp_path / "branches" for one in found)
    for size, one in zip((1.0, 2.0, 3.0), found, strict=True):
        assert np.array_equal(one.problem().weights, size * np.ones((4, 2)))
        assert np.array_equal(one.problem().output_weights, size * np.arange(4.0))
        assert one.notes.startswith("Begins with the network of orthogonal-toy at t = 2.5.")
    changed = branch(toy, state(2.5, 1.0), ["a change", 7], tmp_path / "elsewhere")
    assert changed.notes.startswith(
        "Begins with the network of orthogonal-toy at t = 2.5, changed by: a change, 7."
    )
    assert (changed.name, changed.folder) == ("orthogonal-toy-at-2.5", tmp_path / "elsewhere")


def test_the_oldest_branches_make_room(toy, monkeypatch):
    monkeypatch.setattr(branching, "MOST_KEPT", 2)
    for number in range(4):
        made = branch(toy, state(float(number), 1.0))
        os.utime(made.folder / f"{made.name}.toml", (number, number))
    kept = sorted(path.name for path in branch_folder().iterdir())
    assert kept == [f"orthogonal-toy-at-{number}.{end}" for number in (2, 3) for end in ("npz", "toml")]
