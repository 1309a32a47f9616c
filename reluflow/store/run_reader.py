"""Reading a run directory, one array at a time."""

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.errors import PresetError, RunError
from reluflow.flow.events import Events
from reluflow.network import Array
from reluflow.problem import Problem
from reluflow.store.archive import Members
from reluflow.store.locations import expanded
from reluflow.store.preset import Preset, load_preset
from reluflow.store.schema import KEYS, show

PRESET, PROBLEM, TRAJECTORY, SUMMARY = "preset.toml", "problem.npz", "trajectory.npz", "run.json"
#: Member of trajectory.npz: (checkpoint key, member, rows) of arrays that begin with rows of the file's own.
LINKS = "links"
#: Sections that decide when a run ends and what is kept of it, but not where it goes.
NEUTRAL = ("stop", "record")


class StoredSnapshots:
    """Whole states along a run: ``t`` (k,), ``weights`` (k, m, d), ``output_weights`` (k, m), read lazily."""

    def __init__(self, members: Members) -> None:
        self._members = members

    @cached_property
    def t(self) -> Array:
        return _array(self._members, "t")

    @cached_property
    def weights(self) -> Array:
        return _array(self._members, "weights")

    @cached_property
    def output_weights(self) -> Array:
        return _array(self._members, "output_weights")


class Run:
    """What a run directory holds; made by ``open_run``.

    Everything that is read of the trajectory belongs to one moment, even if the run goes on meanwhile.
    Reading a damaged file raises RunError in one sentence.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.summary = _read_summary(path)
        self._stored = Members.open(path / TRAJECTORY) if (path / TRAJECTORY).exists() else None

    @cached_property
    def preset(self) -> Preset:
        """The preset as it was run."""
        try:
            return load_preset(self.path / PRESET)
        except PresetError as error:
            raise RunError(f"{self.path} cannot be read: {error}") from None

    @cached_property
    def problem(self) -> Problem:
        """The data and the network that the run started from."""
        members = Members.open(self.path / PROBLEM)
        inputs, targets = _array(members, "inputs"), _array(members, "targets")
        weights, output_weights = _array(members, "weights"), _array(members, "output_weights")
        values = self.preset.values
        return Problem(
            inputs, targets, weights, output_weights, values["solver.loss"], values["network.slope"]
        )

    @property
    def status(self) -> str:
        """As of the last save; "running" for a run that goes on, or was killed."""
        return str(self.summary.get("status", "running"))

    @property
    def unfinished(self) -> bool:
        """Whether the run goes on under the rules that it had; else one of them must be relaxed first."""
        return self.status in ("running", "interrupted")

    @property
    def series(self) -> Members | dict[str, Array]:
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
        return Events(*(members[name] for name in ("t", "neuron", "sample", "kind")))

    @property
    def checkpoint(self) -> dict[str, Any] | None:
        """The arrays from which the run resumes; None if nothing was saved yet: it resumes from its start."""
        if self._stored is None:
            return None
        own = self._stored.under("checkpoint")
        found = {key: own[key] for key in own}
        for key, name, *rows in _array(self._stored, LINKS):
            shared = self._stored[str(name)]
            if rows:  # else, in runs of the first versions, all of it
                shared = shared[: int(rows[0])]
            found[str(key)] = np.concatenate([shared, found[key]]) if key in found else shared
        return found

    def continued(self, preset: Preset) -> Preset:
        """The preset under which ``preset`` resumes this run: this run's, with its stop and record rules.

        Raises RunError, naming the key, if ``preset`` would not take this run's steps.
        """
        mine = self.preset
        if "solver.method" in mine.values and "solver.method" not in preset.values:
            preset = preset.with_values({"solver.method": mine.values["solver.method"]})
        for key in KEYS:
            if key.section in NEUTRAL:
                continue
            here, there = (_comparable(each, key.id, key.kind == "path") for each in (mine, preset))
            if here != there:
                raise RunError(
                    f"{self.path} cannot be resumed: {key.id} is {_shown(preset, key.id)} now and was "
                    f"{_shown(mine, key.id)} in the run; expected only stop and record to differ"
                )
        return mine.with_values({key.id: preset.values.get(key.id) for key in KEYS if key.section in NEUTRAL})

    @property
    def _trajectory(self) -> Members:
        if self._stored is None:
            raise RunError(
                f"{self.path} holds no trajectory yet; expected a run that was saved at least once"
            )
        return self._stored

    def _column(self, name: str) -> Array:
        return _array(self._trajectory.under("series"), name)


def open_run(path: str | Path) -> Run:
    """Open a run directory. Raises RunError in one sentence for anything else."""
    folder = expanded(path)
    if not folder.is_dir():
        found = "a file" if folder.exists() else "nothing of that name"
        raise RunError(f"{folder}: found {found}; expected a run directory")
    for name in (PRESET, PROBLEM):
        if not (folder / name).is_file():
            raise RunError(
                f"{folder} is not a run directory: found no {name}; expected one that reluflow wrote"
            )
    return Run(folder)


def _read_summary(path: Path) -> dict[str, Any]:
    try:
        summary = json.loads((path / SUMMARY).read_bytes())
    except FileNotFoundError:
        raise RunError(f"{path} is not a run directory: found no {SUMMARY}") from None
    except (OSError, ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise RunError(f"{path / SUMMARY}: cannot be read ({reason}); expected JSON") from None
    if not isinstance(summary, dict):
        raise RunError(f"{path / SUMMARY}: found {show(summary)}; expected an object of names and values")
    return {**summary, "run": str(path)}


def _array(members: Members, name: str) -> Array:
    try:
        array: Array = members[name]
    except KeyError:
        raise RunError(
            f"{members.path}: found no array {name}; expected a file written by reluflow"
        ) from None
    return array


def _comparable(preset: Preset, id: str, is_path: bool) -> Any:
    """The value; for a file what is in it, since a run directory holds copies under other names."""
    value = preset.values.get(id)
    if not is_path or value is None:
        return value
    path = preset.folder / expanded(value)
    try:
        return path.read_bytes()
    except OSError as error:
        raise RunError(f"{id}: {path} cannot be read ({error.strerror}); expected a file") from None


def _shown(preset: Preset, id: str) -> str:
    return show(preset.values[id]) if id in preset.values else "not set"
