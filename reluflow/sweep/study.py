"""What a sweep is about: a preset, its varied keys, what is read off each run and what is a success."""

import filecmp
import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from reluflow.errors import PresetError, SweepError, found_at
from reluflow.store.files import sync_folder, write_text, writing
from reluflow.store.leftovers import delete_unfinished, new_folder
from reluflow.store.locations import expanded
from reluflow.store.preset import Preset, find_preset, preset_of
from reluflow.store.run_directory import with_copies
from reluflow.store.schema import KEYS, Key, show
from reluflow.store.sweep_section import SweepSection, read_section
from reluflow.store.toml_text import read_toml
from reluflow.sweep.axes import Axis, cell, parse_axis
from reluflow.sweep.grid import Grid, replaced

#: The file of a sweep's folder that says what the sweep is about.
STUDY: Final = "sweep.toml"
#: Places of one axis that are tried, alone, before anything is computed.
MOST_TRIED: Final = 200

_HEAD: Final = "# A study of reluflow sweep: the preset, and what is varied. Its rows are in this folder.\n\n"


@dataclass(frozen=True)
class Study:
    """``preset`` at the first point of the ``grid``, and what is asked of every point.

    ``measures``: names of columns beside those that every table has. ``success``: conditions, or None for
    the usual ones. ``limit``: seconds for each run. ``check``: share of the runs that are compared with one
    at a tighter tolerance. ``theory_only``: predictions are tabulated, not runs.
    """

    preset: Preset
    grid: Grid
    measures: tuple[str, ...] = ()
    success: str | None = None
    limit: float | None = None
    theory_only: bool = False
    check: float | None = None

    def preset_at(self, number: int) -> Preset:
        """The preset of a point. Raises PresetError where its values cannot be together."""
        return self.preset.with_values(self.grid.changes(number))

    @property
    def constants(self) -> dict[str, Any]:
        """The values of the keys that are not varied, as conditions compare them: numbers, or text."""
        fixed = {id: value for id, value in self.preset.values.items() if id not in self.grid.keys}
        return {id: compared(value) for id, value in fixed.items()}

    def to_toml(self) -> str:
        """The study as a file that is a preset too."""
        section = SweepSection(
            tuple(axis.text for axis in self.grid.axes), self.measures, self.success, self.limit,
            self.check, self.preset.name, self.theory_only,
        )  # fmt: skip
        return f"{_HEAD}{self.preset.to_toml()}\n{section.to_toml()}"

    def require_same(self, other: "Study", where: str) -> None:
        """Raise SweepError, naming what differs, unless ``other`` is the same but for values of its axes."""
        if not self.grid.has_axes_of(other.grid):
            names = [", ".join("=".join(axis.keys) for axis in each.grid.axes) for each in (self, other)]
            raise SweepError(
                f"{where} varies {names[0]}, not {names[1]}; expected the same, or another folder"
            )
        for key in KEYS:
            mine, theirs = (each.preset.values.get(key.id) for each in (self, other))
            if key.id in self.grid.keys:
                continue
            if key.is_file(mine) and key.is_file(theirs):
                _require_same_file(where, key.id, _file(self.preset, key), _file(other.preset, key))
            elif mine != theirs:
                raise SweepError(_another(where, key.id, mine, theirs))
        for name in ("measures", "success", "theory_only", "check"):
            mine, theirs = getattr(self, name), getattr(other, name)
            if mine != theirs:
                raise SweepError(_another(where, name, mine, theirs))


def compared(value: Any) -> Any:
    """The value of a key as conditions compare it: numbers and None as they are, all else as in a row."""
    return value if value is None or isinstance(value, int | float) else cell(value)


def _another(where: str, name: str, mine: Any, theirs: Any) -> str:
    return f"{where} is a study with {name} = {show(mine)}, not {show(theirs)}; expected the same"


def _file(preset: Preset, key: Key) -> Path:
    return preset.folder / expanded(preset.values[key.id])


def _require_same_file(where: str, name: str, mine: Path, theirs: Path) -> None:
    """Raise SweepError unless both files have the same content."""
    try:
        if mine.resolve() == theirs.resolve() or filecmp.cmp(mine, theirs, shallow=False):
            return
    except OSError as error:
        raise SweepError(f"{error.filename}: cannot be read ({error.strerror}); expected {name}") from None
    raise SweepError(
        f"{where} is a study with {name} of other content: {theirs} differs from {mine}; expected the same"
    )


def planned(
    target: str,
    over: Sequence[str] = (),
    changes: Mapping[str, Any] | None = None,
    measures: Sequence[str] | None = None,
    success: str | None = None,
    limit: float | None = None,
    theory_only: bool = False,
    check: float | None = None,
) -> Study:
    """The study of a preset, by name or file, whose section [sweep] says what is not said here.

    ``over``: axes, which stand before those of the preset on the same keys. ``changes`` of other keys, by id.
    Raises SweepError and PresetError.
    """
    path = find_preset(target)
    return _planned(read_toml(path), path, over, changes or {}, measures, success, limit, theory_only, check)


