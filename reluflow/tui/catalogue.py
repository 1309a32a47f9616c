"""What can be opened: presets, run directories, and runs that another process left behind."""

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from reluflow.errors import ReluflowError, counted, escaped
from reluflow.plot.axes import short
from reluflow.store.live_runs import left_behind
from reluflow.store.preset import PresetSummary, list_presets, load_preset
from reluflow.store.run_check import damage_of
from reluflow.store.run_directory import Run, open_run
from reluflow.store.run_reader import PRESET
from reluflow.store.run_summary import SUMMARY

#: so many run directories of the working folder are listed, the newest first
MOST_RUNS: Final = 50
#: bytes of a trajectory that is looked at for damage where runs are listed
QUICKLY_READ: Final = 2_000_000
_UNITS: Final = ((86400.0, "days"), (3600.0, "hours"), (60.0, "minutes"))
_RUNS: Final = Path("runs")


@dataclass(frozen=True)
class Entry:
    """Something to open: ``target`` is what a command line would call it."""

    target: str
    name: str
    title: str
    source: str
    kind: Literal["shipped", "own", "run", "left", "data", "file", "folder"]


def all_entries() -> list[Entry]:
    """Runs that were left behind, the presets by name, then the run directories of the working folder."""
    left = [Entry(str(run.path), _name_of(run), leftover_line(run), "", "left") for run in left_behind()]
    return [*left, *(_preset_entry(preset) for preset in list_presets()), *_runs()]


def matching(query: str, entries: Sequence[Entry]) -> list[Entry]:
    """The entries in which every word is found; those in whose name all are come first."""
    words = query.lower().split()

    def has(text: str) -> bool:
        return all(word in text.lower() for word in words)

    found = [entry for entry in entries if has(f"{entry.name} {entry.title} {entry.source} {entry.kind}")]
    return sorted(found, key=lambda entry: not has(entry.name))


def notes_of(entry: Entry) -> str:
    """The notes of an entry as paragraphs; or, in one sentence, why it cannot be opened."""
    try:
        preset = load_preset(entry.target)
        parts = [_run_line(open_run(entry.target))] if entry.kind in ("run", "left") else []
    except ReluflowError as error:
        return str(error)
    values = preset.values
    parts += [preset.title, *preset.notes.split("\n\n"), _sizes(values), preset.source]
    if entry.kind == "own" and preset.path is not None:
        parts.append(str(preset.path))
    # The lines of the file are as long as its author liked; here they are as long as the page is wide.
    return "\n\n".join(escaped(" ".join(part.split())) for part in parts if part.strip())


def _preset_entry(preset: PresetSummary) -> Entry:
    title = preset.title if preset.problem is None else "(cannot be read)"
    name, title, source = (escaped(text) for text in (preset.name, title, preset.source))
    return Entry(preset.name, name, title, source, "own" if preset.user else "shipped")


def _runs() -> Iterator[Entry]:
    there = [path for path in _RUNS.glob("*") if (path / PRESET).is_file()]
    folders = [path for path in there if os.path.lexists(path / SUMMARY)]
    for path in sorted(folders, key=_written, reverse=True)[:MOST_RUNS]:
        try:
            run = open_run(path)
        except ReluflowError:
            title = "(cannot be read)"
        else:
            title = _run_line(run)
        yield Entry(str(path), escaped(str(path)), escaped(title), "", "run")


def _written(path: Path) -> float:
    try:
        return (path / SUMMARY).stat().st_mtime
    except OSError:
        return 0.0


def _run_line(run: Run) -> str:
    status = "damaged" if damage_of(run, QUICKLY_READ) else run.status
    t, loss = run.summary.get("time"), run.summary.get("loss")
    if not isinstance(t, int | float) or not isinstance(loss, int | float):
        return f"{status}, nothing recorded yet"
    return f"{status} at t = {short(float(f'{t:.3g}'))}, loss {loss:.3g}, {run.summary.get('method', '')}"


def leftover_line(run: Run) -> str:
    """A line about a run that was left behind, with its age."""
    age = max(time.time() - _written(run.path), 0.0)
    size, unit = next(((size, unit) for size, unit in _UNITS if age >= size), (1.0, "seconds"))
    return f"{_name_of(run)}: {_run_line(run)}, {age / size:.0f} {unit} ago"


def goes_on(run: Run) -> bool:
    """Whether anything is left to solve of a run, and it is intact as far as a quick look tells."""
    return run.unfinished and not damage_of(run, QUICKLY_READ)


def _name_of(run: Run) -> str:
    return str(run.summary.get("preset") or run.path.name)


def _sizes(values: Any) -> str:
    """Sizes, scale and solver in a line."""
    inputs = values.get("data.inputs")
    samples = values.get("data.samples") or (len(inputs) if inputs else None)
    pieces = [
        counted(samples, "sample") if samples else "",
        counted(values["data.dimension"], "dimension") if "data.dimension" in values else "",
        counted(values["network.width"], "neuron") if "network.width" in values else "",
        f"scale {short(values['init.scale'])}" if "init.scale" in values else "",
        f"method {values['solver.method']}" if "solver.method" in values else "",
    ]
    return ", ".join(piece for piece in pieces if piece)
