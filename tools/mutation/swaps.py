"""What an operator, a comparison or a function becomes on a broken line, and what is left alone."""

import ast

OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitOr,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
BOUNDARIES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
OPPOSITES: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.GtE,
    ast.LtE: ast.Gt,
    ast.Gt: ast.LtE,
    ast.GtE: ast.Lt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_PAIRS = ("min max", "any all", "minimum maximum", "argmin argmax", "floor ceil", "zeros ones", "sin cos")
FUNCTIONS = {
    name: other for pair in _PAIRS for name, other in zip(pair.split(), pair.split()[::-1], strict=True)
}
#: Calls whose arguments only tell somebody something.
TELLING = {"log", "logger", "logging", "warnings", "print"}
#: Keywords that change nothing in a correct program.
GUARDS = {"strict", "frozen", "slots", "kw_only", "repr"}
#: A whole number from here on is halved: of a large one, one more would rarely matter.
LARGE = 10
