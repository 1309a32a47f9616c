"""The K-th escape time of a row, by the name ``escape:K``, from the cell in which all of them are."""

import math
import re
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from reluflow.errors import SweepError
from reluflow.network import Array

#: The column that has all of them, joined by ";".
ESCAPE_TIMES: Final = "escape_times"
_ESCAPE: Final = "escape:"
_NUMBER: Final = r"-?(?:\d+(?:\.\d*)?(?:e[+-]?\d+)?|inf|nan)"
_CELL: Final = rf"(?:{_NUMBER}(?:;{_NUMBER})*)?"
_CELLS: Final = re.compile(rf"{_CELL}(?:\n{_CELL})*", re.ASCII)


def is_escape(name: str) -> bool:
    """Whether it begins as the name of one of them does."""
    return name.startswith(_ESCAPE)


def escape_number(name: str, where: str) -> int:
    """K of ``escape:K``, from 1. Raises SweepError, which begins with ``where``."""
    text = name.removeprefix(_ESCAPE)
    if re.fullmatch(r"[0-9]{1,9}", text) is None or int(text) == 0:
        raise SweepError(f"{where} {name}: expected escape:1, escape:2 and so on".lstrip())
    return int(text)


def are_times(cells: Sequence[str]) -> bool:
    """Whether each of the cells (k,) has times alone, or none."""
    return _CELLS.fullmatch("\n".join(cells)) is not None


def escapes_of(cells: Any, number: int) -> Array:
    """The times (k,), or () of a single cell, of the escapes of such a number; NaN where there are fewer."""
    parts = (str(cell).split(";", number) for cell in np.ravel(cells))
    place = number - 1
    times = [float(each[place]) if len(each) > place and each[place] else math.nan for each in parts]
    return np.array(times, dtype=np.float64).reshape(np.shape(cells))
