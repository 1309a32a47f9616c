"""Figures for papers, talks and notebooks; they need matplotlib (the extra ``figures``).

Each function draws a run directory on an ``Axes`` that it is given, so that a notebook composes its own
figure; ``figure`` composes one of a kind with the look of ``reluflow plot``, and ``save`` writes it.
Nothing is imported before it is used.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_HOMES = {
    "angles": "reluflow.figures.angle_lines",
    "departures": "reluflow.figures.departure_lines",
    "directions": "reluflow.figures.compass",
    "eigen": "reluflow.figures.spectra",
    "explained": "reluflow.figures.spectra",
    "field": "reluflow.figures.fields",
    "figure": "reluflow.figures.kinds",
    "function": "reluflow.figures.functions",
    "loss": "reluflow.figures.loss_lines",
    "margins": "reluflow.figures.margin_lines",
    "norms": "reluflow.figures.neuron_lines",
    "save": "reluflow.figures.files",
    "spectrum": "reluflow.figures.spectra",
    "turning": "reluflow.figures.neuron_lines",
    "sweep_curves": "reluflow.figures.sweeps",
    "sweep_figure": "reluflow.figures.sweeps",
    "sweep_map": "reluflow.figures.sweeps",
    "sweep_table": "reluflow.figures.sweeps",
    "verification": "reluflow.figures.tables",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> "Any":
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'reluflow.figures' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
