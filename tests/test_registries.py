"""Registries: what they name is there, and no name or line of help needs NumPy or Textual."""

from reluflow.flow import DEFAULT_METHOD, DESCENT, METHODS
from reluflow.flow.base import FlowSolver
from reluflow.store.keys import KEYS


def key(id: str):
    return next(key for key in KEYS if key.id == id)


def test_solvers_are_named_as_they_name_themselves():
    for name, solver in METHODS.items():
        assert issubclass(solver, FlowSolver)
        assert solver.name == name
    assert [name for name, solver in METHODS.items() if solver.discrete] == [DESCENT]
    assert DEFAULT_METHOD in METHODS
    assert key("solver.method").choices == tuple(METHODS)
    assert "euler" not in METHODS
