"""What kinds of data with labels +-1 have in common: a law for points and labels, also for held-out ones."""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from reluflow.data.datasets import Data, DataKind
from reluflow.data.streams import stream
from reluflow.network import Array

#: The random numbers of the thing of that name.
Streams = Callable[[str], np.random.Generator]


class Labelled(DataKind):
    """A kind whose targets are labels, 1 and -1 in turn, so that of any number of samples half have each.

    A kind of two-dimensional inputs is not linearly separable through the origin, and takes a bias for that.
    """

    #: ``data.noise`` where it is not set
    noise: float

    @abstractmethod
    def draw(self, labels: Array, noise: float, values: Mapping[str, Any], streams: Streams) -> Array:
        """Inputs (n, d) for ``labels`` (n,), each drawn from a stream of its own name."""

    def build(self, values: Mapping[str, Any], folder: Path) -> Data:
        inputs, labels = self._drawn(values, values["data.samples"], "")
        return Data(inputs, labels, inputs.shape[1])

    def held_out(self, values: Mapping[str, Any], data: Data, count: int) -> tuple[Array, Array]:
        return self._drawn(values, count, "test ")

    def _drawn(self, values: Mapping[str, Any], count: int, prefix: str) -> tuple[Array, Array]:
        seed, given = values.get("data.seed", 0), values.get("data.noise")
        labels = in_turn(count)
        noise = self.noise if given is None else given
        return self.draw(labels, noise, values, lambda name: stream(seed, prefix + name)), labels


def in_turn(count: int) -> Array:
    """1, -1, 1, ... (n,)"""
    return np.where(np.arange(count) % 2 == 0, 1.0, -1.0)


def blurred(curve: Array, noise: float, streams: Streams) -> Array:
    """Points (n, d) and noise N(0, noise^2 I)."""
    points: Array = curve + noise * streams("noise").standard_normal(curve.shape)
    return points


def on_circles(radii: Array | float, angles: Array) -> Array:
    """Points (n, 2) in polar coordinates."""
    return np.column_stack([radii * np.cos(angles), radii * np.sin(angles)])
