"""Presets: a training problem, a solver and stop rules as a TOML file that a person reads and writes."""

import json
import math
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reluflow.errors import PresetError, found_at
from reluflow.store import locations
from reluflow.store.files import write_npz, write_text, writing
from reluflow.store.schema import KEYS, by_id, read_all, show, suggestion, validate
from reluflow.store.summary_table import Told
from reluflow.store.sweep_section import SECTION, SweepSection, read_section
from reluflow.store.toml_text import TEXTS, flatten, read_toml, render, text_of

if TYPE_CHECKING:
    from reluflow.data.datasets import Data
    from reluflow.network import Array
    from reluflow.problem import Problem

_LONGEST_NAME = 200
#: endings of files of samples, which no preset has
_SAMPLES = (".csv", ".tsv", ".dat", ".npz", ".npy")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, repr=False)
class Preset(Told):
    """A preset, checked.

    ``values``: flat, by ``section.key``, defaults filled in, only the keys that apply and are set.
    ``explicit``: what the file and later changes set. ``folder``: where relative paths start. ``sweep``: its
    section [sweep], which single runs do not use and ``to_toml`` leaves out.

    >>> problem = reluflow.load_preset("orthogonal-toy").problem()
    >>> problem.inputs.shape, problem.targets.tolist()
    ((2, 2), [-1.0, 1.0])
    """

    name: str
    title: str
    source: str
    notes: str
    values: Mapping[str, Any]
    explicit: Mapping[str, Any]
    folder: Path
    path: Path | None = None
    sweep: SweepSection | None = None

    def _told(self) -> tuple[str, Mapping[str, Any]]:
        return self.name, {"title": self.title or None, "source": self.source or None}

    @property
    def log_scale(self) -> float | None:
        """ln(1/scale) of a start that is drawn at a scale below 1, None of any other."""
        scale = self.values.get("init.scale")
        drawn = self.values.get("init.kind") != "file"
        return math.log(1.0 / scale) if drawn and scale is not None and 0.0 < scale < 1.0 else None

    def data(self) -> "Data":
        """Draw or read the data. Raises PresetError or ProblemError in one sentence."""
        from reluflow.data.datasets import build_data

        return build_data(self.values, self.folder)

    def problem(self) -> "Problem":
        """Draw or read the data and the initial network.

        Raises PresetError or ProblemError in one sentence, before anything large is drawn.
        """
        from reluflow.data.initialisation import build_weights
        from reluflow.data.memory import require_memory
        from reluflow.problem import Problem, check_range
        from reluflow.store.rules import require_drawn_in_time

        require_drawn_in_time(self.values, self.name)
        data = self.data()
        samples, dimension = data.inputs.shape
        require_memory(samples, dimension, self.values.get("network.width", 1), self.name)
        weights, output_weights = build_weights(self.values, self.folder, dimension, data.input_dimension)
        loss, slope = self.values["solver.loss"], self.values["network.slope"]
        decay = self.values["solver.weight_decay"]
        problem = Problem(
            data.inputs, data.targets, weights, output_weights, loss, slope, decay, held_out=data.held_out
        )
        check_range(problem)
        return problem

    @property
    def unused_sweep(self) -> str | None:
        """One sentence for who runs this preset once although it has a section [sweep]; None without one."""
        if self.sweep is None:
            return None
        return f"{self.path}: its section [sweep] is not used for a single run; reluflow sweep uses it"

    def with_values(self, overrides: Mapping[str, Any]) -> "Preset":
        """The same preset with some values changed (None un-sets), checked anew.

        What no longer applies after a change of a kind is dropped; an override that does not apply is
        an error.
        """
        explicit = merge(self.explicit, overrides, self.name)
        return replace(self, values=validate(explicit, self.name), explicit=explicit)

    def to_toml(self) -> str:
        """The whole preset as TOML, defaults included; reading it back gives the same values."""
        # keys without effect under the present method are kept, so that another method can be chosen
        kept = {key.id: self.explicit[key.id] for key in KEYS if key.dormant and key.id in self.explicit}
        return render({name: getattr(self, name) for name in TEXTS}, {**kept, **self.values})


@dataclass(frozen=True)
class PresetSummary:
    """One line of the list of presets. ``problem``: why the file cannot be read, or None."""

    name: str
    title: str
    source: str
    path: Path
    user: bool
    problem: str | None = None


