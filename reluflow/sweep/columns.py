"""The columns of a sweep's table: names, kinds, and how a cell is written."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from reluflow.store.schema import by_id
from reluflow.sweep.axes import cell
from reluflow.sweep.study import Study

#: of a column's values: text, floats, whole numbers (floats too in the table, where one may be missing), or
#: true and false
Kind = Literal["text", "float", "whole", "flag"]
Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Heading:
    """Name and kind of a column."""

    name: str
    kind: Kind


#: Of every run, behind the varied keys. ``saddles``: their number; ``escape_times``: joined by ";".
RESULTS: Final = (
    Heading("status", "text"),
    Heading("reason", "text"),
    Heading("success", "flag"),
    Heading("time", "float"),
    Heading("loss", "float"),
    Heading("variation_norm", "float"),
    Heading("nuclear_norm", "float"),
    Heading("parameter_norm_squared", "float"),
    Heading("rank", "whole"),
    Heading("saddles", "whole"),
    Heading("escape_times", "text"),
    Heading("wall_seconds", "float"),
)
#: Where a share of the runs is checked: how far one at a tighter tolerance differs, NaN for the others.
CHECKS: Final = (Heading("check_loss", "float"), Heading("check_escapes", "float"))
#: Of every point of a study that is theory only; ``loss``, ``variation_norm``, ``saddles`` and
#: ``escape_times`` are predicted, ``success`` is a fit.
THEORY: Final = (
    *(each for each in RESULTS if each.name in ("status", "reason", "success", "loss", "variation_norm")),
    *(each for each in RESULTS if each.name in ("saddles", "escape_times")),
    Heading("fit_probability", "float"),
    Heading("wall_seconds", "float"),
)
#: What is written for numbers that are infinite; those that are missing are empty.
_INFINITE: Final = {float("inf"): "inf", float("-inf"): "-inf"}


#: Beside the loss where there is, or may be, weight decay: what is minimised, NaN without it.
OBJECTIVE: Final = Heading("objective", "float")
_DECAY: Final = "solver.weight_decay"


def headings(study: Study) -> tuple[Heading, ...]:
    """The columns of a study's rows, without the number in the grid, which is given when rows are read."""
    keys = tuple(Heading(key, _kind_of_key(key)) for key in study.grid.keys)
    if study.theory_only:
        return (*keys, *THEORY)
    measures = (Heading(name, kind_of_measure(name)) for name in study.measures)
    decays = _DECAY in study.grid.keys or bool(study.preset.values.get(_DECAY))
    results = list(RESULTS)
    if decays:
        results.insert([each.name for each in RESULTS].index("loss") + 1, OBJECTIVE)
    return (*keys, *results, *measures, *(CHECKS if study.check is not None else ()))


def _kind_of_key(id: str) -> Kind:
    kinds: dict[str, Kind] = {"int": "whole", "float": "float", "bool": "flag"}
    return kinds.get(by_id(id).kind, "text")


def kind_of_measure(name: str) -> Kind:
    """Measures are numbers, but for the state of a prediction."""
    return "text" if name.endswith(".state") else "float"


def written_cell(value: Any) -> str:
    """A value as it stands in a row; nothing for one that is missing."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        if value != value:
            return ""
        return _INFINITE.get(value) or repr(value)
    return cell(value)


def read_column(cells: list[str], kind: Kind) -> Column:
    """The cells of a column as an array (k,): object for text, bool for flags, else float with NaN for gaps.

    Whole numbers are integers where there is no gap. Raises ValueError for a cell that is no number.
    """
    if kind == "text":
        known: dict[str, str] = {}
        column = np.empty(len(cells), dtype=object)
        column[:] = [known.setdefault(each, each) for each in cells]
        return column
    if kind == "flag":
        return np.array([each == "true" for each in cells], dtype=bool)
    if kind == "whole" and "" not in cells:
        return np.array(list(map(int, cells)), dtype=np.int64)
    return np.array([float(each or "nan") for each in cells], dtype=np.float64)
