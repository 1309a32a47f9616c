"""Every way in which a line of a module can be broken, found in its syntax tree.

Left alone are strings and what becomes part of one, docstrings, annotations, decorators, assertions, what an
exception says, and keywords that only guard against misuse.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mutation.swaps import BOUNDARIES, FUNCTIONS, GUARDS, LARGE, OPERATORS, OPPOSITES, TELLING


@dataclass(frozen=True)
class Mutant:
    """One broken line: bytes ``start`` to ``end`` of ``file`` become ``text``.

    ``lines``: first and last line of the statement, by which tests are found; ``at_import``: it runs when the
    module is imported; ``before``, ``after``: the lines that change, stripped.
    """

    file: str
    line: int
    scope: str
    kind: str
    start: int
    end: int
    text: str
    lines: tuple[int, int]
    at_import: bool
    before: str
    after: str

    def applied(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]


def mutants(path: Path, file: str) -> list[Mutant]:
    """All mutants of a module, in the order of its lines; ``file``: its name in them."""
    finder = Finder(path.read_bytes(), file)
    finder.visit(ast.parse(finder.source))
    found = (one for one in finder.found if one.before != one.after)
    return sorted(found, key=lambda one: (one.line, one.start, one.kind, one.text))


class Finder(ast.NodeVisitor):
    """Walks a module and notes its mutants."""

    def __init__(self, source: bytes, file: str) -> None:
        self.source = source
        self.found: list[Mutant] = []
        self._file = file
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._scope: list[str] = []
        self._returns = ""
        self._at_import = True
        self._lines = (1, 1)

    # ------------------------------------------------------------------ what is noted

    def _note(self, node: ast.expr | ast.stmt, kind: str, text: str) -> None:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        first, last = self._starts[node.lineno - 1], self._starts[node.end_lineno]
        before = self.source[first:last].decode()
        after = (self.source[first:start] + text.encode() + self.source[end:last]).decode()
        shown = [" ".join(line.strip() for line in lines.splitlines()) for lines in (before, after)]
        scope = ".".join(self._scope)
        place = (self._file, node.lineno, scope, kind, start, end, text, self._lines, self._at_import)
        self.found.append(Mutant(*place, *shown))

    def _change(self, node: ast.expr, kind: str, change: Callable[[ast.expr], object]) -> None:
        """Note ``node`` after ``change`` has been made to a copy of it."""
        changed = copy.deepcopy(node)
        change(changed)
        self._note(node, kind, f"({ast.unparse(changed)})")

    def _negate(self, test: ast.expr) -> None:
        self._note(test, "condition", f"(not ({ast.unparse(test)}))")

    def _drop(self, node: ast.stmt) -> None:
        self._note(node, "statement", "pass")

    # ------------------------------------------------------------------ where it is

    def visit(self, node: ast.AST) -> None:
        if not isinstance(node, ast.stmt):
            super().visit(node)
            return
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        outer, self._lines = self._lines, (node.lineno, max(last, node.lineno))
        super().visit(node)
        self._lines = outer

    @contextmanager
    def _inside(self, name: str, returns: str, at_import: bool) -> Iterator[None]:
        outer = self._returns, self._at_import
        self._scope.append(name)
        self._returns, self._at_import = returns, at_import
        yield
        self._scope.pop()
        self._returns, self._at_import = outer

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        with self._inside(node.name, "", True):
            for default in [*node.args.defaults, *node.args.kw_defaults]:
                if default is not None:
                    self.visit(default)
        with self._inside(node.name, ast.unparse(node.returns) if node.returns else "", False):
            for statement in node.body:
                self.visit(statement)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        with self._inside(node.name, "", self._at_import):
            for statement in node.body:
                self.visit(statement)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.visit(node.body)

    # ------------------------------------------------------------------ statements

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and ast.unparse(node.annotation) not in ("TypeAlias", "Any"):
            if isinstance(node.target, ast.Attribute):
                self._drop(node)
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        if any(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
            self._drop(node)
        if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets):
            self.visit(node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._drop(node)
        other = OPERATORS.get(type(node.op))
        if other is not None and not _is_text(node.value):
            changed = copy.deepcopy(node)
            changed.op = other()
            self._note(node, "operator", ast.unparse(changed))
        self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        value = node.value.value if isinstance(node.value, ast.Await) else node.value
        if isinstance(value, ast.Call) and not _tells(value):
            self._drop(node)
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._drop(node)

    visit_Break = visit_Continue = _drop  # noqa: N815

    def visit_Assert(self, node: ast.Assert) -> None:
        """Leave it: an assertion guards."""

    def visit_If(self, node: ast.If) -> None:
        test = ast.unparse(node.test)
        if "TYPE_CHECKING" in test or "__name__" in test:
            return
        self._negate(node.test)
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            return
        value, returns = ast.unparse(node.value), self._returns
        other = {"bool": f"(not ({value}))", "int": f"({value}) + 1", "float": f"({value}) + 1.0"}.get(
            returns
        )
        if returns == "Array" or returns.startswith("NDArray["):
            other = f"(-({value}))"
        elif returns.endswith("| None") and value != "None":
            other = "None"
        if other is not None:
            self._note(node.value, "returned value", other)
        self.visit(node.value)

    def visit_match_case(self, node: ast.match_case) -> None:
        for child in [*([node.guard] if node.guard else []), *node.body]:
            self.visit(child)

    # ------------------------------------------------------------------ expressions

    def visit_BinOp(self, node: ast.BinOp) -> None:
        other = OPERATORS.get(type(node.op))
        of_types = isinstance(node.op, ast.BitOr) and self._at_import
        if other is not None and not of_types and not _is_text(node.left) and not _is_text(node.right):
            self._change(node, "operator", lambda changed: setattr(changed, "op", other()))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        kind = "condition" if isinstance(node.op, ast.Not) else "sign"
        self._note(node, kind, f"({ast.unparse(node.operand)})")
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        self._change(node, "connective", lambda changed: setattr(changed, "op", other()))
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for table, kind in ((BOUNDARIES, "boundary"), (OPPOSITES, "comparison")):
            for place, operator in enumerate(node.ops):
                if type(operator) in table:
                    other = table[type(operator)]()
                    ops = [*node.ops[:place], other, *node.ops[place + 1 :]]
                    self._change(node, kind, lambda changed, ops=ops: setattr(changed, "ops", ops))
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._change(node, "condition", lambda one: setattr(one, "test", ast.UnaryOp(ast.Not(), one.test)))
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self._negate(test)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._note(node, "constant", repr(not value))
        elif isinstance(value, int):
            self._note(node, "constant", repr(value + 1 if value < LARGE else value // 2))
        elif isinstance(value, float):
            self._note(node, "constant", repr(float(f"{1.5 * value:.12g}") if value else 1.0))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Leave it: it is read by people."""

    def visit_Call(self, node: ast.Call) -> None:
        if _tells(node) or ast.unparse(node.func) in ("cast", "TypeVar"):
            return
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in FUNCTIONS:
            field = "attr" if isinstance(node.func, ast.Attribute) else "id"
            self._change(node, "function", lambda one: setattr(one.func, field, FUNCTIONS[name]))
        for child in ast.iter_child_nodes(node):
            if name != "reshape" or ast.unparse(child) != "-1":  # any negative number means the same
                self.visit(child)

    def visit_keyword(self, node: ast.keyword) -> None:
        if node.arg not in GUARDS:
            self.visit(node.value)


def _is_text(node: ast.expr) -> bool:
    text = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return text or isinstance(node, ast.JoinedStr)


def _tells(node: ast.Call) -> bool:
    return ast.unparse(node.func).split(".")[0] in TELLING
