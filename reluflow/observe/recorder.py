"""Recording of a run: series and snapshots, bounded in number and memory however long it gets."""

import math
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np

from reluflow.flow.base import AbandonedError, SolverView, State
from reluflow.flow.margins import margins_of
from reluflow.network import Array, activation, preactivations, row_norms, stacked, variation_norm
from reluflow.observe.change import Shape, movements
from reluflow.observe.history import History
from reluflow.observe.kinks import gradient_norm, gradient_norms
from reluflow.observe.quantities import loss_at
from reluflow.observe.recorder_rules import RECORDER, RecordRules
from reluflow.observe.series import Series, columns_of
from reluflow.problem import Problem

__all__ = ["RecordRules", "Recorder", "Snapshots"]


@dataclass(frozen=True)
class Snapshots:
    """Whole states: ``t`` (k,), ``weights`` (k, m, d), ``output_weights`` (k, m)."""

    t: Array
    weights: Array
    output_weights: Array


class Recorder:
    """Watches a solver: a row of the series an observation, a snapshot whenever it has moved enough."""

    def __init__(self, problem: Problem, rules: RecordRules) -> None:
        self._problem = problem
        by_memory = int(rules.memory_mb * 1e6 // (8 * problem.width * (problem.dimension + 1)))
        self._asks = problem.width * problem.dimension > RECORDER.long
        self._limit = max(min(rules.snapshots, by_memory), 4)
        columns = columns_of(problem.held_out is not None, problem.weight_decay > 0.0, problem.of_labels)
        self._series = Series(rules.series, columns)
        self._states: list[State] = []
        self._shapes: list[Shape] = []
        self._path: list[float] = []
        self._spacing = RECORDER.spacing
        self._stride = 1
        self._waited = 0
        self._newest: State | None = None
        #: whose last step is observed
        self._asked: SolverView | None = None
        self._looked: Shape | None = None
        #: movement of the newest state since the last that was kept
        self._beyond = 0.0
        self._resolution = rules.resolution

    @property
    def series(self) -> dict[str, Array]:
        """Column name to values (k,); times are flow time and losses those of the problem's loss."""
        # by columns in memory: whoever looks something up in one of them would copy it each time otherwise
        columns = self._series.columns
        return {name: columns[i] for i, name in enumerate(self._series.names)}

    @property
    def snapshots(self) -> Snapshots:
        """The kept states and, last, the newest."""
        states = list(self._states)
        if self._newest is not None and (not states or self._newest.t > states[-1].t):
            states.append(self._newest)
        return Snapshots(
            np.array([s.t for s in states]),
            np.array([s.weights for s in states]).reshape(len(states), *self._problem.weights.shape),
            np.array([s.output_weights for s in states]).reshape(len(states), self._problem.width),
        )

    @property
    def history(self) -> History:
        """What is recorded, to move about in; it stays as it is while recording goes on."""
        states, path = list(self._states), list(self._path)
        if self._newest is not None and self._newest.t > states[-1].t:
            states.append(self._newest)
            path.append(path[-1] + self._beyond)
        return History(states, np.array(path), self.series)

    def observe(self, solver: SolverView, state: State | None = None) -> float | None:
        """Record the solver's ``state``, and what dense output says of a long step that led to it.

        Returns, when it was measured, the movement that one observation brought lately. Raises AbandonedError
        if dense output does; then the record is as it was before.
        """
        self._asked, waited = solver, self._waited
        try:
            with self._undone_if_abandoned() if self._asks else nullcontext():
                return self._observed(solver, solver.state if state is None else state)
        except AbandonedError:
            self._waited = waited
            raise

    def _observed(self, solver: SolverView, state: State) -> float | None:
        norms, shape = None, None
        self._waited += 1
        self.ask()
        slope = self._slope(solver, state)
        self.ask()
        if self._is_due(solver):
            norms = row_norms(state.weights)
            self.ask()
            shape = Shape.of(state, solver.loss, norms)
            self.ask()
        if shape is not None and self._looked is not None and solver.t > self._looked.t:
            # of what has moved since the last look, the share of the last step
            share = min(1.0, (solver.t - solver.t_old) / (solver.t - self._looked.t))
            self._fill_in(solver, share * shape.distance(self._looked))
        size = None if norms is None else float(np.abs(state.output_weights) @ norms)
        self._add_row(state, solver.steps, (solver.loss, *solver.loss_range), slope, size)
        self._newest = state
        if shape is None:
            return None
        before, waited = self._beyond, self._waited
        self._waited, self._looked = 0, shape
        moved = self._consider(state, shape)
        self._beyond = 0.0 if moved >= self._spacing else moved
        if moved >= self._spacing:
            self._stride = max(1, self._stride // 2)
        elif moved < 0.25 * self._spacing:
            self._stride = min(2 * self._stride, RECORDER.stride)
        return abs(moved - before) / waited

    def ask(self, solver: SolverView | None = None) -> None:
        """Raise AbandonedError where the step is not wanted any more and passes over the weights are long.

        ``solver``: the one to be asked, that which is observed if None.
        """
        solver = solver or self._asked
        if self._asks and solver is not None and solver.abandoned():
            raise AbandonedError

    @contextmanager
    def _undone_if_abandoned(self) -> Iterator[None]:
        series, kept = self._series.kept(RECORDER.pieces + 1), dict(vars(self))
        lists = {name: list(kept[name]) for name in ("_states", "_shapes", "_path")}
        try:
            yield
        except AbandonedError:
            vars(self).update(kept | lists)
            self._series.go_back(series)
            raise

    def cut(self, solver: SolverView) -> None:
        """End the record with ``solver``, which stands within the last step that was observed."""
        self._asked, state, loss = None, solver.state, solver.loss
        kept = bisect_left([each.t for each in self._states], state.t)
        del self._states[kept:], self._shapes[kept:], self._path[kept:]
        self._newest, self._beyond = state, Shape.of(state, loss).distance(self._shapes[-1])
        highest = max(loss, self._series.cut(state.t))
        self._add_row(state, solver.steps, (loss, loss, highest), self._slope(solver, state))

    def _is_due(self, solver: SolverView) -> bool:
        """Whether to look at the whole state now, or to save the work because little can have happened."""
        looked = self._looked
        if looked is None or self._waited >= self._stride:
            return True
        fall = abs(math.log(max(solver.loss, 1e-300)) - looked.log_loss)
        return fall > self._spacing or solver.t > RECORDER.wait * looked.t

    def _fill_in(self, solver: SolverView, moved: float) -> None:
        """Record the inside of a step in which the state moved by much more than the resolution."""
        pieces = min(math.ceil(moved / self._resolution), RECORDER.pieces)
        if pieces < 2 or not solver.t > solver.t_old:
            return
        with self._undone_if_abandoned():
            self._record_inside(solver, pieces)

    def _record_inside(self, solver: SolverView, pieces: int) -> None:
        times, dense = np.linspace(solver.t_old, solver.t, pieces + 1)[1:-1], solver.dense_output()
        problem = self._problem
        room = min(RECORDER.room // problem.samples, RECORDER.many // problem.dimension)
        at_once = max(1, room // problem.width)
        for first in range(0, times.size, at_once):
            some = times[first : first + at_once]
            self.ask()
            states, slopes = dense.states(some), dense.gradient_norms(some)
            slopes = gradient_norms(states, problem, pause=self.ask) if slopes is None else slopes
            self._record_each(some, states, slopes, solver)
            self.ask()

    def _record_each(self, times: Array, states: list[State], slopes: Array, solver: SolverView) -> None:
        """Record states at times (k,) with |gradient| (k,), which is nan where it is not known."""
        problem = self._problem
        weights = stacked([state.weights for state in states])
        outputs = stacked([state.output_weights for state in states])
        hidden = activation(preactivations(weights, problem.inputs), problem.slope)
        misfits = np.matmul(outputs[:, None], hidden)[:, 0] - problem.targets
        losses = [problem.value(misfit) for misfit in misfits]
        self.ask()
        norms = row_norms(weights.reshape(-1, problem.dimension)).reshape(outputs.shape)
        self.ask()
        sizes = np.einsum("km,km->k", np.abs(outputs), norms)
        shapes = Shape.of_each(times, weights, norms, losses)
        self.ask()
        for state, loss, slope, size in zip(states, losses, slopes, sizes, strict=True):
            known = gradient_norm(state, problem, pause=self.ask) if np.isnan(slope) else slope
            self._add_row(state, solver.steps, (loss, loss, loss), known, size)
        self._consider_each(states, shapes)

    def _slope(self, solver: SolverView, state: State) -> float:
        """|gradient|, by the solver's own activations if it has them: a state knows kinks only roughly."""
        known = solver.gradient_norm
        return gradient_norm(state, self._problem, pause=self.ask) if known is None else known

    def _add_row(
        self,
        state: State,
        step: int,
        losses: tuple[float, float, float],
        slope: float,
        norm: float | None = None,
    ) -> None:
        """A row of the series. losses: now, and the bounds since the row before; norm: variation norm."""
        if norm is None:
            norm = variation_norm(state.weights, state.output_weights)
        loss, row = losses[0], [state.t, step, *losses, slope, norm]
        if self._problem.held_out is not None:
            row.append(loss_at(state, *self._problem.held_out, self._problem.loss, self._problem.slope))
        if self._problem.weight_decay:
            row.append(loss + self._problem.penalty(state.weights, state.output_weights))
        if self._problem.of_labels:
            row += astuple(margins_of(self._problem, state))
        self._series.add(np.array(row))

    def _consider(self, state: State, shape: Shape) -> float:
        """Keep the state if it has moved by the spacing since the last that was kept."""
        moved = shape.distance(self._shapes[-1]) if self._shapes else np.inf
        self.ask()
        if moved >= self._spacing:
            self._path.append(self._path[-1] + moved if self._path else 0.0)
            self._states.append(state)
            self._shapes.append(shape)
            if len(self._states) > self._limit:
                self._thin()
        return moved

    def _consider_each(self, states: list[State], shapes: list[Shape]) -> None:
        """The same of several states after each other, all of which are kept as a rule."""
        if self._shapes and 1 < len(states) <= self._limit - len(self._states):
            moved = movements([self._shapes[-1], *shapes])
            if moved.min() >= self._spacing:
                self._path += (self._path[-1] + np.cumsum(moved)).tolist()
                self._states += states
                self._shapes += shapes
                return
        for state, shape in zip(states, shapes, strict=True):
            self._consider(state, shape)

    def _thin(self) -> None:
        while len(self._states) > self._limit // 2:
            self._spacing *= 2.0
            keep = [0]
            for i in range(1, len(self._shapes)):
                if self._shapes[i].distance(self._shapes[keep[-1]]) >= self._spacing:
                    keep.append(i)
                self.ask()
            self._path = [self._path[i] for i in keep]
            self._states = [self._states[i] for i in keep]
            self._shapes = [self._shapes[i] for i in keep]

    def checkpoint(self) -> dict[str, Any]:
        """Plain arrays from which ``restore`` goes on recording in the same way."""
        packed = {f"series/{key}": value for key, value in self._series.pack().items()}
        taken = self.snapshots
        return packed | {
            "snapshots/t": taken.t,
            "snapshots/weights": taken.weights,
            "snapshots/output_weights": taken.output_weights,
            "log_losses": np.array([shape.log_loss for shape in self._shapes]),
            "path": np.array(self._path),
            "beyond": self._beyond,
            "kept": len(self._states),
            "spacing": self._spacing,
            "stride": self._stride,
            "waited": self._waited,
        }

    def restore(self, saved: Mapping[str, Any]) -> None:
        """Go on from a checkpoint of a recorder of the same problem."""
        self._series.unpack({key[7:]: value for key, value in saved.items() if key.startswith("series/")})
        taken = [np.array(saved[f"snapshots/{name}"]) for name in ("t", "weights", "output_weights")]
        states = [State(float(t), weights, outputs) for t, weights, outputs in zip(*taken, strict=True)]
        self._newest = states[-1] if states else None
        self._states = states[: int(saved["kept"])]
        logs = np.asarray(saved["log_losses"], dtype=float).tolist()
        self._shapes = [Shape.with_log(state, log) for state, log in zip(self._states, logs, strict=True)]
        self._path = [float(moved) for moved in np.asarray(saved["path"])]
        self._beyond = float(saved["beyond"])
        self._spacing = float(saved["spacing"])
        self._stride, self._waited = int(saved["stride"]), int(saved["waited"])
        if self._newest is not None:  # with a stride of one, the last look was at the newest
            self._looked = Shape.of(self._newest, self._series.last_loss)
