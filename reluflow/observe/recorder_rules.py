"""How closely the recorder watches, whatever is asked of a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True)
class RecorderRules:
    """How closely a run is recorded, and how much of it is looked at together."""

    #: movement (see ``change``) between snapshots at first; it doubles whenever they become too many
    spacing: float = 0.02
    #: pieces of one step that are recorded, at most
    pieces: int = 64
    #: neurons times samples whose gradients are worked out together
    room: int = 1 << 18
    #: hidden weights of several states that are looked at together
    many: int = 1 << 20
    #: hidden weights from which on a pass over them takes milliseconds, so that it is asked between two of
    #: them whether the step is still wanted
    long: int = 1 << 18
    #: observations between two of which the state is looked at for a snapshot, at most
    stride: int = 64
    #: factor of flow time after which it is looked at in any case
    wait: float = 1.05


RECORDER: Final = RecorderRules()


@dataclass(frozen=True)
class RecordRules:
    """How much is kept: at most ``snapshots`` states and ``memory_mb`` megabytes of them, ``series`` rows.

    ``resolution``: movement (see ``change``) within one step of the solver from which on the step's inside
    is recorded too, by dense output.
    """

    snapshots: int = 400
    series: int = 20_000
    memory_mb: float = 8.0
    resolution: float = 0.08

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "RecordRules":
        """The rules among the flat values of a preset."""
        return cls(values["record.snapshots"], values["record.series"], values["record.memory_mb"])
