"""The flow from event to event."""

import time
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from .field import UnsettledError
from .implicit import collocate
from .kinks import RESTS, Real, make_kinks
from .neurons import Neurons, start
from .run import GaveUpError, Limits, Piece, Run
from .search import Margins, joined, next_event
from .series import NEAR, ORDER, SHORT, Segment, taylor
from .settle import follow
from .turns import note, take

#: the first implicit step, in series' steps; the least for which it pays; most series' steps between attempts
LEAP, PAYS, PATIENCE = 6.0, 2.5, 200


@dataclass
class Result:
    """A run of the reference: why and when it ended, events by kind, choices, and the loss at any time."""

    reason: str
    end: float
    first_loss: float
    last_loss: float
    steps: int
    events: dict[str, int]
    slid: bool
    choices: list[str]
    pieces: list[Piece]
    seconds: float

    @property
    def starts(self) -> npt.NDArray[np.float64]:
        """When the steps began."""
        return np.array([piece.start for piece in self.pieces])

    def loss(self, times: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Half the mean of the squares at times; after a rest that of the rest, after another end NaN."""
        wanted = np.atleast_1d(np.asarray(times, dtype=float))
        after = self.last_loss if self.reason == "rest" else np.nan
        places = np.clip(np.searchsorted(self.starts, wanted, side="right") - 1, 0, None)
        return np.array(
            [
                self.pieces[place].loss(t) if 0 <= t <= self.end and self.pieces else after
                for t, place in zip(wanted, places, strict=True)
            ]
        )


def integrate(
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    weights: npt.ArrayLike,
    output_weights: npt.ArrayLike,
    slope: float = 0.0,
    limits: Limits | None = None,
) -> Result:
    """The flow from (weights (m, d), output_weights (m,)) on inputs (n, d) and targets (n,).

    Raises GaveUpError where it finds no way on.
    """
    began = time.perf_counter()
    run = begin(inputs, targets, weights, output_weights, slope, limits or Limits())
    first, reason = run.loss(), ""
    try:
        while not reason:
            reason = run.ended(first, time.perf_counter() - began)
            if not reason:
                _advance(run)
    except UnsettledError as trouble:
        raise GaveUpError(f"{trouble} at t = {float(run.t):.6g}") from trouble
    return Result(
        reason,
        float(run.t),
        float(first),
        float(run.loss()),
        run.steps,
        run.events,
        run.slid,
        run.choices,
        run.pieces,
        time.perf_counter() - began,
    )


def begin(
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    weights: npt.ArrayLike,
    output_weights: npt.ArrayLike,
    slope: float,
    limits: Limits,
) -> Run:
    """A run at its start."""
    kinks = make_kinks(inputs, targets, slope)
    neurons, drive = start(weights, output_weights, kinks)
    run = Run(kinks, neurons, drive, limits, Real(0), np.zeros(0, dtype=np.intp))
    r = run.residual()
    run.first = np.max(np.abs(r))
    for j in range(len(neurons.a)):
        _leave_kinks(run, j, r)
        run.take_sides(j)
    run.bury()
    return run


def _leave_kinks(run: Run, j: int, r: npt.NDArray[np.longdouble]) -> None:
    """The sides of a neuron that starts on kinks, as descent's first step: the kinks it is on count as off.

    An output weight that is zero moves first, to the sign of <w, D>.
    """
    neurons, kinks = run.neurons, run.kinks
    z = neurons.z[j, kinks.sample]
    if neurons.sign[j] == 0:
        neurons.sign[j] = np.sign(-neurons.z[j] @ (kinks.derivatives(neurons.sides[j]) * r)) or 1
    zero = np.flatnonzero(z == 0)
    if not zero.size:
        return
    run.count("start on kink")
    frozen = neurons.field(j, r, kinks)
    place = z.copy()
    neurons.sides[j, zero] = RESTS
    place[zero] = frozen.velocity(neurons.sides[j])[zero]
    neurons.sides[j] = follow(frozen, neurons.sides[j], place, zero)[0]
    note(run, frozen, j)


def _advance(run: Run) -> None:
    """One step: to the next event, as far as the path holds, or to the end."""
    rows = run.alive
    here, drive = run.neurons.rows(rows), run.drive.rows(rows)
    here.still = run.residual() - here.a @ (drive.derivatives * here.z)
    segment = _segment(run, here)
    event = next_event(here, _margins(run), segment, run.kinks)
    share = Real(1) if event is None else event.when
    run.pieces.append(Piece(float(run.t), segment))
    neurons = run.neurons
    neurons.z[rows], neurons.w[rows], neurons.a[rows] = segment.at(share)
    run.taken = share * segment.length
    run.t += run.taken
    _pin(run, rows, here)
    run.keep_to_lines()
    neurons.balance(rows)
    run.steps += 1
    if event is not None:
        j = int(rows[event.row])
        take(run, event, j, segment)
        run.bury()
        run.check_progress()
        run.wait = min(run.wait + 1, run.patience)


def _margins(run: Run) -> Margins:
    """The margins of all neurons that move, which count by their rows among them."""
    parts = joined([run.margins[j] for j in sorted(run.margins)], run.kinks.samples)
    return replace(parts, neurons=np.searchsorted(run.alive, parts.neurons))


def _pin(run: Run, rows: npt.NDArray[np.intp], before: Neurons) -> None:
    """Keep what slides on its hyperplanes exactly."""
    slid = (before.sides[:, run.kinks.of] == 0) & (run.kinks.of >= 0)
    run.neurons.z[rows] = np.where(slid, 0, run.neurons.z[rows])


def _segment(run: Run, here: Neurons) -> Segment:
    """The next piece of the path: implicit where that has proved to pay, else a power series."""
    drive, left = run.drive.rows(run.alive), run.limits.time - run.t
    if run.wait <= 0 and run.leap > 0:
        length = min(Real(run.leap), left)
        found, run.leap = collocate(here, drive, run.kinks, length, run.first)
        if found is not None:
            run.patience = 3
            return found
        run.patience = min(2 * run.patience, PATIENCE)
        run.wait = run.patience
    near = float(run.taken) < NEAR * run.reach
    segment = taylor(here, drive, run.kinks, left, SHORT if near else ORDER)
    if not near:
        run.reach = float(segment.length)
    run.wait -= 1
    if run.leap < PAYS * float(segment.length) or run.wait > 0:
        run.leap = LEAP * float(segment.length)
    return segment
