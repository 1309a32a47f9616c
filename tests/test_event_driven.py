"""The event-driven reference of losses of labels and of weight decay, and what is compared with it."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))

import event_driven
import labels
from through_origin import OFF, ON, departures


@pytest.mark.parametrize("name", [pytest.param("exponential_01", marks=pytest.mark.slow), "decay_00"])
def test_it_agrees_with_references_of_others_where_neurons_slide(name, monkeypatch, tmp_path):
    case = (labels.CASES / f"{name}.npz").read_bytes()
    (tmp_path / f"{name}.npz").write_bytes(case)
    monkeypatch.setattr(labels, "CASES", tmp_path)
    _, slides, off = [cell.strip() for cell in labels.cases().splitlines()[-1].strip("|").split("|")]
    assert int(slides) > 10
    assert float(off) < 1e-9


def drawn_from(name):
    with np.load(labels.CASES / f"{name}.npz") as stored:
        case = labels.Case(*(stored[key] for key in ("inputs", "targets", "weights", "output_weights")))
    return labels.Drawn(case, "", "balanced", 0.0, "exponential", 0.0)


@pytest.mark.parametrize(
    ("moved", "low", "high"), [pytest.param(0.0, 0.0, 1e-6, marks=pytest.mark.slow), (1e-4, 1e-5, 1.0)]
)
def test_what_is_wrong_with_a_flow_is_its_error(moved, low, high, monkeypatch):
    """With ``moved``, reluflow is given other weights."""
    right = labels.reluflow.simulate
    monkeypatch.setattr(labels, "LONGEST", 100.0)
    monkeypatch.setattr(
        labels.reluflow, "simulate",
        lambda x, y, w, a, **given: right(x, y, (1.0 + moved) * w, (1.0 + moved) * a, **given),
    )  # fmt: skip
    row = labels.compare(drawn_from("exponential_01"))
    assert row.found.slid > 10
    assert low <= row.error < high


def test_a_problem_is_the_same_whenever_it_is_drawn():
    first, again, other = (labels.draw("logistic", number).case for number in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first.arguments, again.arguments, strict=True))
    assert first.weights.shape != other.weights.shape


def test_pairs_that_no_side_takes_are_given_up():
    inputs = np.array([[1.0, 0.0], [2.0, 0.0]])
    force, loss = labels.forces("logistic", np.ones(2))
    flow, _ = event_driven.start(inputs, np.ones((1, 2)), np.array([2.0]), 0.0, 0.0, force, loss)
    flow.switch(0, 0, event_driven.SLIDES)
    with pytest.raises(event_driven.GaveUpError, match="depend on each other"):
        flow.switch(0, 1, event_driven.SLIDES)


def test_a_neuron_that_slides_through_the_origin_leaves_as_descent_does():
    """One of problem exponential 32, made larger; held in the origin, the loss would be 2e-3 off."""
    drawn = labels.draw("exponential", 32)
    weights, outputs = 1e70 * drawn.case.weights[[4]], 1e70 * drawn.case.output_weights[[4]]
    case = replace(drawn.case, weights=weights, output_weights=outputs)
    exact = labels.reference(replace(drawn, case=case), lambda t, loss: t >= 200.0)
    found = labels.reluflow.simulate(*case.arguments, times=exact.t[1:], loss="exponential")
    assert exact.choices == []
    assert found.loss == pytest.approx(exact.loss[1:], rel=1e-8)
    assert exact.loss[-1] < 0.998 * exact.loss[0]


class TestDepartures:
    """One neuron that comes to w = 0 and moves by the forces of the samples that it sees."""

    def test_one_ray(self):
        (end,) = departures(np.array([[1.0], [-1.0]]), np.array([-1.0, 0.3]), 0.0, np.array([1.0]))
        assert list(end.modes) == [OFF, ON]
        assert (end.direction[0], end.share) == (-1.0, 1.0)

    def test_nowhere_to_go(self):
        (end,) = departures(np.array([[1.0], [-1.0]]), np.array([-1.0, -0.3]), 0.0, np.array([1.0]))
        assert not np.any(end.direction)

    def test_phases_that_part(self):
        """Down along the second axis, between two samples that pull to either side."""
        inputs = np.array([[0.0, 1.0], [1.0, -0.1], [-1.0, -0.1]])
        ends = departures(inputs, np.array([-1.0, 1.0, 1.0]), 0.0, np.array([0.0, 1.0]))
        assert sorted(np.sign(end.direction[0]) for end in ends[:2]) == [-1.0, 1.0]
        assert min(end.share for end in ends[:2]) > 0.3
