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
    }
)

INITIALISATIONS: "Final[Registry[InitEntry, Initialisation]]" = Registry(
    {
        "balanced": InitEntry("reluflow.data.initialisation:balanced", "|a_j| = |w_j|, random signs"),
        "dominated": InitEntry(
            "reluflow.data.initialisation:dominated", "|a_j| >= |w_j|: a_j^2 = |w_j|^2 + g^2, random signs"
        ),
        "unbalanced": InitEntry("reluflow.data.initialisation:unbalanced", "both layers drawn independently"),
        "file": InitEntry(
            "reluflow.data.initialisation:read",
            "an .npz file with weights and output_weights",
            drawn=False,
        ),
    }
)
