"""A few samples as the editor of points holds them: every change makes a new set."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from reluflow.data.csv_dialect import ReadingError, in_cells
from reluflow.errors import PresetError, counted
from reluflow.network import Array

#: samples that are edited by hand, at most, and coordinates of their inputs
MOST_POINTS: Final = 200
MOST_COORDINATES: Final = 2


@dataclass(frozen=True, eq=False)
class PointSet:
    """``values`` (n, d + 1): the coordinates of each input, and its target."""

    values: Array

    @classmethod
    def of(cls, inputs: Array, targets: Array) -> "PointSet":
        """The samples of data (n, d), (n,). Raises PresetError where there are too many of either."""
        samples, coordinates = inputs.shape
        if coordinates > MOST_COORDINATES or samples > MOST_POINTS:
            raise PresetError(
                f"found {counted(samples, 'sample')} with {counted(coordinates, 'coordinate')}; points "
                f"are edited by hand up to {MOST_POINTS} with {MOST_COORDINATES}"
            )
        return cls(np.column_stack([inputs, targets]))

    @property
    def coordinates(self) -> int:
        """Those of an input."""
        return int(self.values.shape[1]) - 1

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the numbers of a point."""
        return ("x", "y") if self.coordinates == 1 else (*(f"x{k + 1}" for k in range(self.coordinates)), "y")

    @property
    def inputs(self) -> list[list[float]]:
        """The inputs, as a preset holds them."""
        return [[float(value) for value in row[:-1]] for row in self.values]

    @property
    def targets(self) -> list[float]:
        """The targets, as a preset holds them."""
        return [float(value) for value in self.values[:, -1]]

    def __len__(self) -> int:
        return len(self.values)

    def changed(self, number: int, row: Sequence[float]) -> "PointSet":
        """With other numbers for one point."""
        values = self.values.copy()
        values[number] = row
        return PointSet(values)

    def added(self, row: Sequence[float]) -> "PointSet":
        """With one more point, the last. Raises PresetError if there are as many as can be edited."""
        if len(self) >= MOST_POINTS:
            raise PresetError(f"there are {MOST_POINTS} points, as many as can be edited by hand")
        return PointSet(np.vstack([self.values, row]))

    def removed(self, number: int) -> "PointSet":
        """Without one point. Raises PresetError if it is the only one."""
        if len(self) == 1:
            raise PresetError("a network needs at least one point to learn")
        return PointSet(np.delete(self.values, number, axis=0))

    def typed(self, text: str) -> list[float]:
        """The numbers of a point as they are typed: as in a line of a file, or between mixed separators.

        Raises PresetError in one sentence for anything but as many finite numbers as a point has, and for
        what can be read as such in two ways.
        """
        names, words = self.names, text.replace(";", " ").replace(",", " ").split()
        if len(words) > len(names) and "," in text:
            words = _with_decimal_commas(text)
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            numbers = []
        if len(numbers) != len(names) or not all(map(math.isfinite, numbers)):
            raise PresetError(
                f"found {text.strip()[:30]!r}; expected {len(names)} numbers: {' '.join(names)}"
            )
        return numbers


def _with_decimal_commas(text: str) -> list[str]:
    """The numbers of a line of a file that has too many commas for them all to stand between numbers."""
    try:
        sheet = in_cells(text)
    except ReadingError as error:
        raise PresetError(error.words) from None
    return [cell.replace(",", ".") for cell in sheet.rows[0]] if sheet.rows else []