def merge(base: Mapping[str, Any], overrides: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``base`` with ``overrides`` (None un-sets), without what the overrides made meaningless in ``base``."""
    merged = {**base, **read_all(overrides, where)}
    merged = {id: value for id, value in merged.items() if id not in overrides or overrides[id] is not None}
    before, after = ({key.id: values.get(key.id, key.default) for key in KEYS} for values in (base, merged))
    return {
        id: value
        for id, value in merged.items()
        if id in overrides or by_id(id).dormant or by_id(id).applies(after) or not by_id(id).applies(before)
    }


def typed_values(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes as a user types them: a path is looked for in the working folder, not beside the preset."""
    return {
        id: locations.typed(value) if value and by_id(id).is_file(value) else value
        for id, value in changes.items()
    }


def load_preset(name_or_path: str | os.PathLike[str], overrides: Mapping[str, Any] | None = None) -> Preset:
    """A preset by name, by the path of a ``.toml``, or the one that a run directory holds.

    ``overrides`` change single values (by ``section.key``; None un-sets). Raises PresetError in one
    sentence that names file, key, what was found and what was expected.

    >>> reluflow.load_preset("orthogonal-toy", {"init.scale": 1e-8}).values["init.scale"]
    1e-08
    """
    path = find_preset(os.fspath(name_or_path))
    return preset_of(read_toml(path), path, overrides)


def preset_of(content: Mapping[str, Any], path: Path, overrides: Mapping[str, Any] | None = None) -> Preset:
    """The preset that a file at ``path`` with this ``content`` is; else as ``load_preset``."""
    texts = {name: text_of(content, name, path) for name in TEXTS}
    explicit = read_all(flatten(content, path, (SECTION,)), str(path))
    where = f"{path} as changed" if overrides else str(path)
    changed = merge(explicit, overrides or {}, where)
    values = validate(changed, where)
    return Preset(
        _name_of(path),
        **texts,
        values=values,
        explicit=changed,
        folder=path.parent,
        path=path,
        sweep=read_section(content, path),
    )


def find_preset(target: str) -> Path:
    """The file that a name or path stands for; PresetError, with the nearest name, if there is none."""
    path = locations.expanded(target)
    known = locations.preset_files()
    if target in known:
        return known[target].absolute()
    if path.is_dir() and (path / "preset.toml").is_file():
        return (path / "preset.toml").absolute()
    if path.is_file():
        if path.suffix.lower() in _SAMPLES:
            raise PresetError(
                f"{target}: found a file of samples; expected a preset: run and tui take samples behind "
                f"--data, and reluflow new {target} writes a preset for them"
            )
        return path.absolute()
    if os.path.lexists(held := path / "preset.toml"):
        raise PresetError(f"{held}: found {found_at(held)}; expected a preset in TOML")
    if path.suffix == ".toml" or path.name != target or (target and os.path.lexists(path)):
        what = "a folder that is no run directory" if path.is_dir() else found_at(path)
        what = "no file" if what.startswith("nothing") else what
        raise PresetError(
            f"{target}: found {what}; expected a preset file ending in .toml, or a preset's name"
        )
    raise PresetError(f"there is no preset {show(target)}{suggestion(target, known)}")


def list_presets() -> list[PresetSummary]:
    """All presets, shipped and the user's own, by name; one that cannot be read says why."""
    return [_summary(name, path) for name, path in locations.preset_files().items()]


def save_preset(
    preset: Preset,
    name: str,
    *,
    state: "tuple[Array, Array] | None" = None,
    folder: Path | None = None,
    overwrite: bool = False,
) -> Path:
    """Save under ``name`` among the user's presets (or in ``folder``); returns the file written.

    ``state``: hidden weights (m, d) and output weights (m,) to start from; they are written beside it as
    ``<name>.npz``. Raises PresetError if the name cannot be used, is a shipped preset's, or is taken and
    ``overwrite`` is false.
    """
    path = _place(name, folder, overwrite)
    with writing(path, PresetError):
        path.parent.mkdir(parents=True, exist_ok=True)
        changes: dict[str, Any] = _absolute_paths(preset)
        if state is not None:
            weights, output_weights = state
            # first the start, then the preset that names it
            write_npz(path.with_suffix(".npz"), {"weights": weights, "output_weights": output_weights})
            changes |= {"init.kind": "file", "init.path": f"{name}.npz"}
        saved = preset.with_values(changes) if changes else preset
        write_text(path, saved.to_toml())
    return path


def _name_of(path: Path) -> str:
    """The file's name; in a run directory, the name of the preset that was run."""
    if path.name != "preset.toml":
        return path.stem
    told, summary = path.parent / "run.json", None
    with suppress(OSError, ValueError, RecursionError):  # a folder that holds a preset and no run
        summary = json.loads(told.read_bytes()) if told.is_file() else None
    return name_in(summary) or path.parent.name


def name_in(summary: Any) -> str | None:
    """The preset's name that run.json gives; None if it gives none that can be one."""
    name = summary.get("preset") if isinstance(summary, Mapping) else None
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME or not name.isprintable():
        return None
    return name if Path(name).name == name else None


def _summary(name: str, path: Path) -> PresetSummary:
    user = path.parent == locations.user_presets()
    try:
        content = read_toml(path)
        return PresetSummary(
            name, text_of(content, "title", path), text_of(content, "source", path), path, user
        )
    except PresetError as error:
        return PresetSummary(name, "", "", path, user, str(error))


def _place(name: str, folder: Path | None, overwrite: bool) -> Path:
    if not _NAME.fullmatch(name) or name.endswith(".toml"):
        raise PresetError(
            f"preset name {show(name)} cannot be used; "
            "expected letters, digits, '-', '_' and '.', without .toml"
        )
    if folder is None and (locations.shipped_presets() / f"{name}.toml").is_file():
        raise PresetError(
            f"{name} is the name of a preset that comes with the program; expected another name"
        )
    path = (folder or locations.user_presets()) / f"{name}.toml"
    if path.exists() and not overwrite:
        raise PresetError(f"{path} exists already; expected a new name, or to be told to overwrite it")
    return path


def _absolute_paths(preset: Preset) -> dict[str, Any]:
    """Relative paths start at the preset's folder: in another folder they must be written out."""
    return {
        key.id: str((preset.folder / locations.expanded(preset.values[key.id])).absolute())
        for key in KEYS
        if key.is_file(preset.values.get(key.id))
    }
