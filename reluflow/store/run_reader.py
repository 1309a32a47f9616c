"""Reading a run directory, one array at a time."""

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from reluflow.errors import DamageError, PresetError, ProblemError, RunError, found_at
from reluflow.flow.events import Events
from reluflow.network import Array
from reluflow.problem import Problem, check_range
from reluflow.store import run_summary
from reluflow.store.archive import Members, StoredSnapshots, damaged, require_file
from reluflow.store.continuation import continued
from reluflow.store.locations import expanded
from reluflow.store.preset import Preset, load_preset, name_in
from reluflow.store.run_layout import (
    HELD_OUT,
    LINKS,
    SAVED_SUMMARY,
    START,
    Sizes,
    check_start,
    check_trajectory,
    check_values,
)
from reluflow.store.summary_table import Told

if TYPE_CHECKING:
    from reluflow.data.datasets import Data

PRESET: Final = "preset.toml"
PROBLEM: Final = "problem.npz"
TRAJECTORY: Final = "trajectory.npz"
#: What may have happened to a preset that is not as reluflow wrote it.
EDITED: Final = "edited by hand since it was written, or damaged"
#: ... and what a problem is that can be read all the same.
OTHER: Final = "its sum does not fit"


class Run(Told):
    """What a run directory holds; made by ``open_run``.

    Everything that is read of the trajectory belongs to one moment, even if the run goes on meanwhile.
    Reading what is damaged raises DamageError in one sentence, and the rest can be read all the same.
    ``summary``: what ``reluflow run --json`` prints, without most of it where run.json cannot be read.

    >>> reluflow.open_run("runs/orthogonal-toy-1").snapshots.weights.shape[1:]
    (60, 2)
    """

    def __init__(self, path: Path, start: Members | None = None) -> None:
        """``start``: the arrays of problem.npz, where they are not to be read from it."""
        self.path, self._given_start = path, start
        self._found: list[str] = []
        self._content = self._read_content()
        saved = self._saved_summary()
        decides = run_summary.summary_of(self._content) if saved is None else saved
        found = run_summary.told(self._content, decides) if decides else {}
        content = self._content if saved is None else run_summary.without_stale(self._content, saved)
        self.summary: dict[str, Any] = {"status": "unknown", **content, **found, "run": str(path)}

    def _read_content(self) -> dict[str, Any]:
        try:
            return run_summary.read(self.path)
        except DamageError as error:
            self._found.append(str(error))
            return {"format": run_summary.FORMAT}

    def _saved_summary(self) -> dict[str, Any] | None:
        """The summary that was saved with the arrays; None if there is none, or it cannot be read."""
        try:
            if self._stored is None or SAVED_SUMMARY not in self._stored:
                return None
            return run_summary.saved(str(self._stored[SAVED_SUMMARY]), self._stored.path, SAVED_SUMMARY)
        except DamageError as error:
            self._found.append(str(error))
            return None

    @cached_property
    def faults(self) -> list[str]:
        """A sentence about each file that is not as reluflow wrote it, as far as that is seen without reading
        the arrays of the trajectory. What cannot be read says more than its sum.
        """
        found = list(self._found)
        for name, fault, read in (
            (PRESET, EDITED, lambda: self.preset),
            (PROBLEM, OTHER, self._begun_with),
        ):
            if not self._fits(name):
                try:
                    read()
                    found.append(str(damaged(self.path / name, fault)))
                except RunError as error:
                    found.append(str(error))
        return list(dict.fromkeys(found))

    def _fits(self, name: str) -> bool:
        """Whether a file has one of its sums, if it has any. Looked at once more: it may just be replaced."""
        sums = self._content.get("sums", {})
        if name not in sums or run_summary.has_sum(self.path / name, sums[name]):
            return True
        try:
            again = run_summary.read(self.path).get("sums", {})
        except RunError:
            return False
        return run_summary.has_sum(self.path / name, again.get(name, []))

    @cached_property
    def _sizes(self) -> Sizes:
        return check_start(self._start)

    @cached_property
    def _start(self) -> Members:
        return self._given_start or Members.open(self.path / PROBLEM)

    def _begun_with(self) -> tuple[dict[str, Array], tuple[Array, ...] | None]:
        """The arrays that the run started from, and those of the held-out samples, if any."""
        _ = self._sizes
        given = all(name in self._start for name in HELD_OUT)
        held_out = tuple(self._start.array(name) for name in HELD_OUT) if given else None
        return {name: self._start.array(name) for name in START}, held_out

    @cached_property
    def _stored(self) -> Members | None:
        path = self.path / TRAJECTORY
        if not os.path.lexists(path):
            if self._content.get("steps"):
                raise damaged(path, "missing, though steps were saved")
            return None
        members = Members.open(path, check_values(self._sizes))
        check_trajectory(members, self._sizes)
        return members

    @cached_property
    def preset(self) -> Preset:
        """The preset as it was run."""
        try:
            preset = load_preset(self.path / PRESET)
        except PresetError as error:
            raise DamageError(f"damaged: {error}") from None
        return replace(preset, name=name_in(self.summary) or preset.name)

    @cached_property
    def problem(self) -> Problem:
        """The data and the network that the run started from."""
        values, (start, held_out) = self.preset.values, self._begun_with()
        loss, slope = values["solver.loss"], values["network.slope"]
        try:
            decay = values["solver.weight_decay"]
            problem = Problem(**start, loss=loss, slope=slope, weight_decay=decay, held_out=held_out)  # type: ignore[arg-type]
            check_range(problem)  # as when it was solved
        except ProblemError as error:
            raise damaged(self._start.path, str(error)) from None
        if self._given_start is None and not self._fits(PROBLEM):
            raise damaged(self._start.path, OTHER)
        return problem

    @property
    def data(self) -> "Data":
        """The data set as the preset makes it, with its teacher.

        Raises RunError if it is not the one that the run was trained on, and what making it raises.
        """
        made, problem = self.preset.data(), self.problem
        for name in ("inputs", "targets"):
            if not np.array_equal(getattr(made, name), getattr(problem, name)):
                raise RunError(
                    f"{self.path}: its preset gives other {name} than {PROBLEM} holds; expected the very same"
                )
        return made

    @property
    def status(self) -> str:
        """How the run ended; "running" while a process writes to it, "interrupted" if that ended before the
        run.

        "unknown" where that cannot be seen, because the process is one of another host.
        """
        return str(self.summary.get("status", "unknown"))

    @property
    def unfinished(self) -> bool:
        """Whether the run goes on under the rules that it had; else one of them must be relaxed first."""
        return self.status in ("running", "interrupted", "unknown")

    @property
    def has_writer(self) -> bool:
        """Whether the process that writes to the directory is seen to be there."""
        owner = run_summary.owner_of(self._content)
        return owner is not None and owner.alive() is True

    @property
    def arrays(self) -> Mapping[str, Any]:
        """All of the trajectory by the names in its file; empty before the first save."""
        return {} if self._stored is None else self._stored

    @property
    def series(self) -> Mapping[str, Array]:
        """Columns (k,) by name; empty before the first save."""
        return {} if self._stored is None else self._stored.under("series")

    @property
    def t(self) -> Array:
        """Flow time at every row of the series, (k,)."""
        return self._column("t")

    @property
    def loss(self) -> Array:
        """The stated loss at every row of the series, (k,)."""
        return self._column("loss")

    @cached_property
    def snapshots(self) -> StoredSnapshots:
        """The recorded states."""
        return StoredSnapshots(self._trajectory.under("snapshots"))

    @property
    def events(self) -> Events:
        """Every change of activation that the solver logged, in the order of time."""
        members = self._trajectory.under("events")
        t, *numbers = (members.array(name) for name in ("t", "neuron", "sample", "kind"))
        neuron, sample, kind = (np.asarray(each, dtype=np.int32) for each in numbers)
        return Events(t, neuron, sample, kind.astype(np.int8))

    @property
    def checkpoint(self) -> dict[str, Any] | None:
        """The arrays from which the run resumes; None if nothing was saved yet: it resumes from its start."""
        if self._stored is None:
            return None
        own = self._stored.under("checkpoint")
        found = {key: own[key] for key in own}
        try:
            for key, name, *rows in self._stored.array(LINKS):
                shared = self._stored.array(str(name))
                if rows:  # else, in runs of the first versions, all of it
                    shared = shared[: int(rows[0])]
                found[str(key)] = np.concatenate([shared, found[key]]) if key in found else shared
        except ValueError:
            raise damaged(self._stored.path, f"{LINKS} lead to arrays that do not fit each other") from None
        return found

    def to_pandas(self) -> Any:
        """The series as a pandas.DataFrame by flow time. Raises RunError where pandas is not installed."""
        from reluflow.store.export import to_pandas

        return to_pandas(self)

    def to_xarray(self) -> Any:
        """All arrays as an xarray.Dataset. Raises RunError where xarray is not installed."""
        from reluflow.store.export import to_xarray

        return to_xarray(self)

    def _told(self) -> tuple[str, Mapping[str, Any]]:
        return str(self.path), self.summary

    def continued(self, preset: Preset) -> Preset:
        """The preset under which ``preset`` resumes this run: this run's, with its stop and record rules.

        Raises RunError, naming the key, if ``preset`` would not take this run's steps.
        """
        return continued(self.path, self.preset, preset)

    @property
    def _trajectory(self) -> Members:
        if self._stored is None:
            raise RunError(
                f"{self.path} holds no trajectory yet; expected a run that was saved at least once"
            )
        return self._stored

    def _column(self, name: str) -> Array:
        return self._trajectory.under("series").array(name)


def open_run(path: str | Path) -> Run:
    """Open a run directory. Raises RunError in one sentence for anything else.

    >>> reluflow.open_run("runs/orthogonal-toy-1").status
    'converged'
    """
    folder = expanded(path)
    if not folder.is_dir():
        raise RunError(f"{folder}: found {found_at(folder)}; expected a run directory")
    for name in (PRESET, PROBLEM):
        require_file(folder / name)
        if not (folder / name).is_file():
            raise RunError(
                f"{folder} is not a run directory: found no {name}; expected one that reluflow wrote"
            )
    return Run(folder)
