"""reluflow: the gradient flow of one-hidden-layer ReLU networks, its plateaus and escapes.

``simulate`` trains from arrays, ``load_preset`` reads a preset, ``open_run`` a run directory, ``open_sweep``
the folder of a sweep, ``minimum_norm`` finds the least variation norm that fits, ``edge_between`` what lies
between two outcomes. They are imported when first
used, so that ``import reluflow`` costs nothing.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing it from typing would be all that takes time here
    from typing import Any

    from reluflow.store.preset import Preset, load_preset
    from reluflow.store.run_directory import Run, open_run
    from reluflow.sweep.edges.tracking import edge_between
    from reluflow.sweep.opening import Sweep, open_sweep
    from reluflow.theory.minimum_norm import MinimumNorm, minimum_norm
    from reluflow.training.simulation import Trajectory, simulate

__all__ = [
    "MinimumNorm",
    "Preset",
    "Run",
    "Sweep",
    "Trajectory",
    "edge_between",
    "load_preset",
    "minimum_norm",
    "open_run",
    "open_sweep",
    "simulate",
]

_HOMES = {
    "MinimumNorm": "reluflow.theory.minimum_norm",
    "Preset": "reluflow.store.preset",
    "Run": "reluflow.store.run_directory",
    "Sweep": "reluflow.sweep.opening",
    "Trajectory": "reluflow.training.simulation",
    "edge_between": "reluflow.sweep.edges.tracking",
    "load_preset": "reluflow.store.preset",
    "minimum_norm": "reluflow.theory.minimum_norm",
    "open_run": "reluflow.store.run_directory",
    "open_sweep": "reluflow.sweep.opening",
    "simulate": "reluflow.training.simulation",
}


def __getattr__(name: str) -> "Any":
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'reluflow' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
