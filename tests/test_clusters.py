"""Neurons that have become multiples of one vector move as one, and nobody outside can tell."""

from dataclasses import replace

import numpy as np
import pytest
from lorentz_cases import five_points, run

from reluflow.flow.base import Options
from reluflow.flow.events import Change, Events
from reluflow.flow.lorentz import Lorentz
from reluflow.flow.lorentz.clusters import Clusters, alone
from reluflow.flow.lorentz.neurons import Neurons, join
from reluflow.flow.lorentz.samples import Samples

#: most neurons of the five points slide on a line of their own by then
ALIGNED = 300.0


def bundled(end: float = ALIGNED) -> Lorentz:
    return run(five_points(), loss=0.0, end=end)


def test_what_bundles_do_is_what_their_members_do(monkeypatch: pytest.MonkeyPatch) -> None:
    together = bundled(700.0)
    assert together.clusters.member.size > 10
    assert (
        len(together.context.neurons) + together.clusters.member.size
        > len(np.unique(together.clusters.leader)) + 20
    )

    def apart(self: Clusters, neurons: Neurons, _: Samples) -> tuple[Clusters, Neurons]:
        return self, neurons

    monkeypatch.setattr(Clusters, "joined", apart)
    separate = bundled(700.0)
    assert separate.clusters.member.size == 0
    assert together.loss == pytest.approx(separate.loss, rel=1e-5)
    a, b = together.state, separate.state
    scale = np.abs(b.output_weights).max()
    assert np.allclose(a.weights, b.weights, rtol=1e-5, atol=1e-5 * scale)
    assert np.allclose(a.output_weights, b.output_weights, rtol=1e-5, atol=1e-5 * scale)
    one, other = together.event_log, separate.event_log
    assert together.events == separate.events
    for neuron in range(60):
        mine, theirs = (log.take(log.neuron == neuron) for log in (one, other))
        assert np.array_equal(mine.kind, theirs.kind)
        assert np.array_equal(mine.sample, theirs.sample)
        assert np.allclose(mine.t, theirs.t, rtol=3e-4)


def test_members_keep_their_invariants_and_signs() -> None:
    problem = five_points()
    solver = run(problem, loss=1e-9)
    state = solver.state
    squares = state.output_weights**2
    drift = np.abs(squares - np.sum(state.weights**2, axis=1))
    assert np.all(drift <= 1e-14 * np.maximum(squares, squares.max() * 1e-12))
    assert np.array_equal(np.sign(state.output_weights), np.sign(problem.output_weights))


def test_the_inside_of_a_step_in_which_a_bundle_forms_is_known() -> None:
    solver = Lorentz(five_points(), Options())
    while solver.clusters.member.size == 0:
        solver.step()
    dense = solver.dense_output()
    end, near = dense(solver.t), dense(solver.t_old + (1.0 - 1e-12) * (solver.t - solver.t_old))
    sizes = np.abs(end.output_weights)
    assert np.all(np.abs(end.weights - near.weights) <= 1e-8 * sizes[:, None])
    assert np.all(np.abs(end.output_weights - near.output_weights) <= 1e-8 * sizes)
    assert np.array_equal(end.weights, solver.state.weights)


def test_goes_on_from_a_checkpoint_with_clusters() -> None:
    solver = bundled()
    assert solver.clusters.member.size
    copy = Lorentz(five_points(), Options())
    copy.restore(solver.checkpoint())
    for _ in range(5):
        solver.step()
        copy.step()
    assert np.array_equal(solver.state.weights, copy.state.weights)
    assert np.array_equal(solver.event_log.neuron, copy.event_log.neuron)


def test_bundles_of_clusters() -> None:
    few = alone().adding(np.array([3, 5]), np.array([3, 3]), np.array([0.6, 0.8]))
    more = few.adding(np.array([1, 3]), np.array([1, 1]), np.array([0.8, 0.6]))
    weights, outputs = np.zeros((7, 2)), np.zeros(7)
    weights[1], outputs[1], outputs[2] = (1.0, 2.0), 10.0, 7.0
    more.restored(weights, outputs)
    assert np.allclose(outputs[[1, 2, 3, 5]], [8.0, 7.0, 3.6, 4.8])
    assert np.allclose(weights[[1, 3, 5]], np.outer([0.8, 0.36, 0.48], [1.0, 2.0]))
    assert np.sum(outputs[[1, 3, 5]] ** 2) == pytest.approx(100.0)

    told = more.everyones(
        Events(np.array([0.1, 0.2]), np.array([2, 1]), np.array([0, 4]), np.array([0, 2], np.int8))
    )
    assert told.neuron.tolist() == [2, 1, 3, 5]
    assert told.t.tolist() == [0.1, 0.2, 0.2, 0.2]
    assert told.kind.tolist() == [Change.ENTER, *3 * [Change.SLIDE]]


def test_near_multiples_and_other_signs_stay_apart() -> None:
    solver = bundled()
    neurons = solver.context.neurons
    lined = np.flatnonzero(neurons.lined)[:1]
    assert lined.size
    one = neurons.take(lined)
    for other in (
        replace(one, outputs=one.outputs * (1.0 + 1e-9)),
        replace(one, outputs=-one.outputs),
        replace(one, z=one.z + 1e-6 * np.abs(one.weights).max()),
        replace(one, exponent=one.exponent - 2000),
    ):
        pair = join([one, other])
        _, left = alone().joined(replace(pair, index=np.array([0, 1])), solver.context.samples)
        assert len(left) == 2
    double = replace(one, weights=2 * one.weights, outputs=2 * one.outputs, z=2 * one.z, delta=4 * one.delta)
    pair = join([one, double])
    clusters, left = alone().joined(replace(pair, index=np.array([0, 1])), solver.context.samples)
    assert len(left) == 1
    assert np.allclose(clusters.ratio**2, [0.2, 0.8])
    assert np.allclose(left.outputs**2, 5 * one.outputs**2)
