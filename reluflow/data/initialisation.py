"""Initial networks: balanced, dominated, unbalanced, or read from a file."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.data import INITIALISATIONS
from reluflow.data.streams import lengths, stream
from reluflow.data.tables import read_npz, resolve
from reluflow.errors import PresetError, counted
from reluflow.network import Array
from reluflow.problem import SMALLEST_NEURON


def deviation(scale: float, norm: str, width: int, input_dimension: int) -> float:
    """Standard deviation of a hidden weight, in the two published normalisations.

    "width-dimension": scale / sqrt(m d), d without the bias column (arXiv 2206.00939 and 2306.06479);
    "width": scale / sqrt(m) (Boursier and Flammarion 2024, early alignment).
    """
    if norm == "width-dimension":
        return scale / math.sqrt(width * input_dimension)
    if norm == "width":
        return scale / math.sqrt(width)
    raise PresetError(f"init.norm: found {norm!r}; expected width-dimension or width")


@dataclass(frozen=True)
class Start:
    """What an initial network is made from: the flat ``values`` of a preset, and the ``folder`` of its paths.

    ``dimension`` d counts the bias column, ``input_dimension`` does not.
    """

    values: Mapping[str, Any]
    folder: Path
    dimension: int
    input_dimension: int

    @property
    def width(self) -> int:
        """m. Raises PresetError where there is none, or one below 1."""
        width = self.values.get("network.width")
        if width is None or width < 1:
            raise PresetError(f"network.width: found {width}; expected at least 1")
        return int(width)

    @property
    def std(self) -> float:
        """The standard deviation of a hidden weight."""
        norm = self.values.get("init.norm", "width-dimension")
        return deviation(self.values["init.scale"], norm, self.width, self.input_dimension)

    def stream(self, name: str) -> np.random.Generator:
        """The random numbers of the thing called ``name``."""
        return stream(self.values.get("init.seed", 0), name)

    def hidden(self) -> Array:
        """Hidden weights (m, d) ~ N(0, std^2)."""
        weights: Array = self.stream("weights").standard_normal((self.width, self.dimension)) * self.std
        return weights

    def signs(self) -> Array:
        """Random signs s_j (m,)."""
        return np.where(self.stream("signs").random(self.width) < 0.5, -1.0, 1.0)


#: Hidden weights (m, d) and output weights (m,). Each thing that is drawn has its own stream and neurons are
#: drawn one after another: a wider network begins with the same neurons, and another scale only multiplies
#: them. Raises PresetError in one sentence for anything that is no initial network.
Initialisation = Callable[[Start], tuple[Array, Array]]


def balanced(start: Start) -> tuple[Array, Array]:
    """a_j = s_j |w_j|"""
    weights = start.hidden()
    return weights, start.signs() * lengths(weights)


def dominated(start: Start) -> tuple[Array, Array]:
    """a_j = s_j sqrt(|w_j|^2 + g_j^2), g_j ~ N(0, std^2)"""
    weights = start.hidden()
    excess = start.stream("excess").standard_normal(start.width) * start.std
    return weights, start.signs() * lengths(np.column_stack([weights, excess]))


def unbalanced(start: Start) -> tuple[Array, Array]:
    """a_j ~ N(0, scale^2 / m)"""
    weights = start.hidden()
    std = start.values["init.scale"] / math.sqrt(start.width)
    return weights, start.stream("output weights").standard_normal(start.width) * std


def fixed_norm(start: Start) -> tuple[Array, Array]:
    """w_j uniform in direction, |a_j| |w_j| = d std^2, and a_j^2 - |w_j|^2 = ``init.delta``.

    With norm "width-dimension" |a_j| |w_j| = scale^2 / m as in Kunin et al. 2024 (arXiv 2406.06158). Neurons
    with delta below zero may change the sign of a_j.
    """
    draws, delta = start.hidden(), float(start.values.get("init.delta", 0.0))
    size = start.std * math.sqrt(start.input_dimension)
    if size < SMALLEST_NEURON:
        raise PresetError(
            f"init.scale: found {start.values['init.scale']:g}; expected a larger one, since weights of "
            f"{size:.3g} have few digits"
        )
    larger, smaller = _unequal(size, abs(delta))
    if delta != 0.0 and smaller < SMALLEST_NEURON:
        raise PresetError(
            f"init.delta: found {delta:g} beside init.scale = {start.values['init.scale']:g}; expected a "
            f"smaller one in size, since the smaller weights would be {smaller:.3g}"
        )
    output, hidden = (larger, smaller) if delta > 0.0 else (smaller, larger)
    return draws * (hidden / lengths(draws))[:, None], start.signs() * output


def _unequal(size: float, difference: float) -> tuple[float, float]:
    """Two numbers whose product is ``size`` squared and whose squares differ by ``difference`` >= 0.

    The larger comes first. No square of a small size is formed, so that sizes may be 1e-300.
    """
    ratio = size / math.sqrt(difference) if difference > 0.0 else math.inf
    if ratio > 1.0:
        half = 0.5 / ratio / ratio
        larger = size * math.sqrt(half + math.sqrt(half * half + 1.0))
    else:
        larger = math.sqrt(difference) * math.sqrt(0.5 + math.sqrt(0.25 + ratio**4))
    return larger, size * (size / larger)


def read(start: Start) -> tuple[Array, Array]:
    """The network that ``init.path`` names."""
    path = start.values.get("init.path")
    if path is None:
        raise PresetError("init.path: found nothing; expected a .npz file, for init.kind = 'file' needs it")
    width = start.values.get("network.width")
    return from_file(resolve(path, start.folder, "init.path"), start.dimension, width)


def from_file(path: Path, dimension: int, width: int | None) -> tuple[Array, Array]:
    """The arrays ``weights`` (m, d) and ``output_weights`` (m,) of a .npz file, for inputs of ``dimension``.

    Raises PresetError if they do not fit together, the inputs, or the width (None: any width).
    """
    arrays = read_npz(path, {"weights": (2,), "output_weights": (1,)})
    weights, output_weights = arrays["weights"], arrays["output_weights"]
    neurons, columns = weights.shape
    if output_weights.size != neurons:
        raise PresetError(
            f"{path}: found {output_weights.size} output_weights; expected {neurons}, one a neuron"
        )
    if columns != dimension:
        raise PresetError(
            f"{path}: found weights with {columns} columns; expected {dimension} as the inputs have"
        )
    if width is not None and width != neurons:
        raise PresetError(f"{path}: found {counted(neurons, 'neuron')}; expected network.width = {width}")
    return weights, output_weights


def build_weights(
    values: Mapping[str, Any], folder: Path, dimension: int, input_dimension: int
) -> tuple[Array, Array]:
    """Hidden weights (m, d) and output weights (m,) of a preset's flat ``values``.

    ``dimension`` d counts the bias column, ``input_dimension`` does not. Relative paths start at
    ``folder``. Raises PresetError in one sentence for anything that is no initial network.
    """
    kind = values["init.kind"]
    if kind not in INITIALISATIONS:
        raise PresetError(f"init.kind: found {kind!r}; expected one of {', '.join(INITIALISATIONS)}")
    network = INITIALISATIONS[kind](Start(values, folder, dimension, input_dimension))
    return paired(*network) if values.get("init.paired", False) else network


def paired(weights: Array, output_weights: Array) -> tuple[Array, Array]:
    """The first half of the neurons, each (w, a) followed by (w, -a): a network that is 0 everywhere.

    Raises PresetError for an odd width.
    """
    width = output_weights.size
    if width % 2:
        raise PresetError(f"network.width: found {width}; expected an even number where init.paired is true")
    signs = np.tile([1.0, -1.0], width // 2)
    return np.repeat(weights[: width // 2], 2, axis=0), np.repeat(output_weights[: width // 2], 2) * signs
