"""How long a module of the package and a function may be, and how many methods a class may have."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: lines of a file, and of a function beside its docstring; methods of a class, those of its own bases too
FILE, FUNCTION, CLASS = 300, 40, 60
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def definitions(body: list[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Classes, methods and functions; those within functions are part of these."""
    for node in body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from definitions(node.body)


def long_functions(tree: ast.Module) -> Iterator[str]:
    for node in definitions(tree.body):
        if isinstance(node, FUNCTIONS):
            body = node.body[ast.get_docstring(node) is not None :]
            if body and body[-1].end_lineno - body[0].lineno >= FUNCTION:
                yield node.name


def is_method(node: ast.stmt) -> bool:
    """Cached properties, which are attributes once they are used, are none."""
    return isinstance(node, FUNCTIONS) and not any(
        isinstance(each, ast.Name) and each.id == "cached_property" for each in node.decorator_list
    )


def large_classes(trees: list[ast.Module]) -> list[str]:
    """Bases are told apart by their names alone, which can only make a class larger."""
    own: dict[str, set[str]] = {}
    bases: dict[str, set[str]] = {}
    for node in (node for tree in trees for node in definitions(tree.body)):
        if isinstance(node, ast.ClassDef):
            own.setdefault(node.name, set()).update(one.name for one in node.body if is_method(one))
            names = {one.id for base in node.bases for one in ast.walk(base) if isinstance(one, ast.Name)}
            bases.setdefault(node.name, set()).update(names - {node.name})

    def methods(name: str) -> set[str]:
        return own.get(name, set()).union(*(methods(base) for base in bases.get(name, ())))

    return [name for name in own if len(methods(name)) > CLASS]


def test_what_is_too_long():
    lines = "\n".join(["    x = 0"] * FUNCTION)
    short = ast.parse(f'def short():\n    """Nothing.\n\n    More.\n    """\n{lines}\n')
    assert not list(long_functions(short))
    assert list(long_functions(ast.parse(f"def long():\n{lines}\n    x = 1\n"))) == ["long"]
    methods = [f"    def f{i}(self): ...\n" for i in range(CLASS + 1)]
    base, heir = "class Base(Other):\n" + "".join(methods[:30]), "class Heir(Base):\n" + "".join(methods[30:])
    assert large_classes([ast.parse(base), ast.parse(heir)]) == ["Heir"]


def test_nothing_in_the_package_is_too_long():
    sources = {
        path.relative_to(ROOT): path.read_text(encoding="utf-8") for path in ROOT.glob("reluflow/**/*.py")
    }
    assert len(sources) > 400
    assert [name for name, text in sources.items() if len(text.splitlines()) > FILE] == []
    trees = {name: ast.parse(text) for name, text in sources.items()}
    assert [(name, each) for name, tree in trees.items() for each in long_functions(tree)] == []
    assert large_classes(list(trees.values())) == []
