"""Initial networks: balanced, dominated, unbalanced, or read from a file."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.data.streams import lengths, stream
from reluflow.data.tables import read_npz, resolve
from reluflow.errors import PresetError
from reluflow.network import Array


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


def drawn(
    kind: str, width: int, dimension: int, std: float, output_std: float, seed: int
) -> tuple[Array, Array]:
    """Hidden weights (m, d) ~ N(0, std^2), output weights (m,) with random signs s_j.

    "balanced" a = s |w|; "dominated" a = s sqrt(|w|^2 + g^2), g ~ N(0, std^2); "unbalanced"
    a ~ N(0, output_std^2). Each thing has its own stream and neurons are drawn one after another: a wider
    network begins with the same neurons, and another scale only multiplies them.
    """
    weights = stream(seed, "weights").standard_normal((width, dimension)) * std
    if kind == "unbalanced":
        return weights, stream(seed, "output weights").standard_normal(width) * output_std
    signs = np.where(stream(seed, "signs").random(width) < 0.5, -1.0, 1.0)
    if kind == "balanced":
        return weights, signs * lengths(weights)
    if kind == "dominated":
        excess = stream(seed, "excess").standard_normal(width) * std
        return weights, signs * lengths(np.column_stack([weights, excess]))
    raise PresetError(f"init.kind: found {kind!r}; expected balanced, dominated, unbalanced or file")


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
        raise PresetError(f"{path}: found {neurons} neurons; expected network.width = {width}")
    return weights, output_weights


def build_weights(
    values: Mapping[str, Any], folder: Path, dimension: int, input_dimension: int
) -> tuple[Array, Array]:
    """Hidden weights (m, d) and output weights (m,) of a preset's flat ``values``.

    ``dimension`` d counts the bias column, ``input_dimension`` does not. Relative paths start at
    ``folder``. Raises PresetError in one sentence for anything that is no initial network.
    """
    kind = values["init.kind"]
    width = values.get("network.width")
    if kind == "file":
        if values.get("init.path") is None:
            raise PresetError(
                "init.path: found nothing; expected a .npz file, for init.kind = 'file' needs it"
            )
        return from_file(resolve(values["init.path"], folder, "init.path"), dimension, width)
    if width is None or width < 1:
        raise PresetError(f"network.width: found {width}; expected at least 1")
    scale = values["init.scale"]
    std = deviation(scale, values.get("init.norm", "width-dimension"), width, input_dimension)
    return drawn(kind, width, dimension, std, scale / math.sqrt(width), values.get("init.seed", 0))
