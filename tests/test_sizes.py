"""How long a module of the package, a function and a class may be."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: lines of a file, and of a function beside its docstring
FILE, FUNCTION = 300, 40


def long_functions(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :]
            if body and body[-1].end_lineno - body[0].lineno >= FUNCTION:
                yield node.name


def test_a_function_is_as_long_as_what_follows_its_docstring():
    lines = "\n".join(["    x = 0"] * FUNCTION)
    assert not list(long_functions(f'def short():\n    """Nothing.\n\n    More.\n    """\n{lines}\n'))
    assert list(long_functions(f"def long():\n{lines}\n    x = 1\n")) == ["long"]


def test_no_module_and_no_function_is_too_long():
    sources = {
        path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in ROOT.glob("reluflow/**/*.py")
    }
    assert len(sources) > 400
    assert [name for name, text in sources.items() if len(text.splitlines()) > FILE] == []
    assert [(name, each) for name, text in sources.items() for each in long_functions(text)] == []
