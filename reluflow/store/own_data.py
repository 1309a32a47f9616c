"""A preset for data that come without one: good values for what a file of numbers does not say."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reluflow.errors import PresetError, ProblemError
from reluflow.losses import check_labels
from reluflow.problem import check_samples
from reluflow.registry.losses import LOSSES
from reluflow.store.files import write_bytes, write_text, writing
from reluflow.store.preset import Preset, merge
from reluflow.store.schema import show, validate
from reluflow.store.toml_text import commented

if TYPE_CHECKING:
    from reluflow.data.datasets import Data

#: Neurons. A few groups of them do the fitting, and each step of the solver takes time for every one.
WIDTH: Final = 50
#: Size of the first weights over those that fit: small enough for plateaus, large enough to leave the first
#: of them soon.
SMALLNESS: Final = 1e-3
#: The loss is taken for fitted at this share of the mean square of the targets.
FITTED: Final = 1e-9
#: Seconds after which a run ends that neither fits nor comes to rest.
SECONDS: Final = 60.0


def preset_of_data(path: Path, overrides: Mapping[str, Any]) -> Preset:
    """The preset of a file of samples, named after it, with ``overrides`` by ``section.key``.

    A bias is appended; ``width``, ``scale`` and when to stop are chosen for the data, as far as they are not
    overridden. Raises PresetError, in one sentence, for a file that holds no data and for an override that
    cannot be used.
    """
    name = name_of(path)
    base = {"data.kind": "file", "data.path": str(path), "data.bias": True, "network.width": WIDTH}
    chosen = merge(base, overrides, name)
    if chosen["data.kind"] != "file":
        raise PresetError(f"data.kind is {show(chosen['data.kind'])} beside a file of data; expected none")
    preset = Preset(name, "", "", "", validate(chosen, name), chosen, path.parent)
    data = preset.data()
    try:
        check_samples(data.inputs, data.targets)
        if LOSSES[preset.values["solver.loss"]].of_labels:
            check_labels("targets", data.targets, preset.values["solver.loss"])
    except ProblemError as error:
        raise PresetError(f"{path}: {error}") from None
    explicit = merge({**base, **defaults(data)}, overrides, name)
    samples, dimension = data.inputs.shape[0], data.input_dimension
    title = f"{name}: {samples} sample{'s' * (samples > 1)} in {dimension} dimension{'s' * (dimension > 1)}"
    return Preset(name, title, path.name, "", validate(explicit, name), explicit, path.parent)


def remarks_of(preset: Preset) -> tuple[str, ...]:
    """What a file of samples does not say itself, and what could be done with it, a sentence each."""
    data = preset.data()
    offered: tuple[str, ...] = ()
    if "solver.loss" not in preset.explicit and set(data.targets.tolist()) == {1.0, -1.0}:
        offered = ("the targets are labels, 1 and -1: solver.loss = logistic or exponential classifies them",)
    return (*data.remarks, *offered)


def name_of(path: Path) -> str:
    """The name of a preset, and so of its runs, for a file."""
    plain = "".join(each if each.isalnum() or each in "-_." else "-" for each in path.stem)
    return plain.strip("-.")[:80] or "data"


def defaults(data: "Data") -> dict[str, Any]:
    """Scale and stop rules for the data: what makes them the same problem in other units.

    Weights that fit are about sqrt(|y| / |x|) in either layer, by the root mean squares of the targets and of
    the lengths of the inputs.
    """
    square = float(data.targets @ data.targets) / data.targets.size
    length = float((data.inputs**2).sum()) / data.inputs.shape[0]
    fitting = (square / length) ** 0.25 if square > 0.0 and length > 0.0 else 1.0
    found = {"init.scale": _rounded(SMALLNESS * fitting), "stop.wall_seconds": SECONDS}
    if square > 0.0 and FITTED * square > 0.0:
        found["stop.loss"] = FITTED * square
    return found


def _rounded(value: float) -> float:
    """To one digit."""
    return float(f"{value:.0e}") if math.isfinite(value) and value > 0.0 else SMALLNESS


def write_preset(preset: Preset, path: Path, *, keep: bool = False) -> None:
    """Write the preset of a file of samples with a comment on every key; it names the file by its place.

    ``keep``: the file is copied beside the preset, since it is there for a moment only. Raises PresetError if
    something stands there already, or it cannot be written.
    """
    if path.suffix != ".toml":
        raise PresetError(
            f"{path}: found the ending {path.suffix or 'none'}; expected a file ending in .toml"
        )
    source = Path(preset.values["data.path"])
    kept = path.with_name(path.stem + source.suffix) if keep else None
    for each in (path, kept):
        if each is not None and (each.exists() or each.is_symlink()):
            raise PresetError(f"{each} exists already; expected a new name")
    with writing(path, PresetError):
        if kept is not None:
            write_bytes(kept, source.read_bytes())
        named = {"data.path": kept.name if kept is not None else _from(path, source)}
        texts = {"title": preset.title, "source": preset.source}
        write_text(path, commented(texts, {**preset.explicit, **named}, preset.values))


def _from(preset: Path, source: Path) -> str:
    """The name of a file in a preset: short where it lies beside or below it."""
    try:
        return str(source.resolve().relative_to(preset.parent.resolve()))
    except ValueError:
        return str(source)
