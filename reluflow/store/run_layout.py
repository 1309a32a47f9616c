"""What the arrays of a run directory must be: kinds, shapes and ranges, in this one place.

Shapes and kinds are checked from the headers when the directory is opened, before anything is read; numbers
when they are read.
"""

from collections.abc import Callable
from contextlib import suppress
from math import prod
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.data.arrays import NoArraysError
from reluflow.errors import DamageError
from reluflow.flow.events import Change
from reluflow.observe.series import COLUMNS
from reluflow.problem import LARGEST, Problem
from reluflow.store.archive import Check, Members, damaged

#: Members of problem.npz and how many dimensions each has.
START: Final = {"inputs": 2, "targets": 1, "weights": 2, "output_weights": 1}
#: ... and of runs that have held-out samples.
HELD_OUT: Final = {"held_out_inputs": 2, "held_out_targets": 1}
#: Member of trajectory.npz: (checkpoint key, member, rows) of arrays that begin with rows of the file's own.
LINKS: Final = "links"
#: ... and the summary that belongs to its arrays, as JSON.
SAVED_SUMMARY: Final = "summary"
#: Weights beyond it no run keeps: its start is refused, or it has stopped because it diverges.
MOST_HELD: Final = LARGEST**2
_EVENTS: Final = {"t": "f", "neuron": "i", "sample": "i", "kind": "i"}
#: kinds of plain numbers, which factors in a checkpoint may be complex of, and text
_PLAIN: Final = "biufcU"
_MOST_CHARACTERS: Final = 1 << 22

Sizes = tuple[int, int, int]
Shape = tuple[int, ...]


def start_of(problem: Problem) -> dict[str, Any]:
    """The arrays of problem.npz by name."""
    arrays = {name: np.asarray(getattr(problem, name)) for name in START}
    return arrays | dict(zip(HELD_OUT, problem.held_out or (), strict=False))


def check_start(members: Members) -> Sizes:
    """Samples, dimension and width that problem.npz states. Raises DamageError for arrays that do not fit."""
    shapes = {}
    held_out = HELD_OUT if any(name in members for name in HELD_OUT) else {}
    for name, dimensions in (START | held_out).items():
        if name not in members:
            raise damaged(members.path, f"there is no array {name}")
        shape, kind = members.header(name)
        if kind.kind != "f" or len(shape) != dimensions or 0 in shape:
            raise damaged(members.path, f"{name} has kind {kind} and shape {shape}")
        shapes[name] = shape
    (n, d), (m, _) = shapes["inputs"], shapes["weights"]
    _require(members, shapes, {"targets": (n,), "weights": (m, d), "output_weights": (m,)})
    if held_out:
        k = shapes["held_out_targets"][0]
        _require(members, shapes, {"held_out_inputs": (k, d)})
    return n, d, m


def check_trajectory(members: Members, sizes: Sizes) -> None:
    """Raise DamageError where an array of trajectory.npz cannot belong to a problem of these ``sizes``.

    One that is damaged by itself does not keep the others from being read.
    """
    headers = _intact_headers(members)
    for name, (shape, kind) in headers.items():
        group, _, rest = name.partition("/")
        expected = _EVENTS[rest] if group == "events" and rest in _EVENTS else "f"
        if kind.kind != expected and (kind.kind not in _PLAIN or group in ("series", "snapshots", "events")):
            raise damaged(members.path, f"{name} has kind {kind}")
        if kind.kind == "U" and kind.itemsize // 4 * max(prod(shape), 1) > _MOST_CHARACTERS:
            raise damaged(members.path, f"{name} is too long a text")
    shapes = {name: shape for name, (shape, _) in headers.items()}
    _, d, m = sizes
    rows, taken, happened = (_rows(members, shapes, group) for group in ("series", "snapshots", "events"))
    if rows == 0 or taken == 0:
        raise damaged(members.path, "found no row of the series, or no state")
    series = {f"series/{name}" for name in COLUMNS} | {name for name in shapes if name.startswith("series/")}
    states = {
        "snapshots/t": (taken,),
        "snapshots/weights": (taken, m, d),
        "snapshots/output_weights": (taken, m),
    }
    events = {f"events/{name}": (happened,) for name in _EVENTS}
    _require(members, shapes, dict.fromkeys(sorted(series), (rows,)) | states | events)
    _check_links(members, headers)


