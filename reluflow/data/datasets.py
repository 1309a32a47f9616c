"""Data sets from the values of a preset: what a data set is, and what a kind of them must be able to do."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from reluflow.data import DATA_KINDS
from reluflow.data.streams import dot, summed
from reluflow.errors import PresetError
from reluflow.network import Array

#: Neurons of a teacher that are asked at once: their products stay in the processor's cache.
TOGETHER: Final = 4096


@dataclass(frozen=True)
class Data:
    """A data set and, where one made the targets, its teacher network.

    ``inputs`` (n, d) with the bias column, ``targets`` (n,), ``input_dimension``: d without the bias
    column, ``teacher`` (k, d) hidden weights or None, ``teacher_output`` (k,) or None, so that
    targets_k = sum_i teacher_output_i relu(<teacher_i, x_k>). ``remarks``: a sentence on each thing that a
    file did not say itself. ``held_out``: inputs (k, d) and targets (k,) on which nothing is trained, if any.
    Arrays are read-only.
    """

    inputs: Array
    targets: Array
    input_dimension: int
    teacher: Array | None = None
    teacher_output: Array | None = None
    remarks: tuple[str, ...] = ()
    held_out: tuple[Array, Array] | None = None

    def __post_init__(self) -> None:
        held_out = self.held_out or ()
        for array in (self.inputs, self.targets, self.teacher, self.teacher_output, *held_out):
            if array is not None:
                array.setflags(write=False)

    def with_bias(self) -> "Data":
        """The same set with a constant 1 appended to every input; a teacher does not use it."""
        inputs = _with_ones(self.inputs)
        teacher = self.teacher
        if teacher is not None:
            teacher = np.column_stack([teacher, np.zeros(teacher.shape[0])])
        held_out = self.held_out
        if held_out is not None:
            held_out = _with_ones(held_out[0]), held_out[1]
        return replace(self, inputs=inputs, teacher=teacher, held_out=held_out)


def _with_ones(inputs: Array) -> Array:
    return np.column_stack([inputs, np.ones(inputs.shape[0])])


class DataKind(ABC):
    """A kind of data set; it holds nothing. ``values`` are those of a preset, flat, by ``section.key``."""

    @abstractmethod
    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        """The data set without a bias column; relative paths start at ``folder``.

        The required keys are set, and sizes are at least 1. Raises PresetError or ProblemError in one
        sentence for values that make no data set.
        """

    def complaint(self, values: Mapping[str, Any]) -> str | None:
        """What is wrong with values that are fine one by one: key, what was found, what was expected.

        It is asked before anything is drawn, with all values checked and the defaults filled in.
        """
        return None

    def further(self, values: Mapping[str, Any], dimension: int) -> Array | None:
        """Points (k, dimension) by the law of the inputs that are not among them, from the stream "test".

        None where there is no such law. ``dimension`` is without the bias.
        """
        return None

    def held_out(self, values: Mapping[str, Any], data: Data, count: int) -> tuple[Array, Array] | None:
        """Inputs (count, d) by the law of the ``data``, count a centre, and the targets of their teacher.

        Without a bias column. None where there is no such law or no teacher.
        """
        points = self.further({**values, "data.samples": count}, data.input_dimension)
        if points is None or data.teacher is None or data.teacher_output is None:
            return None
        return points, answers(points, data.teacher, data.teacher_output)


def build_data(values: Mapping[str, Any], folder: Path) -> Data:
    """The data set of a preset's flat ``values``; relative paths start at ``folder``.

    Raises PresetError or ProblemError, in one sentence, for anything that is no data set.
    """
    kind = values["data.kind"]
    if kind not in DATA_KINDS:
        raise PresetError(f"data.kind: found {kind!r}; expected one of {', '.join(DATA_KINDS)}")
    for name in DATA_KINDS.rows[kind].required:
        _require(values, f"data.{name}")
    data = DATA_KINDS[kind]().build(values, folder)
    count = values.get("data.held_out")
    if isinstance(count, int):
        data = replace(data, held_out=DATA_KINDS[kind]().held_out(values, data, count))
    return data.with_bias() if values.get("data.bias", False) else data


def _require(values: Mapping[str, Any], key: str) -> None:
    """Raise PresetError if a key that the kind cannot do without is not set, or is a size below 1."""
    value = values.get(key)
    if value is None:
        raise PresetError(
            f"{key}: found nothing; expected a value, for data.kind = {values['data.kind']!r} needs it"
        )
    if isinstance(value, int) and value < 1:
        raise PresetError(f"{key}: found {value}; expected at least 1")


def typed(key: str, values: npt.ArrayLike, dimensions: tuple[int, ...]) -> Array:
    """The value of a key as an array with one of the numbers of ``dimensions``; PresetError if it is none."""
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


def taught(inputs: Array, teacher: Array, output: Array) -> Data:
    """Inputs (n, d) with the targets sum_i output_i relu(<teacher_i, x>)."""
    return Data(inputs, answers(inputs, teacher, output), inputs.shape[1], teacher, output)


def answers(inputs: Array, teacher: Array, output: Array) -> Array:
    """sum_i output_i relu(<teacher_i, x>) (n,), summed in an order that does not depend on the machine."""
    targets = np.zeros(inputs.shape[0])
    if inputs.shape[0] >= teacher.shape[0]:  # the inner loop goes over whichever is more
        for neuron, size in zip(teacher, output, strict=True):
            targets += size * np.maximum(dot(inputs, neuron), 0.0)
        return targets
    for start in range(0, teacher.shape[0], TOGETHER):
        some = slice(start, start + TOGETHER)
        for k, point in enumerate(inputs):
            terms = output[some] * np.maximum(dot(teacher[some], point), 0.0)
            targets[k] = summed(np.concatenate([[targets[k]], terms])[None, :])[0]
    return targets
