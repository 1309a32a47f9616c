"""The range of one number: an axis about its present value, and its points solved coarse to fine."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from reluflow.errors import SweepError
from reluflow.network import Array
from reluflow.store.preset import Preset
from reluflow.store.schema import Key, by_id, show
from reluflow.sweep.axes import Axis, cell, parse_axis, written
from reluflow.sweep.columns import Column, headings, read_column
from reluflow.sweep.opening import tabulated
from reluflow.sweep.processes import Processes
from reluflow.sweep.solving import Cells, PointSolver
from reluflow.sweep.study import Study, varied
from reluflow.sweep.summary import numbers_of

#: Points of a range that nobody has asked for, and those that one may ask for.
USUAL_POINTS: Final = 25
MOST_POINTS: Final = 1000
#: A range reaches so many times further than the present value, up and down, by the key's step.
_REACH: Final = {"tens": 1e4, "1-2-5": 10.0}
#: Seconds that a run may take which is solved in the thread that asks for a range.
HELPS_FOR: Final = 0.5
#: How runs end that have no result to be drawn.
NO_RESULT: Final = ("failed", "wall")
#: Measures that results need beside the columns that every row has.
MEASURES: Final = ("angle_max_plus", "angle_max_minus")


@dataclass(frozen=True)
class Result:
    """What is drawn over the number: ``parts`` of it, each a column, with a word for each in ``labels``."""

    name: str
    parts: tuple[str, ...]
    labels: tuple[str, ...]


#: Escapes that are drawn, at most.
_ESCAPES: Final = 9

RESULTS: Final = (
    Result(
        "escape times",
        tuple(f"escape:{k}" for k in range(1, _ESCAPES + 1)),
        tuple(f"escape {k}" for k in range(1, _ESCAPES + 1)),
    ),
    Result("final loss", ("loss",), ("loss",)),
    Result("variation norm", ("variation_norm",), ("norm",)),
    Result("widest angle", MEASURES, ("neurons above 0", "below 0")),
    Result("number of plateaus", ("saddles",), ("plateaus",)),
    Result("rank", ("rank",), ("rank",)),
    Result("end of the run", ("time",), ("time",)),
    Result("success", ("success",), ("success",)),
)


def usual_axis(preset: Preset, key_id: str) -> str:
    """The text of an axis about the present value of a number. Raises PresetError for no such key."""
    key, value = by_id(key_id), preset.values.get(key_id)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{key_id}="
    if key.kind == "int":
        return f"{key_id}={_integers(key, int(value))}"
    if value > 0.0:
        reach = _REACH[key.step or "1-2-5"]
        low, high = (_written(key, each) for each in (value / reach, value * reach))
        return f"{key_id}={low}:{high}:{USUAL_POINTS}log"
    low, high = (_written(key, each) for each in (value - 1.0, value + 1.0))
    return f"{key_id}={low}:{high}:{USUAL_POINTS}lin"


def _written(key: Key, value: float) -> str:
    """A number within the bounds of its key, in six digits. A bound that is excluded is not reached."""
    low = -np.inf if key.low is None else key.low
    high = np.inf if key.high is None else key.high
    inside = min(max(value, low), high)
    if (inside == low and key.low_open) or (inside == high and key.high_open):
        inside += 1e-3 if inside == low else -1e-3
    return f"{inside:.6g}"


def _integers(key: Key, value: int) -> str:
    """All integers where they are few, else some at about even ratios, the present one among them."""
    least = int(key.low or 0)
    if key.name == "seed":
        return f"{value}:{value + USUAL_POINTS - 1}"
    low, high = max(value // 4, least, 1), 4 * max(value, 1)
    if high - low < 2 * USUAL_POINTS:
        return f"{low}:{high}"
    chosen = {round(each) for each in np.geomspace(low, high, USUAL_POINTS)}
    return ",".join(map(str, sorted(chosen | {value})))


def range_study(preset: Preset, text: str, limit: float | None = None) -> Study:
    """The study of one number of a preset, from the ``text`` of an axis.

    ``limit``: seconds for each run. Raises SweepError and PresetError in one sentence.
    """
    axis = parse_axis(text, "the range")
    values = sorted({value[0] for value in axis.values if value[0] is not None})
    alike = all(part == value[0] for value in axis.values for part in value)
    if not alike or not all(by_id(key).kind in ("int", "float") for key in axis.keys):
        raise SweepError(f"the range {show(text)} is not of one number; expected KEY=LOW:HIGH:25log or so")
    if not 2 <= len(values) <= MOST_POINTS:
        raise SweepError(f"the range {show(text)} has {len(values)} numbers; expected 2 to {MOST_POINTS}")
    ordered = tuple((value,) * len(axis.keys) for value in values)
    if ordered != axis.values:
        axis = Axis(axis.keys, ordered, written(axis.keys, ordered))
    return varied(preset, (axis,), MEASURES, limit)


def coarse_to_fine(count: int) -> list[int]:
    """The numbers of so many points: the ends, the middle, the quarters and so on."""
    order = dict.fromkeys((0, count - 1))
    parts = 1
    while len(order) < count:
        parts *= 2
        order |= dict.fromkeys(round(place * (count - 1) / parts) for place in range(1, parts, 2))
    return list(order)


def solve_range(
    study: Study, numbers: Sequence[int], jobs: int, is_unwanted: Callable[[], bool]
) -> Iterator[list[Cells]]:
    """Rows of the points in about this order, as they come; those of processes and of this thread.

    Processes take a moment until their first row. Until then this thread solves, so that there is something
    to see, but gives up a run that would take long. Ends early if ``is_unwanted``. Under a screen
    ``reluflow.sweep.processes.warm_up`` is to be called first. Raises SweepError if no process can be had.
    """
    left, here = _Points(numbers), PointSolver(study)
    executor = Processes(study, jobs, beside_screen=True)
    others = executor.solve(left, is_unwanted)
    # when this is not gone on with, the processes end at once
    with closing(cast("Generator[list[Cells]]", others)):
        helps = True
        while not is_unwanted():
            number = next(left, None) if helps else None
            if number is not None:
                until = time.monotonic() + HELPS_FOR
                row = here.solve(number, partial(_is_over, until, is_unwanted))
                if row is not None:
                    yield [row]
                else:
                    helps = False
                    left.put_back(number)
            rows = next(others, None)
            if rows is None:
                return
            helps = helps and not rows
            yield rows


def _is_over(until: float, is_unwanted: Callable[[], bool]) -> bool:
    return is_unwanted() or time.monotonic() > until


class _Points(Iterator[int]):
    """Numbers of points, one after the other, of which one may be put back."""

    def __init__(self, numbers: Sequence[int]) -> None:
        self._left = deque(numbers)

    def __next__(self) -> int:
        if not self._left:
            raise StopIteration
        return self._left.popleft()

    def put_back(self, number: int) -> None:
        """The next one is this."""
        self._left.appendleft(number)


class RangeTable:
    """The rows of a range so far. ``x`` (k,): the values of the number, in increasing order."""

    def __init__(self, study: Study) -> None:
        self._study, self._headings = study, headings(study)
        self._rows: dict[int, Cells] = {}
        values = [value[0] for value in study.grid.axes[0].values]
        self.x = np.array(values, dtype=np.float64)
        self._numbers = {cell(value): number for number, value in enumerate(values)}

    def add(self, rows: Sequence[Cells]) -> None:
        """Take rows as they come."""
        for row in rows:
            self._rows[self._numbers[row[0]]] = row

    @property
    def missing(self) -> list[int]:
        """The points without a row, coarse to fine."""
        return [number for number in coarse_to_fine(self.x.size) if number not in self._rows]

    @property
    def solved(self) -> list[int]:
        """The points that have a row, in their order."""
        return sorted(self._rows)

    def values(self, name: str) -> Array:
        """A column of numbers (k,) at every point, NaN where there is none or none yet."""
        numbers = [number for number in self.solved if self.row(number)["status"] not in NO_RESULT]
        found = np.full(self.x.size, np.nan)
        found[numbers] = numbers_of(self._columns(numbers), name)
        return found

    def columns(self) -> dict[str, Column]:
        """The rows so far as columns (k,) by name, as a sweep has them."""
        numbers = self.solved
        return tabulated(self._study, self._headings, np.array(numbers), self._columns(numbers))

    def _columns(self, numbers: Sequence[int]) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        for place, heading in enumerate(self._headings):
            cells = [self._rows[number][place] for number in numbers]
            columns[heading.name] = read_column(cells, heading.kind)
        return columns

    @property
    def failed(self) -> npt.NDArray[np.bool_]:
        """Which points (k,) have a run that failed or took too long, and so no result."""
        found = np.zeros(self.x.size, dtype=bool)
        for number in self._rows:
            found[number] = self.row(number)["status"] in NO_RESULT
        return found

    def row(self, number: int) -> dict[str, str]:
        """The row of a point by name, as it is written; empty while it is not solved."""
        cells = self._rows.get(number, [])
        return dict(zip((each.name for each in self._headings), cells, strict=False))
