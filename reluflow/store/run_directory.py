"""Run directories: everything about one run, in files that NumPy, tomllib and json open by themselves.

    preset.toml      the preset as it is run, defaults filled in and the method named
    problem.npz      inputs, targets, weights, output_weights: the data and the start, and held_out_inputs,
                     held_out_targets where some samples are held out
    trajectory.npz   series/<column>, snapshots/{t, weights, output_weights},
                     events/{t, neuron, sample, kind}, checkpoint/<key>,
                     links: a checkpoint's array begins with so many rows of a member (key, member, rows),
                     summary: the summary of these arrays, which decides where run.json has another
    run.json         status, reason, time, loss, ...: what ``reluflow run --json`` prints; see ``run_summary``
    data.*, init.*   copies of the files that the preset names, if any

Every file is replaced as a whole, and everything that must belong together is in one of them: a process
killed at any instant leaves a directory that opens and resumes. What it leaves of files that it was writing
is deleted by the next process that writes there; a reader deletes nothing.
"""

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from reluflow.data.tables import resolve
from reluflow.errors import RunError
from reluflow.flow.events import Events
from reluflow.network import Array
from reluflow.observe.measured import States
from reluflow.problem import Problem
from reluflow.store import run_summary
from reluflow.store.claim import Claim
from reluflow.store.files import sync_folder, write_bytes, write_npz, write_text, writing
from reluflow.store.json_text import plain
from reluflow.store.leftovers import delete_leftovers, delete_unfinished, new_folder
from reluflow.store.owner import Owner
from reluflow.store.preset import Preset
from reluflow.store.run_layout import LINKS, SAVED_SUMMARY, start_of
from reluflow.store.run_reader import PRESET, PROBLEM, TRAJECTORY, Run, open_run
from reluflow.store.run_summary import SUMMARY, sum_of, sum_of_bytes
from reluflow.store.schema import KEYS

__all__ = ["Recorded", "Run", "RunWriter", "open_run"]


class Record(Protocol):
    """What was recorded: ``series`` columns (k,) by name, and ``snapshots``."""

    @property
    def series(self) -> Mapping[str, Array]: ...
    @property
    def snapshots(self) -> States: ...


#: What ``note`` is told of a check, and what of a run stays the same as long as its check is true of it.
CHECK: Final = "check"
_SAME_RUN: Final = ("time", "loss", "steps", "events", "method")


class Recorded(Protocol):
    """What a writer asks of a run (``reluflow.training.training.Training``)."""

    @property
    def method(self) -> str: ...
    @property
    def recorder(self) -> Record: ...
    @property
    def events(self) -> Events: ...
    @property
    def reached_goal(self) -> bool: ...
    def checkpoint(self) -> Mapping[str, Any]: ...
    def summary(self) -> Mapping[str, Any]: ...


class RunWriter:
    """Writes one run directory; made by ``create`` or ``reopen``, and the only writer until ``close``."""

    def __init__(self, path: Path, preset: Preset, summary: Mapping[str, Any]) -> None:
        """``summary``: what run.json says so far."""
        self.path = path
        self._preset = preset
        #: what run.json says now, and what it is to say when nothing is saved any more
        self._summary = self._last = run_summary.summary_of(summary)
        self._noted: dict[str, Any] = {}
        self._claim = Claim(path)
        self._owner: Owner | None = Owner.this()
        with writing(path, RunError):
            self._sums = {name: [sum_of(path / name)] for name in (PRESET, PROBLEM)}

    @classmethod
    def create(cls, preset: Preset, problem: Problem, folder: Path | None = None) -> "RunWriter":
        """A new directory: ``folder``, or runs/<preset>-<n> with the smallest n that is free.

        It appears with all its files or not at all. Raises RunError if ``folder`` exists or cannot be
        written.
        """
        parent = Path("runs") if folder is None else folder.parent
        begun = {"preset": preset.name, "status": "running", "reason": "not begun"}
        with writing(folder or parent, RunError):
            hidden = new_folder(parent)
            try:
                kept = _fill(hidden, preset, problem, begun)
                path = _claim_number(hidden, preset.name) if folder is None else _claim(hidden, folder)
            except BaseException:
                shutil.rmtree(hidden, ignore_errors=True)
                raise
            sync_folder(parent)
        delete_unfinished(parent)
        return cls(path, replace(kept, folder=path, path=path / PRESET), begun)

    @classmethod
    def reopen(cls, run: Run, preset: Preset) -> "RunWriter":
        """Go on writing to the directory of ``run``, from now on under ``preset`` (see ``Run.continued``).

        Raises RunError if another process is writing to it.
        """
        writer = cls(run.path, preset, run.summary)
        delete_leftovers(run.path)
        delete_unfinished(run.path.parent)
        begun = writer._summary | {"status": "running", "reason": "not saved since it was taken up"}
        with writing(run.path, RunError):
            writer._write_summary({**begun, "reached_goal": False})
        if preset.values != run.preset.values:
            writer._write_preset()
        return writer

    def note(self, name: str, value: Any) -> None:
        """Tell ``name`` beside the summary of the run whenever it is saved from now on."""
        self._noted[name] = value

    @property
    def has_check(self) -> bool:
        """Whether the summary, as it was saved last, tells of a check."""
        return CHECK in self._summary

    def close(self) -> None:
        """Let others write to the directory."""
        if self._owner is not None:
            self._owner = None
            if self._last.get("status") == "running":
                self._last |= {"status": "interrupted", "reason": "it was left before its end"}
            # where it cannot be written it names a process that will be gone, which says the same
            with suppress(OSError):
                self._write_summary(self._last)
        self._claim.release()

    def save(self, run: Recorded) -> None:
        """Replace what the directory holds of the run. Raises RunError if it cannot be written."""
        if "solver.method" not in self._preset.values:
            # the choice was left open: what was chosen is written down, and resuming keeps to it
            self._preset = self._preset.with_values({"solver.method": run.method})
            self._write_preset()
        summary = plain(self.summary_of(run))
        if self.has_check and all(self._summary.get(name) == summary[name] for name in _SAME_RUN):
            summary.setdefault(CHECK, self._summary[CHECK])
        with writing(self.path, RunError):
            write_npz(self.path / TRAJECTORY, _arrays_of(run) | {SAVED_SUMMARY: json.dumps(summary)})
            self._write_summary(summary)
        self._last = dict(summary)

    def summary_of(self, run: Recorded) -> dict[str, Any]:
        """What ``reluflow run --json`` prints: the run's summary, its preset, its directory."""
        return {
            "preset": self._preset.name,
            "run": str(self.path),
            **run.summary(),
            "reached_goal": run.reached_goal,
            **self._noted,
        }

    def _write_preset(self) -> None:
        text = self._preset.to_toml()
        with writing(self.path, RunError):
            # a process that is killed in between leaves one of the two
            self._sums[PRESET].append(sum_of_bytes(text.encode("utf-8")))
            self._write_summary(self._summary)
            write_text(self.path / PRESET, text)
            del self._sums[PRESET][0]
            self._write_summary(self._summary)

    def _write_summary(self, summary: Mapping[str, Any]) -> None:
        write_text(self.path / SUMMARY, run_summary.written(summary, self._owner, self._sums))
        self._summary = dict(summary)


