"""The examples of CONTRIBUTING.md do what the page says of them."""

import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from problems import toy
from trained import trained

import reluflow.data
import reluflow.plot.views
import reluflow.theory.general
from reluflow.flow.base import State
from reluflow.plot.cells import plain
from reluflow.plot.glyphs import ASCII
from reluflow.registry import Registry
from reluflow.verification import judge

PAGE = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")


def block(mark: str) -> str:
    """The block of Python below a mark."""
    found = re.search(rf"<!-- {re.escape(mark)} -->\n *```python\n(.*?)\n *```", PAGE, re.DOTALL)
    assert found is not None, mark
    return textwrap.dedent(found[1])


def added(monkeypatch: pytest.MonkeyPatch, home: str, registry: ModuleType):
    """What a newcomer has after the two steps of the page: a new module, and a row that names it."""
    module = ModuleType(home)
    exec(block(f"example: {home}"), vars(module))
    monkeypatch.setitem(sys.modules, home, module)
    rows = eval(f"{{{block(f'row: {registry.__name__}')}}}", vars(registry).copy())
    ((name, row),) = rows.items()
    assert row.home.startswith(f"{home}:")
    return Registry(rows)[name], row


def test_a_kind_of_data(monkeypatch):
    kind, row = added(monkeypatch, "reluflow.data.kinds.circle", reluflow.data)
    few, more = (kind().build({"data.samples": n, "data.seed": 3}, Path()) for n in (4, 9))
    assert set(row.keys) <= {name for each in reluflow.data.DATA_KINDS.rows.values() for name in each.keys}
    assert few.inputs.shape == (4, 2)
    assert np.array_equal(few.inputs, more.inputs[:4])
    np.testing.assert_allclose(np.linalg.norm(more.inputs, axis=1), 1.0, rtol=1e-15)
    assert np.array_equal(more.targets, np.sign(more.inputs[:, 1]))


def test_a_view(monkeypatch):
    view, _ = added(monkeypatch, "reluflow.plot.views.fit", reluflow.plot.views)
    problem = toy(scale=0.3)
    state = State(0.0, problem.weights, problem.output_weights)
    for width, height in ((0, 0), (1, 1), (60, 12)):
        rows = view(state, problem, width, height, ASCII, None)
        assert [len(plain(row)) for row in rows] == [width] * height
    assert "h(x)" in plain(rows[-1])


def test_a_prediction():
    space = dict(vars(reluflow.theory.general))
    exec(block("example: reluflow.theory.general"), space)
    prediction = space["_descent"]()
    assert eval(f"{{{block('line: reluflow.theory')}}}") == {prediction.id: "the loss never grows"}
    run = trained(toy(scale=0.1), loss=1e-3)
    assert judge(prediction, run).state == "holds"
    run.series["loss"] = run.series["loss"][::-1].copy()
    assert judge(prediction, run).state == "fails"
