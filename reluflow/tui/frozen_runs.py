"""Frozen runs are kept for comparison: their curves, and a label that says how they differ."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reluflow.errors import ReluflowError
from reluflow.live.frame import Frame
from reluflow.network import Array
from reluflow.plot.axes import short
from reluflow.store.preset import Preset
from reluflow.training.training import Training
from reluflow.tui.typed_values import text_of

#: what the curves behind are called
LETTERS: Final = "abcdefghij"
#: More curves than this cannot be told apart.
MOST: Final = 6
#: Seconds of solving that a curve from the last session may take.
AGAIN_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Origin:
    """The beginning of a run: a flow time of the run that the preset ``name`` makes."""

    name: str
    t: float = 0.0


@dataclass(frozen=True, eq=False)
class FrozenRun:
    """A run as it was when it was frozen; no two are the same, whatever they hold.

    ``method``: the solver that made it. ``series``: its columns (k,). ``origin``: where a
    branch began.
    """

    preset: Preset
    method: str
    series: Mapping[str, Array]
    origin: Origin | None = None

    @classmethod
    def of(cls, frame: Frame, origin: Origin | None = None) -> "FrozenRun | None":
        """The run of a frame, None if nothing is recorded of it."""
        if frame.history is None:
            return None
        return cls(frame.preset, frame.method, frame.history.series, origin)

    @property
    def comes_from(self) -> Origin:
        """The beginning of the run; for a run that is no branch, time 0 of itself."""
        return self.origin or Origin(self.preset.name)

    def is_same_run(self, other: "FrozenRun") -> bool:
        """Whether both come from the same preset and solver, so that one is a part of the other."""
        return (self.preset.name, self.preset.values, self.method) == (
            other.preset.name,
            other.preset.values,
            other.method,
        )

    def label(self, present: Frame) -> str:
        """Its differences from the run on show: its values of the keys in which the two differ."""
        if self.preset.name != present.preset.name:
            return self.preset.name
        words = _differences(self.preset, present.preset)
        if self.method != present.method:
            words.insert(0, self.method)
        return ", ".join(words) or "the same"


def solved(preset: Preset, halted: Callable[[], bool]) -> "FrozenRun | str":
    """The run of a preset, solved here and now for a while at most, or a sentence on why there is none."""
    try:
        training = Training.from_preset(preset)
    except (ReluflowError, OSError, MemoryError, ArithmeticError, ValueError) as error:
        return f"the curve of {preset.name} cannot be solved anew: {error}"
    training.advance(AGAIN_SECONDS, halted, abandoned=halted)
    return FrozenRun(preset, training.method, training.recorder.history.series)


def _differences(preset: Preset, other: Preset) -> list[str]:
    """The preset's values of the keys, but for the method, in which it differs from another."""
    own, others = preset.values, other.values
    keys = [key for key in own if own[key] != others.get(key) and key != "solver.method"]
    return [f"{key.split('.')[-1]} {_text(own[key])}" for key in keys]


def what_differs(preset: Preset, other: Preset) -> str:
    """The differences of a preset from another in words, the method first."""
    method = preset.values.get("solver.method")
    changed = method is not None and method != other.values.get("solver.method")
    words = [f"method {method}", *_differences(preset, other)] if changed else _differences(preset, other)
    return ", ".join(words) or "the same"


def _text(value: Any) -> str:
    return short(value) if isinstance(value, float) else text_of(value)
