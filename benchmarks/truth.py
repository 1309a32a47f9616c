"""What the reference says of a problem, kept in a file so that it need not be found again."""

import hashlib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from families import Array, Case
from reference import Limits, Result, integrate

#: times at which losses are compared, and how much of their spread follows the falls of the loss
TIMES, BY_FALLS = 25, 0.7
#: the loss below which an error is not relative any more, as a share of the first loss
FLOOR = 1e-9
#: flow time of a run, in units of n / |X' y|
HORIZON = 3000.0


@dataclass(frozen=True)
class Truth:
    """Times (k,) and losses (k,), and how the run went: when and why it ended, events, choices."""

    times: Array
    loss: Array
    first_loss: float
    end: float
    ended: str
    slid: bool
    events: int
    choices: int
    seconds: float


def truth(case: Case, name: str, wall: float, folder: Path | None) -> Truth:
    """The reference's run, from the folder if it is there; raises what the reference raises.

    A run that the limit of wall time cuts short is not kept.
    """
    path = None if folder is None else folder / f"{name}-{_sources()}.npz"
    if path is not None and path.exists():
        with np.load(path, allow_pickle=False) as kept:
            single = {key: kept[key].item() for key in kept if kept[key].ndim == 0}
            return Truth(kept["times"], kept["loss"], **single)
    run = integrate(*case.arguments, case.slope, Limits(loss=FLOOR, time=horizon(case), wall=wall))
    times = spread(run)
    found = Truth(
        times,
        run.loss(times),
        run.first_loss,
        run.end,
        run.reason,
        run.slid,
        sum(run.events.values()),
        len(run.choices),
        run.seconds,
    )
    if path is not None and found.ended != "wall":
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(path, **asdict(found))
    return found


@cache
def _sources() -> str:
    """A mark of all that decides what a problem is and what the reference says of it."""
    here = Path(__file__).parent
    files = [here / "families.py", here / "truth.py", *sorted((here / "reference").glob("*.py"))]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def horizon(case: Case) -> float:
    """The flow time after which a run ends in any case."""
    drive = float(np.linalg.norm(case.inputs.T @ case.targets)) / len(case.targets)
    return HORIZON / drive if drive > 0 else HORIZON


def spread(run: Result) -> Array:
    """Times up to the end of a run, more of them where the loss falls; one if it rests from its start."""
    if run.end == 0:
        return np.ones(1)
    grid = np.unique(np.concatenate([run.starts, np.linspace(0, run.end, 200)]))
    grid = np.unique(np.concatenate([grid, (grid[1:] + grid[:-1]) / 2]))
    loss = np.maximum(run.loss(grid), FLOOR * run.first_loss)
    falls = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(np.log(np.maximum(loss, 1e-300)))))])
    if falls[-1] == 0:
        falls = grid / grid[-1]
    place = BY_FALLS * falls / falls[-1] + (1 - BY_FALLS) * grid / grid[-1]
    times = np.interp(np.arange(1, TIMES + 1) / TIMES, place, grid)
    return np.unique(times[times > 0])


def relative(losses: Array, exact: Array, first: float) -> Array:
    """Errors relative to the loss, or to the floor where it is below it."""
    return np.abs(losses - exact) / np.maximum(exact, max(FLOOR * first, 1e-300))