def _intact_headers(members: Members) -> dict[str, tuple[Shape, np.dtype[Any]]]:
    found = {}
    for name in members:
        with suppress(DamageError):
            found[name] = members.header(name)
    return found


def _check_links(members: Members, headers: dict[str, tuple[Shape, np.dtype[Any]]]) -> None:
    if LINKS not in members:
        raise damaged(members.path, f"there is no array {LINKS}")
    shape, kind = headers.get(LINKS, ((0, 3), np.dtype("U1")))
    if kind.kind != "U" or len(shape) != 2 or shape[1] not in (2, 3):
        raise damaged(members.path, f"{LINKS} has kind {kind} and shape {shape}")
    if SAVED_SUMMARY in headers and (headers[SAVED_SUMMARY][0] or headers[SAVED_SUMMARY][1].kind != "U"):
        raise damaged(members.path, f"{SAVED_SUMMARY} is no text")


def _rows(members: Members, shapes: dict[str, Shape], group: str) -> int:
    """The first size of the arrays of a group, by the first of them that can be read."""
    for name, shape in shapes.items():
        if name.startswith(f"{group}/") and shape:
            return shape[0]
    raise damaged(members.path, f"there is no array {group}/t that can be read")


def _require(members: Members, shapes: dict[str, Shape], expected: dict[str, Shape]) -> None:
    for name, shape in expected.items():
        if name not in members:
            raise damaged(members.path, f"there is no array {name}")
        if name in shapes and shapes[name] != shape:
            raise damaged(members.path, f"{name}: found shape {shapes[name]}, not {shape}")


def check_values(sizes: Sizes) -> Check:
    """The check of the numbers of trajectory.npz, for a problem of these ``sizes``; see ``Members``."""
    n, _, m = sizes
    ranges: dict[str, Callable[[npt.NDArray[Any]], bool]] = {
        "series/t": _are_times,
        "series/step": _are_counts,
        "series/loss": _are_sizes,
        "series/loss_low": _are_sizes,
        "series/loss_high": _are_sizes,
        "snapshots/t": _are_times,
        "snapshots/weights": _are_weights,
        "snapshots/output_weights": _are_weights,
        "events/t": _are_times,
        "events/neuron": lambda array: _lie_between(array, 0, m - 1),
        "events/sample": lambda array: _lie_between(array, -1, n - 1),
        "events/kind": lambda array: _lie_between(array, 0, max(Change)),
    }

    def check(name: str, array: npt.NDArray[Any]) -> None:
        if name.partition("/")[0] in ("series", "snapshots") and not np.isfinite(array).all():
            raise NoArraysError("found numbers that are not finite")
        if name in ranges and not ranges[name](array):
            raise NoArraysError("found numbers that cannot be")

    return check


def _are_times(array: npt.NDArray[Any]) -> bool:
    return array.size == 0 or bool(
        array[0] >= 0.0 and np.isfinite(array[-1]) and (np.diff(array) >= 0.0).all()
    )


def _are_counts(array: npt.NDArray[Any]) -> bool:
    return bool(array[0] >= 0 and array[-1] < 2.0**63 and (np.diff(array) >= 0).all())


def _are_sizes(array: npt.NDArray[Any]) -> bool:
    return bool((array >= 0.0).all())


def _are_weights(array: npt.NDArray[Any]) -> bool:
    return bool((np.abs(array) <= MOST_HELD).all())


def _lie_between(array: npt.NDArray[Any], low: int, high: int) -> bool:
    return array.size == 0 or bool(array.min() >= low and array.max() <= high)
