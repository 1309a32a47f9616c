"""One point of a study solved: from its number to the cells of its row."""

import hashlib
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from reluflow.errors import ReluflowError, sentence
from reluflow.store.leftovers import discard
from reluflow.store.preset import Preset
from reluflow.store.run_directory import RunWriter
from reluflow.store.run_reader import PRESET
from reluflow.sweep.axes import cell
from reluflow.sweep.columns import headings, written_cell
from reluflow.sweep.conditions import Condition, fulfilled, parse_conditions
from reluflow.sweep.measures import measured
from reluflow.sweep.study import Study, compared
from reluflow.sweep.theory import predict
from reluflow.training.checking import check
from reluflow.training.training import Training

#: Share of the first loss to which a run without stop.loss must come to be a success.
SUCCESS_SHARE: Final = 1e-6
#: What is read off ``run --json`` as it is.
_AS_IT_IS: Final = (
    "status", "reason", "time", "loss", "variation_norm", "nuclear_norm", "parameter_norm_squared", "rank",
    "wall_seconds",
)  # fmt: skip

#: The most bytes of the name of a run directory, and what stands in it as it is, beside letters and digits.
LONGEST_NAME: Final = 120
_PLAIN: Final = "=.,_+-[]"

Cells = list[str]


class PointSolver:
    """Solves points of a study. ``keep``: where run directories are written, None for nowhere."""

    def __init__(self, study: Study, keep: Path | None = None) -> None:
        self._study = study
        self._keep = keep
        self._names = [each.name for each in headings(study)]
        self._success: tuple[Condition, ...] | None = None
        if study.success is not None:
            self._success = parse_conditions(study.success, "--success")

    def solve(self, number: int, is_unwanted: Callable[[], bool] = lambda: False) -> Cells | None:
        """The cells of a point's row; None if the run was given up because ``is_unwanted`` said so.

        Whatever goes wrong is a row with its reason.
        """
        try:
            row = self._row(number, is_unwanted)
        except (ReluflowError, OSError, MemoryError, ArithmeticError, ValueError) as error:
            row = {"status": "failed", "reason": sentence(error)}
        return None if row is None else self.cells(number, row)

    def cells(self, number: int, row: dict[str, Any]) -> Cells:
        """A row as it is written: the point's values, and what is known of its run."""
        values = self._study.grid.changes(number)
        return [
            cell(values[name]) if name in values else written_cell(row.get(name, _missing(name)))
            for name in self._names
        ]

    def _predicted(self, number: int) -> dict[str, Any]:
        """The row of a point of a study that is theory only."""
        began, found = time.perf_counter(), predict(self._study.preset_at(number))
        if isinstance(found, str):
            return {"status": "does not apply", "reason": found}
        row = found.row() | {"wall_seconds": time.perf_counter() - began}
        if self._success is not None:
            row["success"] = bool(fulfilled(self._success, self._named(number, row)))
        return row

    def _row(self, number: int, is_unwanted: Callable[[], bool]) -> dict[str, Any] | None:
        if self._study.theory_only:
            return self._predicted(number)
        preset = _limited(self._study.preset_at(number), self._study.limit)
        training = Training.from_preset(preset)
        first_loss = training.solver.loss
        try:
            training.run(interrupted_by=lambda: "the sweep" if is_unwanted() else None)
        except Exception as error:  # whatever goes wrong in a solver, there is a row of it
            training.break_off(sentence(error))
        if training.status == "interrupted":
            return None
        if self._keep is not None:
            self._write(number, preset, training)
        summary = training.summary()
        row = {name: summary[name] for name in _AS_IT_IS}
        row["objective"] = summary.get("objective")
        row["saddles"] = len(summary["saddles"])
        row["escape_times"] = ";".join(map(repr, summary["escapes"]))
        row |= measured(self._study.measures, preset, training, summary)
        if self._is_checked(number) and training.options is not None:
            found = check(training, interrupted_by=lambda: "the sweep" if is_unwanted() else None)
            if found is None:
                return None
            row |= {"check_loss": found.loss, "check_escapes": found.found.escape_shift}
        row["success"] = self._is_success(number, row, preset, training, first_loss)
        return row

    def _is_success(
        self, number: int, row: dict[str, Any], preset: Preset, training: Training, first_loss: float
    ) -> bool:
        if self._success is None and "stop.margin" in preset.values:
            return training.reached_goal
        if self._success is None:
            return bool(row["loss"] <= preset.values.get("stop.loss", SUCCESS_SHARE * first_loss))
        return bool(fulfilled(self._success, self._named(number, row)))

    def _named(self, number: int, row: dict[str, Any]) -> dict[str, Any]:
        """Keys and columns of a row for conditions, in which a number that is missing is NaN."""
        varied = {name: compared(value) for name, value in self._study.grid.changes(number).items()}
        named = self._study.constants | varied | row
        return {name: math.nan if value is None else value for name, value in named.items()}

    def _is_checked(self, number: int) -> bool:
        """Whether a point is of the share that is checked, which depends on its values alone."""
        share = self._study.check
        return share is not None and int(_digest(self._study, number)[:8], 16) < share * 16**8

    def _write(self, number: int, preset: Preset, training: Training) -> None:
        assert self._keep is not None
        place = place_of(self._keep, self._study, number)
        if (place / PRESET).is_file():  # the row of that run was lost, or is not wanted any more
            discard(place)
        writer = RunWriter.create(preset, training.problem, place)
        try:
            writer.save(training)
        finally:
            writer.close()


def place_of(folder: Path, study: Study, number: int) -> Path:
    """The run directory of a point, which is named after its values.

    Of a long name the beginning stands before a digest. An older folder may have it under the digest alone.
    """
    digest = _digest(study, number)[:16]
    if (folder / digest).is_dir():
        return folder / digest
    words = _words(study, number).replace(", ", ",")
    name = "".join(each if each.isalnum() or each in _PLAIN else quote(each, safe="") for each in words)
    if len(os.fsencode(name)) > LONGEST_NAME:
        beginning = os.fsencode(name)[: LONGEST_NAME - len(digest) - 1].decode(errors="ignore")
        name = f"{beginning}-{digest}"
    return folder / name


def _words(study: Study, number: int) -> str:
    return ",".join(f"{key}={cell(value)}" for key, value in study.grid.changes(number).items())


def _digest(study: Study, number: int) -> str:
    """A number, in hexadecimal digits, that is drawn by the values of a point."""
    return hashlib.sha256(_words(study, number).encode()).hexdigest()


def _limited(preset: Preset, seconds: float | None) -> Preset:
    """The preset with the wall seconds of a run limited."""
    if seconds is None:
        return preset
    return preset.with_values(
        {"stop.wall_seconds": min(seconds, preset.values.get("stop.wall_seconds", math.inf))}
    )


def _missing(name: str) -> Any:
    """What stands for a value that a run does not have."""
    return False if name == "success" else None


def failed_row(reason: str, status: str = "failed") -> dict[str, Any]:
    """The row of a run of which only this is known."""
    return {"status": status, "reason": reason}
