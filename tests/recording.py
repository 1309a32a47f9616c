"""What may be recorded as text, and what of it is not as it was."""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from record import WIDEST, as_text, environment
from record_cases import Entries, Measured
from record_differences import TOLERANCE

from reluflow.errors import ReluflowError

FOLDER: Final = Path(__file__).parent / "recorded"
#: digits that are kept of a number
DIGITS: Final = 12
#: numbers below it are rounding of what would be zero, and those within words, as how closely something is
#: certified
ZERO: Final = 1e-13
ZERO_IN_WORDS: Final = 1e-10
#: numbers of an array that are kept one by one, at most
FEW: Final = 8
_NUMBER: Final = re.compile(r"-?\d+\.?\d*(?:e[-+]?\d+)?")


def plain(value: Any) -> Any:
    """Arrays, dataclasses and what else holds numbers as what JSON holds, leaving functions out.

    Of an array of many numbers there remain its shape, how many are finite if not all are, the sum of their
    sizes, and a sum in which every number has a weight of its own.
    """
    if isinstance(value, np.ndarray) and value.size > FEW:
        numbers = value.ravel()[np.isfinite(value.ravel())]
        sums = [np.sum(np.abs(numbers)), np.cos(np.arange(numbers.size)) @ numbers]
        shape = [*value.shape, *(["finite", numbers.size] if numbers.size < value.size else [])]
        return {"shape": shape, "sums": [plain(float(each)) for each in sums]}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if is_dataclass(value):
        value = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items() if not callable(each)}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value


def entries(value: Any, depth: int = 2) -> Entries:
    """The same, with what mappings and lists hold, and what those in them hold, on lines of their own."""
    parts = {"": plain(value)}
    for _ in range(depth):
        parts = {f"{name}/{key}": part for name, whole in parts.items() for key, part in _parts(whole)}
    return {re.sub("/+", "/", name).strip("/"): part for name, part in parts.items()}


def _parts(whole: Any) -> list[tuple[str, Any]]:
    if isinstance(whole, dict):
        return list(whole.items())
    if isinstance(whole, list) and any(isinstance(each, list | dict) for each in whole):
        return [(str(place), each) for place, each in enumerate(whole)]
    return [("", whole)]


def differences(old: Any, new: Any, name: str = "", close: float = TOLERANCE) -> Iterator[str]:
    """What of ``new`` is not as in ``old``, each in one line; ``close``: relative.

    Numbers in a list are compared by the largest of them, numbers within words as if they stood alone.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        if old.keys() != new.keys():
            yield f"{name}: has {', '.join(new)}, had {', '.join(old)}"
        for key in sorted(old.keys() & new.keys()):
            yield from differences(old[key], new[key], f"{name}/{key}", close)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        numbers = [abs(each) for each in [*old, *new] if type(each) is float and math.isfinite(each)]
        size = max(numbers, default=0.0)
        for place, (before, now) in enumerate(zip(old, new, strict=True)):
            if not (type(before) is type(now) is float and _near(before, now, close, size)):
                yield from differences(before, now, f"{name}[{place}]", close)
    elif isinstance(old, str) and isinstance(new, str):
        before, now = (_NUMBER.findall(text) for text in (old, new))
        same = _NUMBER.sub("#", old) == _NUMBER.sub("#", new)
        if not same or not all(
            _near(float(a), float(b), close, zero=ZERO_IN_WORDS) for a, b in zip(before, now, strict=True)
        ):
            yield f"{name}: {old!r} -> {new!r}"
    elif type(old) is not type(new) or not (_near(old, new, close) if type(old) is float else old == new):
        yield f"{name}: {old!r} -> {new!r}"


def _near(old: float, new: float, close: float, size: float = 0.0, zero: float = ZERO) -> bool:
    if old == new or (math.isnan(old) and math.isnan(new)):
        return True
    return math.isfinite(old - new) and abs(old - new) <= max(zero, close * max(abs(old), abs(new), size))


def attempted(say: Callable[..., Any], *of: Any, **how: Any) -> Any:
    """What is said, or the sentence that says why nothing is."""
    try:
        return say(*of, **how)
    except ReluflowError as error:
        return str(error)


@cache
def load(name: str) -> dict[str, Entries]:
    """The record of a name, by its cases; empty if there is none yet."""
    path = FOLDER / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8"))["cases"] if path.exists() else {}


def make(name: str, cases: Mapping[str, Callable[[], Any]]) -> None:
    """Record anew what cases give, and print what differs from what was recorded."""
    before, now = load(name), {case: entries(give()) for case, give in cases.items()}
    FOLDER.mkdir(exist_ok=True)
    measured = {case: Measured(case, found, {}) for case, found in now.items()}
    (FOLDER / f"{name}.json").write_text(as_text(environment(), measured), encoding="utf-8")
    for case, found in now.items():
        for words in differences(before[case], found, case) if case in before else [f"{case}: is new"]:
            print(words[:WIDEST])
