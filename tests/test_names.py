"""No module uses another's underscore names, be it one of the package, a test or a tool."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("reluflow", "tests", "tools", "benchmarks")
#: what needs private parts of a library offers them under public names, or says whether they have changed
ALLOWED = {
    "reluflow/flow/scipy_private.py",
    "reluflow/tui/terminal/private.py",
    "tests/tui/textual_private.py",
    "tests/tui/test_private.py",
}
#: public in spite of their names: a function of the standard library, and what notebooks call
PUBLIC = {"_exit", "_repr_html_"}
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__") and name not in PUBLIC


def is_own(value: ast.expr) -> bool:
    """Whether it is ``self``, ``cls`` or ``super()``."""
    if isinstance(value, ast.Call):
        return isinstance(value.func, ast.Name) and value.func.id == "super"
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def defined(nodes: list[ast.AST]) -> set[str]:
    """Functions, classes, their fields, and the attributes that their methods set."""
    names = {node.name for node in nodes if isinstance(node, DEFINITIONS)}
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_own(node.value):
            names.add(node.attr)
        elif isinstance(node, ast.ClassDef):
            fields = (part.target for part in node.body if isinstance(part, ast.AnnAssign))
            names |= {field.id for field in fields if isinstance(field, ast.Name)}
    return names


#: an attribute with such a name of anything but self, cls and super(); an import of one; one in a string
ATTRIBUTE = re.compile(r"\._(?<!\bself\._)(?<!\bcls\._)(?<!super\(\)\._)[A-Za-z]")
IMPORT = re.compile(r"import (\(([^)]*[\s,])?|[^\n]*[ ,])?_[A-Za-z]")
STRING = re.compile(r"""["']_[A-Za-z]""")


def may_mention(source: str) -> bool:
    """Whether there may be others' private names in it, which is told much sooner than which."""
    return bool(
        ATTRIBUTE.search(source) or IMPORT.search(source) or ("attr(" in source and STRING.search(source))
    )


def foreign(source: str) -> Iterator[str]:
    """What a module uses of others' private names, each with its line."""
    if not may_mention(source):
        return
    nodes = list(ast.walk(ast.parse(source)))
    own = defined(nodes)
    for node in nodes:
        used: list[str] = []
        if isinstance(node, ast.ImportFrom):
            used = [*(node.module or "").split("."), *(each.name for each in node.names)]
        elif isinstance(node, ast.Import):
            used = [part for each in node.names for part in each.name.split(".")]
        elif isinstance(node, ast.Attribute) and not is_own(node.value) and node.attr not in own:
            used = [node.attr]
        elif isinstance(node, ast.Call) and len(node.args) > 1 and not is_own(node.args[0]):
            function = node.func
            called = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
            name = node.args[1]
            if called in ("getattr", "setattr", "delattr", "hasattr") and isinstance(name, ast.Constant):
                used = [str(name.value)]
        yield from (f"line {node.lineno}: {name}" for name in used if is_private(name))


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from a import _b", ["_b"]),
        ("from a import (_b)", ["_b"]),
        ("from a import (\n    c,  # d\n    _b,\n)", ["_b"]),
        ("import a, _b", ["_b"]),
        ("import a._b", ["_b"]),
        ("from a._b import c", ["_b"]),
        ("a.b()._c", ["_c"]),
        ("monkeypatch.setattr(a, '_b', 1)", ["_b"]),
        ("getattr(a, '_b')", ["_b"]),
        ("self._b + cls._c + super()._d() + os._exit(1) + a.__doc__", []),
        ("class A:\n  def _b(self): ...\n  def c(self, other): return other._b", []),
        ("class A:\n  _b: int\n  def c(self, other): return other._b + other._d", ["_d"]),
        ("class A:\n  def __init__(self, other): self._b = other._b", []),
        ("def f(a): a._b = 1", ["_b"]),
    ],
)
def test_what_counts_as_anothers_private_name(source: str, found: list[str]) -> None:
    assert [each.partition(": ")[2] for each in foreign(source)] == found


def test_no_module_uses_anothers_private_names() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix(): list(foreign(path.read_text("utf-8"))) for path in files}
    assert {name: names for name, names in found.items() if names and name not in ALLOWED} == {}
    assert all(found[name] for name in ALLOWED)
