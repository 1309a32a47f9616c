"""An edge as files: what was found, and presets that start on both sides of the boundary."""

from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from reluflow.errors import EdgeError
from reluflow.store.files import write_npz, write_text, writing
from reluflow.store.json_text import to_json
from reluflow.store.preset import Preset, save_preset
from reluflow.sweep.edges.paths import path_between
from reluflow.sweep.edges.tracking import Edge

#: What was found; the saddle's network and data; presets of both sides.
RESULT: Final = "edge.json"
SADDLE: Final = "saddle.npz"
SIDES: Final = ("side-a", "side-b")


def require_absent(folder: Path) -> None:
    """Raise EdgeError if there is something at ``folder`` already."""
    if folder.exists():
        raise EdgeError(f"{folder} exists already; expected a new folder for --out")


def told(edge: Edge, presets: tuple[Preset, Preset]) -> dict[str, Any]:
    """The edge as plain values, for JSON."""
    saddle, kink = edge.saddle, edge.kink
    return {
        "presets": [preset.name for preset in presets],
        "kind": edge.kind,
        "path": edge.path,
        "at": edge.at,
        "outcomes": [
            {"status": each.status, "loss": each.loss, "time": each.time, "reason": each.reason}
            for each in edge.outcomes
        ],
        "bisections": [asdict(each) for each in edge.bisections],
        "saddle": None if saddle is None else asdict(saddle),
        "kink": None if kink is None else asdict(kink),
    }


def write(folder: Path, edge: Edge, presets: tuple[Preset, Preset]) -> None:
    """Make the folder. ``edge.json`` is written last, so that a folder that holds it is whole.

    Raises EdgeError if it cannot be written.
    """
    require_absent(folder)
    with writing(folder, EdgeError):
        folder.mkdir(parents=True)
        there = presets[0].with_values(path_between(*presets).changes(edge.at))
        for name, side in zip(SIDES, edge.sides, strict=True):
            save_preset(there, name, state=(side.weights, side.output_weights), folder=folder)
        if edge.saddle is not None:
            problem = edge.sides[0]
            network = {"weights": edge.saddle.weights, "output_weights": edge.saddle.output_weights}
            write_npz(folder / SADDLE, {"inputs": problem.inputs, "targets": problem.targets, **network})
        write_text(folder / RESULT, to_json(told(edge, presets)))
