"""What is looked at of a folder of runs: which ones, in which order, and what differs between them."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np

from reluflow.errors import ReluflowError
from reluflow.network import Array
from reluflow.plot.axes import short
from reluflow.registry.losses import LOSSES
from reluflow.store.run_folder import RunFolder, StoredRun
from reluflow.store.run_reader import open_run
from reluflow.sweep.axes import cell
from reluflow.sweep.conditions import Condition, fulfilled, parse_conditions, require_known
from reluflow.tui.typed_values import text_of

#: Runs that are marked, at most: so many curves have a letter.
MOST_MARKED: Final = 10
TITLES: Final = ("name", "status", "time", "loss", "plateaus", "age", "what differs")

#: Numbers of a summary that conditions may be on.
_NUMBERS: Final = (
    "time", "loss", "steps", "events", "wall_seconds", "gradient_norm", "variation_norm", "nuclear_norm",
    "parameter_norm_squared", "rank",
)  # fmt: skip
_TEXTS: Final = ("preset", "method", "reason")
_MOST_ESCAPES: Final = 9
#: Columns of the series that a curve is drawn from.
_CURVE: Final = ("t", "loss", "loss_low", "loss_high")
_UNITS: Final = ((86400.0, "d"), (3600.0, "h"), (60.0, "min"), (1.0, "s"))


def _number(run: StoredRun, name: str) -> float:
    value = run.summary.get(name)
    return float(value) if isinstance(value, int | float) else np.inf


#: What the runs can be sorted by, from the smallest value up; the first is what they are sorted by at first.
ORDERS: Final[Mapping[str, Callable[[StoredRun], Any]]] = {
    "newest": lambda run: -run.written,
    "name": lambda run: run.name,
    "status": lambda run: (run.status, -run.written),
    "loss": lambda run: _number(run, "loss"),
    "time": lambda run: _number(run, "time"),
    "plateaus": lambda run: -len(run.summary.get("saddles") or ()),
}


class Workspace:
    """The choices of a user who looks at a ``folder``, and what follows from them.

    ``shown``: the runs that fulfil the conditions, in order. ``marked``: names of runs whose curves are
    drawn.
    """

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.runs: tuple[StoredRun, ...] = ()
        self.shown: tuple[StoredRun, ...] = ()
        self.marked: list[str] = []
        self.where = ""
        self.order = next(iter(ORDERS))
        self.reverse = False
        self._conditions: tuple[Condition, ...] = ()
        self._differing: Mapping[str, tuple[str, ...]] = {}

    def take(self, runs: Sequence[StoredRun]) -> bool:
        """Look at newer runs; whether any of them is another than before."""
        changed = tuple(runs) != self.runs
        self.runs = tuple(runs)
        if changed:
            names = {run.name for run in self.runs}
            self.marked = [name for name in self.marked if name in names]
            self._differing = _differing_keys(self.runs)
            self._arrange()
        return changed

    # --- which runs, in which order ---

    def choose(self, where: str) -> None:
        """List only runs that fulfil the conditions. Raises SweepError for some that cannot be read."""
        conditions = parse_conditions(where, "filter") if where.strip() else ()
        known: dict[str, Any] = {}
        for run in self.runs:
            known |= columns_of(run)
        if self.runs:
            require_known(conditions, known, "filter")
            fulfilled(conditions, {name: known[name] for name in known})
        self.where, self._conditions = where.strip(), conditions
        self._arrange()

    def next_order(self) -> None:
        """Sort by the next of what there is."""
        names = list(ORDERS)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        self._arrange()

    def turn_round(self) -> None:
        """Sort the other way round."""
        self.reverse = not self.reverse
        self._arrange()

    def _arrange(self) -> None:
        chosen = [run for run in self.runs if self._fulfils(run)]
        self.shown = tuple(sorted(chosen, key=ORDERS[self.order], reverse=self.reverse))

    def _fulfils(self, run: StoredRun) -> bool:
        columns = columns_of(run)
        try:
            return all(
                bool(condition.holds(columns[condition.name]))
                if condition.name in columns
                else condition.operator == "!="
                for condition in self._conditions
            )
        except ReluflowError:  # what is a number in one run is text, or not set, in another
            return False

    # --- marks ---

    def mark(self, run: StoredRun) -> bool:
        """Draw the curve of a run, or no longer; False if there is no letter left for it."""
        if run.name in self.marked:
            self.marked.remove(run.name)
        elif len(self.marked) < MOST_MARKED:
            self.marked.append(run.name)
        else:
            return False
        return True

    # --- lines ---

    def cells(self, run: StoredRun) -> tuple[str, ...]:
        """The cells of a line, under ``TITLES``."""
        told = run.summary
        time_told, loss = (_short(told.get(name)) for name in ("time", "loss"))
        plateaus = "" if run.trouble else str(len(told.get("saddles") or ()))
        differs = run.trouble or self.what_differs(run)
        words = (run.name, run.status, time_told, loss, plateaus, _age(run.written))
        return (*words, differs)

    def what_differs(self, run: StoredRun) -> str:
        """The values of a run in which those of its preset differ, behind a preset that is not its name."""
        preset = str(run.summary.get("preset", ""))
        keys = self._differing.get(preset, ())
        words = [f"{key.split('.')[-1]} {_text(run.values[key])}" for key in keys if key in run.values]
        return ", ".join([preset, *words] if not run.name.startswith(preset) else words)

    def floor(self, run: StoredRun) -> float:
        """The lowest loss of a plateau of a run, infinity for none: its curve need not be seen below."""
        losses = [each.get("loss") for each in run.summary.get("saddles") or ()]
        return min((each for each in losses if each is not None and each > 0.0), default=math.inf)

    def of_labels(self, run: StoredRun) -> bool:
        """Whether its loss is one of labels."""
        loss = run.values.get("solver.loss")
        return any(entry.of_labels for name, entry in LOSSES.items() if name == loss)


def columns_of(run: StoredRun) -> dict[str, Any]:
    """What conditions on runs may be on: the keys of its preset, and names of its summary."""
    values = {
        key: value if isinstance(value, int | float) else cell(value) for key, value in run.values.items()
    }
    told = run.summary
    found: dict[str, Any] = {**values, "name": run.name, "status": run.status}
    found |= {name: str(told.get(name) or "") for name in _TEXTS}
    found |= {name: _float(told.get(name)) for name in _NUMBERS}
    found["saddles"] = len(told.get("saddles") or ())
    escapes = [*(told.get("escapes") or ())][:_MOST_ESCAPES]
    escapes += [np.nan] * (_MOST_ESCAPES - len(escapes))
    return found | {f"escape:{number}": _float(each) for number, each in enumerate(escapes, 1)}


def curve_series(run: StoredRun) -> dict[str, Array]:
    """What the curve of a run is drawn from; empty where nothing is recorded or can be read."""
    try:
        series = open_run(run.path).series
        return {name: np.array(series[name], dtype=np.float64) for name in _CURVE if name in series}
    except (ReluflowError, OSError, ValueError):
        return {}


def _differing_keys(runs: Sequence[StoredRun]) -> dict[str, tuple[str, ...]]:
    """For each preset the keys in which its runs differ."""
    groups: dict[str, list[StoredRun]] = {}
    for run in runs:
        if not run.trouble:
            groups.setdefault(str(run.summary.get("preset")), []).append(run)
    found = {}
    for preset, members in groups.items():
        keys = dict.fromkeys(key for run in members for key in run.values)
        found[preset] = tuple(key for key in keys if len({repr(run.values.get(key)) for run in members}) > 1)
    return found


def _float(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _short(value: Any) -> str:
    return "" if not isinstance(value, int | float) else short(float(f"{value:.4g}"))


def _text(value: Any) -> str:
    return short(value) if isinstance(value, float) else text_of(value)


def _age(written: float) -> str:
    age = max(time.time() - written, 0.0)
    size, unit = next(((size, unit) for size, unit in _UNITS if age >= size), _UNITS[-1])
    return f"{age / size:.0f} {unit}"