def require_absent(folder: Path) -> None:
    """Raise RunError if there is anything at ``folder``: a run directory is never overwritten."""
    if folder.exists() or folder.is_symlink():
        raise RunError(f"{folder} exists already; expected a new directory, or --resume to go on with a run")


def _fill(folder: Path, preset: Preset, problem: Problem, begun: Mapping[str, Any]) -> Preset:
    """Write the files of a run that has not begun; returns the preset as written."""
    kept = with_copies(preset, folder)
    write_text(folder / PRESET, kept.to_toml())
    write_npz(folder / PROBLEM, start_of(problem))
    sums = {name: [sum_of(folder / name)] for name in (PRESET, PROBLEM)}
    write_text(folder / SUMMARY, run_summary.written(begun, Owner.this(), sums))
    return kept


def with_copies(preset: Preset, folder: Path) -> Preset:
    """Copy the files that a preset names to ``folder``; returns the preset that names the copies.

    Raises OSError, and PresetError for one that is not there.
    """
    copies: dict[str, Any] = {}
    for key in KEYS:
        if key.is_file(preset.values.get(key.id)):
            source = resolve(preset.values[key.id], preset.folder, key.id)
            copies[key.id] = f"{key.section}{'' if key.name == 'path' else f'-{key.name}'}{source.suffix}"
            write_bytes(folder / copies[key.id], source.read_bytes())
    return preset.with_values(copies) if copies else preset


def _claim(hidden: Path, folder: Path) -> Path:
    require_absent(folder)
    hidden.rename(folder)
    return folder


def _claim_number(hidden: Path, name: str) -> Path:
    for number in count(1):
        folder = hidden.with_name(f"{name}-{number}")
        if folder.exists() or folder.is_symlink():
            continue
        try:
            return _claim(hidden, folder)
        except (OSError, RunError):
            if not folder.exists():  # not that another process was faster
                raise
    raise AssertionError("the numbers do not end")


def numbered_runs(name: str, parent: Path = Path("runs")) -> list[Path]:
    """The directories runs/<name>-<n> that exist, by n."""
    found = {}
    for path in parent.iterdir() if parent.is_dir() else ():
        number = path.name.removeprefix(f"{name}-")
        if number != path.name and number.isascii() and number.isdecimal() and path.is_dir():
            found[int(number)] = path
    return [found[number] for number in sorted(found)]


def _arrays_of(run: Recorded) -> dict[str, Any]:
    recorder = run.recorder
    arrays: dict[str, Any] = {f"series/{name}": np.asarray(each) for name, each in recorder.series.items()}
    snapshots = recorder.snapshots
    for name in ("t", "weights", "output_weights"):
        arrays[f"snapshots/{name}"] = np.asarray(getattr(snapshots, name))
    arrays |= {f"events/{name}": column for name, column in vars(run.events).items()}
    links = []
    for key, value in run.checkpoint().items():
        whole = np.asarray(value)
        name, rows = _twin(key, whole, arrays)
        if name:
            links.append((key, name, str(rows)))
        if not name or rows < len(whole):
            arrays[f"checkpoint/{key}"] = whole[rows:] if name else whole
    arrays[LINKS] = np.array(links, dtype=np.str_).reshape(len(links), 3)
    return arrays


def _twin(key: str, value: npt.NDArray[Any], arrays: Mapping[str, Any]) -> tuple[str, int]:
    """The member that begins with the same rows, and how many: a record is not written twice."""
    for name, held in arrays.items():
        if value.ndim and key.endswith(f"/{name}") and value.shape[1:] == held.shape[1:]:
            size = min(len(value), len(held))
            other = np.any(value[:size] != held[:size], axis=tuple(range(1, value.ndim)))
            rows = int(np.argmax(other)) if other.any() else size
            if rows > 0:
                return name, rows
    return "", 0
