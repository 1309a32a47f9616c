"""Data sets, initial networks, and the random numbers and files that they are made from.

Here are their kinds by name; ``datasets`` and ``initialisation`` make them from the values of a preset.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from reluflow.registry import Entry, Registry

if TYPE_CHECKING:
    from reluflow.data.datasets import DataKind
    from reluflow.data.initialisation import Initialisation


@dataclass(frozen=True)
class DataEntry(Entry):
    """A kind of data. ``required``, ``optional``: keys of [data], by name, that it must and may have."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def keys(self) -> tuple[str, ...]:
        """All keys that have a meaning for this kind alone; ``bias`` has one for every kind."""
        return self.required + self.optional


@dataclass(frozen=True)
class InitEntry(Entry):
    """A kind of initial network. ``drawn``: whether it is, by width, scale and seed, and not read."""

    drawn: bool = True


DATA_KINDS: "Final[Registry[DataEntry, type[DataKind]]]" = Registry(
    {
        "points": DataEntry(
            "reluflow.data.kinds.points:Points", "points as typed", required=("inputs", "targets")
        ),
        "file": DataEntry(
            "reluflow.data.kinds.file:File",
            "a file of numbers in columns, or of arrays: inputs and targets",
            required=("path",),
            optional=("target", "normalise", "held_out", "seed"),
        ),
        "orthogonal": DataEntry(
            "reluflow.data.kinds.orthogonal:Orthogonal",
            "orthogonal inputs in random directions; targets normal and not near 0, or those of a teacher",
            required=("samples", "dimension"),
            optional=("teacher_width", "norms", "seed"),
        ),
        "gaussian": DataEntry(
            "reluflow.data.kinds.gaussian:Gaussian",
            "inputs N(0, I), targets those of a random ReLU network",
            required=("samples", "dimension", "teacher_width"),
            optional=("held_out", "seed"),
        ),
        "correlated": DataEntry(
            "reluflow.data.kinds.correlated:Correlated",
            "one neuron as teacher and inputs around it, or two opposite ones",
            required=("samples", "dimension"),
            optional=("centred", "noise", "teachers", "held_out", "seed"),
        ),
        "piecewise": DataEntry(
            "reluflow.data.kinds.piecewise:Piecewise",
            "inputs uniform on an interval, targets on a piecewise linear curve",
            required=("samples", "knots"),
            optional=("held_out", "seed"),
        ),
        "sphere": DataEntry(
            "reluflow.data.kinds.sphere:Sphere",
            "inputs in uniform directions, norms and sizes of targets uniform in [1, 2], signs random",
            required=("samples", "dimension"),
            optional=("seed",),
        ),
        "symmetric": DataEntry(
            "reluflow.data.kinds.symmetric:Symmetric",
            "normal or white inputs x beside -x, a linear target y, with noise or without, beside -y",
            required=("samples", "dimension"),
            optional=("noise", "white", "held_out", "seed"),
        ),
        "two-clusters": DataEntry(
            "reluflow.data.kinds.two_clusters:TwoClusters",
            "labels 1 and -1, inputs around two opposite centres",
            required=("samples", "dimension"),
            optional=("noise", "held_out", "seed"),
        ),
        "xor": DataEntry(
            "reluflow.data.kinds.xor:Xor",
            "labels 1 and -1, inputs around the corners of a square, opposite ones alike",
            required=("samples",),
            optional=("noise", "held_out", "seed"),
        ),
        "ring": DataEntry(
            "reluflow.data.kinds.ring:Ring",
            "labels 1 and -1, inputs on a circle and on a larger one around it",
            required=("samples",),
            optional=("noise", "held_out", "seed"),
        ),
        "spiral": DataEntry(
            "reluflow.data.kinds.spiral:Spiral",
            "labels 1 and -1, inputs on two spirals around each other",
            required=("samples",),
            optional=("noise", "held_out", "seed"),
        ),
        "moons": DataEntry(
            "reluflow.data.kinds.moons:Moons",
            "labels 1 and -1, inputs on two half circles that reach into each other",
            required=("samples",),
            optional=("noise", "held_out", "seed"),
        ),
    }
)

INITIALISATIONS: "Final[Registry[InitEntry, Initialisation]]" = Registry(
    {
        "balanced": InitEntry("reluflow.data.initialisation:balanced", "|a_j| = |w_j|, random signs"),
        "dominated": InitEntry(
            "reluflow.data.initialisation:dominated", "|a_j| >= |w_j|: a_j^2 = |w_j|^2 + g^2, random signs"
        ),
        "unbalanced": InitEntry("reluflow.data.initialisation:unbalanced", "both layers drawn independently"),
        "fixed-norm": InitEntry(
            "reluflow.data.initialisation:fixed_norm",
            "uniform directions, random signs, |a_j||w_j| alike in all and a_j^2 - |w_j|^2 = init.delta",
        ),
        "file": InitEntry(
            "reluflow.data.initialisation:read",
            "an .npz file with weights and output_weights",
            drawn=False,
        ),
    }
)
