"""Data sets: points typed in, read from a file, or drawn as in the papers' experiments.

P1 = Boursier, Pillaud-Vivien, Flammarion 2022 (arXiv 2206.00939);
P2 = Chistikov, Englert, Lazic 2023 (arXiv 2306.06479).
Every kind that draws takes a seed and uses one named stream for each thing drawn: the first samples of
a larger set are those of a smaller one, and the same seed gives the same bits on every machine.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.data.streams import dot, normalised, orthonormal_rows, stream
from reluflow.data.tables import read_csv, read_npz, resolve
from reluflow.errors import PresetError, ProblemError
from reluflow.network import Array

KINDS: Final = ("points", "file", "orthogonal", "gaussian", "correlated", "piecewise")
#: targets of orthogonal data are drawn again below this size: tiny ones take very long to be fitted
SMALLEST_TARGET: Final = 0.1
#: noise with which two samples around one centre are typically 45 degrees apart (P2, uncentred)
UNCENTRED_NOISE: Final = math.sqrt(math.sqrt(2.0) - 1.0)
#: how often correlated data are drawn again, and how many numbers all those draws may take together
MOST_DRAWS: Final = 10_000
MOST_NUMBERS: Final = 200_000_000


@dataclass(frozen=True)
class Data:
    """A data set and, where one made the targets, its teacher network.

    ``inputs`` (n, d) with the bias column, ``targets`` (n,), ``input_dimension``: d without the bias
    column, ``teacher`` (k, d) hidden weights or None, ``teacher_output`` (k,) or None, so that
    targets_k = sum_i teacher_output_i relu(<teacher_i, x_k>). Arrays are read-only.
    """

    inputs: Array
    targets: Array
    input_dimension: int
    teacher: Array | None = None
    teacher_output: Array | None = None

    def __post_init__(self) -> None:
        for array in (self.inputs, self.targets, self.teacher, self.teacher_output):
            if array is not None:
                array.setflags(write=False)

    def with_bias(self) -> "Data":
        """The same set with a constant 1 appended to every input; a teacher does not use it."""
        inputs = np.column_stack([self.inputs, np.ones(self.inputs.shape[0])])
        teacher = self.teacher
        if teacher is not None:
            teacher = np.column_stack([teacher, np.zeros(teacher.shape[0])])
        return replace(self, inputs=inputs, teacher=teacher)


def points(inputs: npt.ArrayLike, targets: npt.ArrayLike) -> Data:
    """Points as typed: ``inputs`` rows of equal length, or plain numbers for one dimension."""
    rows = _typed("data.inputs", inputs, (1, 2))
    values = _typed("data.targets", targets, (1,))
    if rows.shape[0] != values.size:
        raise PresetError(
            f"data.targets: found {values.size} targets; expected {rows.shape[0]}, one for each input"
        )
    rows = rows.reshape(rows.shape[0], -1)
    return Data(rows, values, rows.shape[1])


def from_file(path: Path) -> Data:
    """A .csv whose last column is the target, or a .npz with the arrays ``inputs`` and ``targets``."""
    if path.suffix.lower() == ".csv":
        table = read_csv(path)
        if table.shape[1] < 2:
            raise PresetError(f"{path}: found 1 column; expected inputs and, in the last column, targets")
        return Data(table[:, :-1].copy(), table[:, -1].copy(), table.shape[1] - 1)
    if path.suffix.lower() != ".npz":
        raise PresetError(f"{path}: found the ending {path.suffix!r}; expected .csv or .npz")
    arrays = read_npz(path, {"inputs": (1, 2), "targets": (1,)})
    inputs, targets = arrays["inputs"], arrays["targets"]
    if inputs.shape[0] != targets.size:
        raise PresetError(
            f"{path}: found {targets.size} targets; expected {inputs.shape[0]}, one for each input"
        )
    inputs = inputs.reshape(inputs.shape[0], -1)
    return Data(inputs, targets, inputs.shape[1])


def orthogonal(
    samples: int, dimension: int, seed: int, norms: Sequence[float] = (1.0, 1.0), teacher_width: int = 0
) -> Data:
    """Orthogonal inputs (P1) in random directions, |x_k| uniform in ``norms``.

    Targets are standard normal, drawn again below 0.1 in size, or those of a teacher (see ``gaussian``).
    """
    if samples > dimension:
        raise PresetError(
            f"data.samples: found {samples}; expected at most data.dimension = {dimension}, "
            "for there are no more orthogonal inputs than dimensions"
        )
    low, high = norms
    sizes = low + (high - low) * stream(seed, "norms").random(samples)
    inputs = orthonormal_rows(stream(seed, "inputs"), samples, dimension) * sizes[:, None]
    if teacher_width > 0:
        return _taught(inputs, *_gaussian_teacher(teacher_width, dimension, seed))
    return Data(inputs, _targets_away_from_zero(samples, seed), dimension)


def gaussian(samples: int, dimension: int, seed: int, teacher_width: int) -> Data:
    """x ~ N(0, I_d); a teacher of k neurons, w_i ~ N(0, I/(k d)), a_i ~ N(0, 1/k) (P1, high dimension)."""
    inputs = stream(seed, "inputs").standard_normal((samples, dimension))
    return _taught(inputs, *_gaussian_teacher(teacher_width, dimension, seed))


def correlated(
    samples: int, dimension: int, seed: int, centred: bool, noise: float | None = None, teachers: int = 1
) -> Data:
    """One neuron as teacher and inputs around it (P2).

    mu is uniform on the sphere, x = mu + noise N(0, I)/sqrt(d). The teacher is v = mu when ``centred``
    and a further sample at length 1 when not. ``noise`` is 1 when centred, sqrt(sqrt 2 - 1) when not,
    unless given. With two teachers ``samples`` further inputs lie around -mu, the second teacher has
    norm 3, and y = relu(<v1, x>) - relu(<v2, x>).

    Inputs (and a teacher that is a sample) are drawn again, all of them, until no target is zero; mu
    stays. All at once, because that is the law of the paper: drawing single points again would change
    the law of the teacher. One draw succeeds with probability (1 - p)^n, p the chance that an input is at
    more than 90 degrees from the teacher, so this raises ProblemError where p n is far above 1.
    """
    if noise is None:
        noise = 1.0 if centred else UNCENTRED_NOISE
    centre = normalised(stream(seed, "centre").standard_normal(dimension))
    centres = [centre, -centre][:teachers]
    output = np.array([1.0, -1.0][:teachers])
    draws = max(1, min(MOST_DRAWS, MOST_NUMBERS // (samples * dimension * teachers)))
    for attempt in range(draws):
        inputs = np.concatenate(
            [_around(mu, noise, samples, seed, f"inputs {i}", attempt) for i, mu in enumerate(centres)]
        )
        teacher = np.array(
            [
                size
                * (mu if centred else normalised(_around(mu, noise, 1, seed, f"teacher {i}", attempt)[0]))
                for i, (mu, size) in enumerate(zip(centres, (1.0, 3.0), strict=False))
            ]
        )
        data = _taught(inputs, teacher, output)
        if np.all(data.targets != 0.0):
            return data
    raise ProblemError(
        f"data.kind = 'correlated': found a zero target in each of {draws} draws of "
        f"{inputs.shape[0]} inputs; expected one draw without: lower data.noise or data.samples, or raise "
        "data.dimension"
    )


def piecewise(knots: npt.ArrayLike, samples: int, seed: int) -> Data:
    """One-dimensional inputs uniform between the end knots, targets on the lines from knot to knot."""
    corners = _typed("data.knots", knots, (2,))
    if corners.shape[1] != 2 or corners.shape[0] < 2 or np.any(np.diff(corners[:, 0]) <= 0.0):
        raise PresetError(
            "data.knots: expected at least two pairs [x, y] with x increasing from pair to pair"
        )
    x, y = corners[:, 0], corners[:, 1]
    inputs = x[0] + (x[-1] - x[0]) * stream(seed, "inputs").random(samples)
    left = np.clip(np.searchsorted(x, inputs, side="right") - 1, 0, x.size - 2)
    share = (inputs - x[left]) / (x[left + 1] - x[left])
    return Data(inputs[:, None], y[left] + share * (y[left + 1] - y[left]), 1)


def build_data(values: Mapping[str, Any], folder: Path) -> Data:
    """The data set of a preset's flat ``values``; relative paths start at ``folder``.

    Raises PresetError or ProblemError, in one sentence, for anything that is no data set.
    """
    data = _of_kind(values, folder)
    if not values.get("data.bias", False):
        return data
    if values["data.kind"] == "orthogonal":
        raise PresetError(
            "data.bias: found true with data.kind = 'orthogonal'; expected false, for inputs with a "
            "constant 1 appended are no longer orthogonal"
        )
    return data.with_bias()


def _of_kind(values: Mapping[str, Any], folder: Path) -> Data:
    kind = values["data.kind"]
    if kind not in KINDS:
        raise PresetError(f"data.kind: found {kind!r}; expected one of {', '.join(KINDS)}")
    if kind == "points":
        return points(_needed(values, "data.inputs"), _needed(values, "data.targets"))
    if kind == "file":
        return from_file(resolve(_needed(values, "data.path"), folder, "data.path"))
    samples, seed = _needed(values, "data.samples"), values.get("data.seed", 0)
    if kind == "piecewise":
        return piecewise(_needed(values, "data.knots"), samples, seed)
    dimension = _needed(values, "data.dimension")
    if kind == "orthogonal":
        norms = values.get("data.norms", (1.0, 1.0))
        return orthogonal(samples, dimension, seed, norms, values.get("data.teacher_width", 0))
    if kind == "gaussian":
        return gaussian(samples, dimension, seed, _needed(values, "data.teacher_width"))
    centred, noise = values.get("data.centred", True), values.get("data.noise")
    return correlated(samples, dimension, seed, centred, noise, values.get("data.teachers", 1))


def _needed(values: Mapping[str, Any], key: str) -> Any:
    """The value of a key that the kind cannot do without; sizes must be at least 1."""
    value = values.get(key)
    if value is None:
        raise PresetError(
            f"{key}: found nothing; expected a value, for data.kind = {values['data.kind']!r} needs it"
        )
    if isinstance(value, int) and value < 1:
        raise PresetError(f"{key}: found {value}; expected at least 1")
    return value


def _typed(key: str, values: npt.ArrayLike, dimensions: tuple[int, ...]) -> Array:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise PresetError(f"{key}: found something else; expected numbers in rows of equal length") from None
    if array.ndim not in dimensions or array.size == 0:
        raise PresetError(
            f"{key}: found shape {array.shape}; expected a non-empty list of "
            + ("numbers" if dimensions == (1,) else "rows of numbers")
        )
    if not np.all(np.isfinite(array)):
        where = tuple(int(index) for index in np.argwhere(~np.isfinite(array))[0])
        place = ", ".join(str(index + 1) for index in where)
        raise PresetError(f"{key}: found {array[where]} at place {place}; expected finite numbers")
    return array


def _taught(inputs: Array, teacher: Array, output: Array) -> Data:
    """Inputs (n, d) with the targets sum_i output_i relu(<teacher_i, x>)."""
    targets = np.zeros(inputs.shape[0])
    for neuron, size in zip(teacher, output, strict=True):
        targets += size * np.maximum(dot(inputs, neuron), 0.0)
    return Data(inputs, targets, inputs.shape[1], teacher, output)


def _gaussian_teacher(width: int, dimension: int, seed: int) -> tuple[Array, Array]:
    hidden = stream(seed, "teacher").standard_normal((width, dimension)) / math.sqrt(width * dimension)
    return hidden, stream(seed, "teacher output").standard_normal(width) / math.sqrt(width)


def _targets_away_from_zero(samples: int, seed: int) -> Array:
    generator = stream(seed, "targets")
    kept: list[float] = []
    while len(kept) < samples:
        target = float(generator.standard_normal())
        if abs(target) >= SMALLEST_TARGET:
            kept.append(target)
    return np.array(kept)


def _around(centre: Array, noise: float, samples: int, seed: int, name: str, attempt: int) -> Array:
    draw = stream(seed, name, attempt).standard_normal((samples, centre.size))
    cloud: Array = centre + noise * draw / math.sqrt(centre.size)
    return cloud
