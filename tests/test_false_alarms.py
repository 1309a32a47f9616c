"""No prediction that applies fails on random problems whose flow is right: benchmarks/false_alarms.py."""

import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import false_alarms
import preset_states

import reluflow
from reluflow.store.preset import list_presets
from reluflow.theory.audit import pair_drift
from reluflow.theory.general import GENERAL
from reluflow.training.measuring import train
from reluflow.verification import verify


def judged(name: str, seed: int) -> None:
    """Draw one problem as the command does, and assert that no row fails while enough of them hold."""
    problem = false_alarms.FAMILIES[name](false_alarms.drawn(name, seed))
    rows, failing = false_alarms.alarms(problem)
    assert not failing
    assert sum(row.state == "holds" for row in rows) >= 4


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        *(pytest.param(*each, marks=pytest.mark.slow) for each in (("generic", 5), ("orthogonal", 1))),
        ("unbalanced", 1),
    ],
)
def test_one_of_a_family(name, seed):
    judged(name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", sorted(set(false_alarms.FAMILIES) - {"generic"}))
def test_ten_of_every_other_family(name, seed):
    judged(name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_balanced_problems(seed):
    judged("generic", seed)


def test_a_row_that_fails_is_held_against_a_closer_run(monkeypatch):
    problem = false_alarms.FAMILIES["orthogonal"](false_alarms.drawn("orthogonal", 1))
    predictions = false_alarms.all_predictions(problem)
    broken = replace(predictions[-1], predicted=2.0, applies=True, measure=lambda run: 1.0)
    monkeypatch.setattr(false_alarms, "all_predictions", lambda problem: [*predictions, broken])
    _, failing = false_alarms.alarms(problem)
    assert [(row.id, row.state, closer.measured) for row, closer in failing] == [(broken.id, "fails", 1.0)]


@cache
def at_two_scales(name):
    """Scales of a preset, and the rows of its run at each."""
    return [(scale, verify(train(preset))) for preset, scale in preset_states.runs([name])]


@pytest.mark.parametrize("name", ["orthogonal-toy"])
def test_presets_at_two_scales(name):
    found = at_two_scales(name)
    assert [scale for scale, _ in found] == [f"{reluflow.load_preset(name).values['init.scale']:g}", "1e-20"]
    for scale, rows in found:
        assert not preset_states.wrong(rows), preset_states.line(name, scale, rows)
        assert sum(row.state == "holds" for row in rows) >= 9


@pytest.mark.slow
@pytest.mark.parametrize("name", [one.name for one in list_presets() if one.name not in preset_states.LONG])
def test_every_preset_at_two_scales(name):
    for preset, scale in preset_states.runs([name]):
        rows = verify(train(preset))
        assert not preset_states.wrong(rows), preset_states.line(name, scale, rows)


def test_what_is_wrong_with_a_preset():
    row = at_two_scales("orthogonal-toy")[0][1][0]
    fails, waits = replace(row, state="fails"), replace(row, state="not yet")
    assert preset_states.wrong([fails])
    assert preset_states.wrong([waits] * 3)
    assert not preset_states.wrong([row, waits, waits])
    assert preset_states.line("toy", "1", [row, fails]) == f"| toy | 1 | 1 | 1 | 0 | 0 | {row.id} (fails) |"


@pytest.mark.slow
def test_a_pair_of_neurons_that_are_not_seen_is_held_to_the_tolerance_of_the_solver():
    problem = false_alarms.unbalanced(false_alarms.drawn("unbalanced", 28))
    drift = {rtol: pair_drift(false_alarms.trained(problem, rtol)) for rtol in (1e-6, 1e-7, 1e-8)}
    for rtol, found in drift.items():
        assert found < GENERAL.per_rtol * rtol
    assert drift[1e-8] < drift[1e-7] / 3.0 < drift[1e-6] / 10.0