def _planned(
    content: Mapping[str, Any],
    path: Path,
    over: Sequence[str] = (),
    given: Mapping[str, Any] = MappingProxyType({}),
    measures: Sequence[str] | None = None,
    success: str | None = None,
    limit: float | None = None,
    theory_only: bool = False,
    check: float | None = None,
) -> Study:
    section = read_section(content, path) or SweepSection()
    own = [parse_axis(text, f"{path}: sweep.over") for text in section.over]
    grid = Grid(replaced(own, [parse_axis(text) for text in over]))
    first = grid.changes(0)
    for key in given:
        if key in first:
            raise SweepError(f"{key} is set to {show(given[key])} and varied; expected one of the two")
    preset = preset_of(content, path, {**given, **first})
    if section.name is not None:
        preset = replace(preset, name=section.name)
    for axis in grid.axes:
        _try_alone(preset, axis)
    return Study(
        preset,
        grid,
        tuple(section.measures if measures is None else dict.fromkeys(measures)),
        section.success if success is None else success,
        section.limit if limit is None else limit,
        theory_only or section.theory_only,
        section.check if check is None else check,
    )


def _try_alone(preset: Preset, axis: Axis) -> None:
    """Raise PresetError if a value cannot stand beside the first ones of the other axes."""
    for value in axis.values[:: max(1, len(axis) // MOST_TRIED)]:
        preset.with_values(dict(zip(axis.keys, value, strict=True)))


def varied(
    preset: Preset, axes: Sequence[Axis], measures: Sequence[str] = (), limit: float | None = None
) -> Study:
    """The study of a preset that is at hand, over some axes. Raises SweepError and PresetError."""
    grid = Grid(tuple(axes))
    first = preset.with_values(grid.changes(0))
    for axis in grid.axes:
        _try_alone(first, axis)
    return Study(first, grid, tuple(measures), limit=limit)


def read_study(folder: Path) -> Study:
    """The study of a sweep's folder. Raises SweepError in one sentence."""
    path = folder / STUDY
    if not path.is_file():
        if os.path.lexists(path):
            found = f"{found_at(path)} called {STUDY}"
        else:
            found = f"no {STUDY}" if folder.is_dir() else found_at(folder)
        raise SweepError(f"{folder} is not the folder of a sweep: found {found}")
    try:
        content = read_toml(path)
        section = read_section(content, path)
        if section is None or not section.over:
            raise SweepError(f"{path}: found no axes; expected those of a study, in a section [sweep]")
        return _planned(content, path)
    except PresetError as error:
        raise SweepError(str(error)) from None


def study_of(text: str, folder: Path) -> Study:
    """The study that a file of this text in ``folder`` is; for processes that solve a part of it."""
    return _planned(tomllib.loads(text), folder / STUDY)


def begin(folder: Path, study: Study) -> Study:
    """Make the folder of a study; it appears with its file, or not at all. Returns the study as it is there.

    An empty folder is taken for one that is not there. Raises SweepError if it cannot be made.
    """
    if os.path.ismount(folder) or (folder.exists() and folder.samefile(".")):
        found = "a mount point" if os.path.ismount(folder) else "the working folder"
        raise SweepError(f"{folder} is {found}; expected a new folder, such as {folder / 'sweep'}")
    with writing(folder, SweepError):
        hidden = new_folder(folder.parent)
        try:
            kept = with_copies(study.preset, hidden)
            write_text(hidden / STUDY, replace(study, preset=kept).to_toml())
            hidden.rename(folder)
        except BaseException:
            shutil.rmtree(hidden, ignore_errors=True)
            raise
        sync_folder(folder.parent)
    delete_unfinished(folder.parent)
    return read_study(folder)


def is_begun(folder: Path) -> bool:
    """Whether there is anything at ``folder`` that a new study would have to overwrite."""
    return folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir())))


def grown(folder: Path, study: Study) -> Study:
    """The study of a folder with the values of both on its axes and the limit of ``study``.

    Nothing is written. Raises SweepError if the folder holds another study.
    """
    held = read_study(folder)
    held.require_same(study, str(folder))
    return replace(held, grid=held.grid.merged(study.grid), limit=study.limit or held.limit)


def taken_up(folder: Path, study: Study) -> Study:
    """Go on with the study of a folder, ``grown`` by ``study``.

    Raises SweepError if the folder holds another study or cannot be written.
    """
    held, grown_one = read_study(folder), grown(folder, study)
    if grown_one.to_toml() == held.to_toml():
        return held
    with writing(folder, SweepError):
        write_text(folder / STUDY, grown_one.to_toml())
    return read_study(folder)
