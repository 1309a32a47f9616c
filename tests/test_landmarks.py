"""What is marked on a loss curve before anything is trained."""

import numpy as np
import pytest

import reluflow
from reluflow.observe.plateaus import escapes_of, find_saddles
from reluflow.problem import Problem
from reluflow.store.preset import load_preset
from reluflow.theory.landmarks import landmarks


def test_orthogonal_inputs_have_a_mark_for_every_escape() -> None:
    marks = landmarks(load_preset("orthogonal-toy").problem())
    # the two escapes of this preset were measured at t = 12.69 and 26.13; plateaus at 1/2 and 1/4
    assert [mark.time for mark in marks.escapes] == pytest.approx([12.69, 26.13], rel=1e-3)
    assert [mark.level for mark in marks.escapes] == pytest.approx([0.5, 0.25])
    assert [mark.at for mark in marks.escapes] == pytest.approx([0.3125, 0.0625])
    assert marks.source


def test_marks_are_in_the_stated_loss_and_its_flow_time() -> None:
    half = landmarks(load_preset("orthogonal-toy").problem())
    full = landmarks(load_preset("orthogonal-toy", {"solver.loss": "mse"}).problem())
    for one, other in zip(half.escapes, full.escapes, strict=True):
        assert (other.time, other.at, other.level) == pytest.approx((one.time / 2, 2 * one.at, 2 * one.level))


def test_one_neuron_as_teacher_has_one_escape_when_three_quarters_of_the_loss_are_gone() -> None:
    """Which is when the run itself has its escape."""
    problem = load_preset("neuron-centred-10").problem()
    (mark,) = landmarks(problem).escapes
    start = 0.5 * float(np.mean(problem.targets**2)) * problem.speed
    assert mark.level == pytest.approx(start)
    assert mark.at == pytest.approx(0.25 * start)
    start = problem.inputs, problem.targets, problem.weights, problem.output_weights
    run = reluflow.simulate(*start, loss="mse", stop_loss=1e-6)
    escapes = escapes_of(find_saddles({"t": run.t, "loss": run.loss}))
    assert escapes == [pytest.approx(mark.time, rel=5e-3)]


def test_other_data_have_the_first_escape_from_a_small_start_and_none_from_a_large_one() -> None:
    (mark,) = landmarks(load_preset("nonorthogonal-five-points").problem()).escapes
    assert mark.time == pytest.approx(82.053, rel=1e-4)
    assert mark.at < mark.level == pytest.approx(0.087)
    large = Problem([[1.0, 0.5], [1.0, -0.5]], [1.0, -1.0], np.eye(2), np.ones(2))
    assert landmarks(large).escapes == ()
