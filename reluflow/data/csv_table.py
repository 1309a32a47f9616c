"""Numbers from text files as people have them: names or none, an index or none, missing cells refused."""

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from reluflow.data.csv_dialect import SAMPLE, ReadingError, Sheet, in_cells
from reluflow.errors import PresetError, counted
from reluflow.network import Array

#: what stands for a missing number
_MISSING: Final = ("", "na", "n/a", "#n/a", "nan", "null", "none", "missing", "-", "?", ".")
#: names, beside none, of a first column of numbers in a row that is an index
_INDEX_NAMES: Final = ("", "#", "index", "idx", "id", "row", "unnamed: 0")
_MARKS: Final = ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig"))
#: Fortran's exponents, and a minus sign as typeset
_AS_PYTHON: Final = str.maketrans({"D": "e", "d": "e", "−": "-"})
#: characters beside separators that the rows of a plain file have, and those that an integer has not
_UNPLAIN: Final = re.compile(r"[^-+0-9.eE,;| \t\r\n]")
_FRACTION: Final = re.compile(r"^.*[.eE]", re.MULTILINE)
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|$)")
#: lines of a plain file from which its names are known and, with so many rows, its separator
_HEAD: Final = 200


@dataclass(frozen=True)
class Columns:
    """``values`` (n, c), the ``names`` of the columns ("" for none), ``index``: whether the first is one."""

    values: Array
    names: tuple[str, ...]
    index: bool


def read_columns(content: bytes, path: Path) -> Columns:
    """The columns of a text file. Raises PresetError with line, column and what was found there."""
    text = _text(content, path)
    return read_plain(text, path) or read_cells(text, path)


def read_plain(text: str, path: Path) -> Columns | None:
    """The columns of a file that can be read in one way only, by NumPy's parser, which is much quicker.

    None for every other file: one with a cell that is empty or no plain number, and one in which commas may
    be decimal or rows may have different lengths. ``read_cells`` then reads it, or says what is wrong.
    """
    begin = _beginning(text, _HEAD)
    try:
        sheet = in_cells(begin)
        names, first = _header(sheet, path)
    except (ReadingError, PresetError):
        return None
    known = len(sheet.rows) >= SAMPLE or len(begin) == len(text)
    if not known or len(sheet.rows) <= first or len(names) != _width(names):
        return None
    body = text[len(_beginning(text, sheet.lines[first] - 1)) :]
    if _UNPLAIN.search(body) or sheet.decimal != ".":
        return None
    # commas between integers may be decimal; two rows with a point or an exponent say that they are not
    fractions = sum(1 for _ in islice(_FRACTION.finditer(body), 2))
    sure = fractions == 2 if sheet.separator == "," else "," not in body
    separator = None if sheet.separator == " " else sheet.separator
    try:
        values = np.loadtxt(io.StringIO(body), delimiter=separator, comments=None, ndmin=2) if sure else None
    except ValueError:
        return None
    if values is None or len(names) not in (0, values.shape[1]) or not np.all(np.isfinite(values)):
        return None
    index = bool(names) and _is_index(values[:, 0], names[0])
    return Columns(values, tuple(names) or ("",) * values.shape[1], index)


def _beginning(text: str, lines: int) -> str:
    """The first lines of a text, with their ends."""
    place = 0
    for _ in range(lines):
        match = _LINE.match(text, place)
        if match is None or match.end() == place:
            break
        place = match.end()
    return text[:place]


def read_cells(text: str, path: Path) -> Columns:
    """The columns of a file cell by cell. Raises PresetError with line, column and what was found there."""
    try:
        sheet = in_cells(text)
    except ReadingError as error:
        raise PresetError(f"{path}, line {error.line}: {error.words}") from None
    names, first = _header(sheet, path)
    rows, lines = sheet.rows[first:], sheet.lines[first:]
    if not rows:
        raise PresetError(f"{path}: found no row of numbers; expected rows of numbers, such as 1.5,2,0.7")
    names = ["", *names] if _lacks_a_name(names, rows) else names
    width = _common_width(names, rows, lines, path)
    values = np.array(
        [_numbers(row[:width], sheet.decimal, line, path) for row, line in zip(rows, lines, strict=True)]
    )
    index = bool(names) and _is_index(values[:, 0], names[0])
    return Columns(values, tuple((names + [""] * width)[:width]), index)


def _text(content: bytes, path: Path) -> str:
    """The text of the bytes: Unicode by its mark, UTF-8, else Latin-1, without what ends it."""
    encoding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = text.rstrip("\x1a\0 \t\r\n") if text.rstrip("\0").endswith("\x1a") else text
    if (place := text.find("\0")) >= 0:
        line = text.count("\n", 0, place) + 1
        column = place - text.rfind("\n", 0, place)
        raise PresetError(f"{path}, line {line}, character {column}: found a NUL byte; expected text")
    return text


def _header(sheet: Sheet, path: Path) -> tuple[list[str], int]:
    """The names ([] for none) and how many rows they take. Refuses a line of units below them."""
    rows = sheet.rows
    if not rows or any(map(_is_value, rows[0])):
        return sheet.comment if _fits(sheet.comment, rows) else [], 0
    if len(rows) > 1 and not any(map(_is_value, rows[1])) and any(rows[1]):
        place = next(number for number, cell in enumerate(rows[1], 1) if cell)
        raise PresetError(
            f"{path}, line {sheet.lines[1]}, column {place}: found {rows[1][place - 1]!r} below the names, "
            "which looks like a line of units; expected numbers: delete that line"
        )
    return rows[0], 1


def _fits(comment: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether a comment names the columns below it."""
    return bool(rows) and len(comment) == len(rows[0]) > 1 and not any(map(_is_value, comment))


def _is_value(cell: str) -> bool:
    """Whether a cell is meant as a number, or says that one is missing."""
    if not cell:
        return False
    return cell.lower() in _MISSING or any(not math.isnan(_value(cell, decimal)) for decimal in ".,")


def _value(cell: str, decimal: str) -> float:
    """The number that a cell holds; NaN for none, and for none with that decimal mark."""
    if "_" in cell:
        return math.nan
    try:
        if decimal == ",":
            # a point beside decimal commas may be between thousands
            return math.nan if "." in cell else float(cell.replace(",", ".").translate(_AS_PYTHON))
        return float(cell)
    except ValueError:
        pass
    try:
        return float(cell.translate(_AS_PYTHON))
    except ValueError:
        return math.nan


def _lacks_a_name(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether all columns but the first have names, and that one counts the rows, as R writes them."""
    counts = [str(number) for number in range(1, len(rows) + 1)]
    return len(rows) > 1 and len(names) == len(rows[0]) - 1 > 0 and [row[0] for row in rows] == counts


def _common_width(
    names: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int], path: Path
) -> int:
    """The number of columns, without empty ones at the end. Raises PresetError for a row of another one."""
    most = len(names or rows[0])
    width = max(_width(names), *(min(_width(row), most) for row in rows), min(most, 2))
    for row, line in zip(rows, lines, strict=True):
        found = _width(row)
        if len(row) < width or found > width:
            above = "the names" if names else "the rows above"
            expected = f"expected {counted(width, 'column')} as in {above}"
            raise PresetError(f"{path}, line {line}: found {counted(found, 'column')}; {expected}")
    return width


def _width(cells: Sequence[str]) -> int:
    """How many cells there are, without empty ones at the end."""
    return next((number for number in range(len(cells), 0, -1) if cells[number - 1]), 0)


def _numbers(cells: Sequence[str], decimal: str, line: int, path: Path) -> list[float]:
    """The numbers of a row. Raises PresetError for the first cell that is no finite number."""
    values = [_value(cell, decimal) for cell in cells]
    for column, (cell, value) in enumerate(zip(cells, values, strict=True), 1):
        if not math.isfinite(value):
            place = f"{path}, line {line}, column {column}"
            raise PresetError(f"{place}: found {_found(cell)}; expected {_expected(cell, decimal)}")
    return values


def _found(cell: str) -> str:
    if not cell:
        return "an empty cell"
    missing = ", which stands for a missing number" if cell.lower() in _MISSING else ""
    shown = re.sub(r"\s", " ", cell)  # a blank that does not break lines is one all the same
    return repr(shown if len(shown) <= 40 else shown[:36] + " ...") + missing


def _expected(cell: str, decimal: str) -> str:
    other = "." if decimal == "," else ","
    if not (re.search(r"\d[\s'’]\d", cell) or other in cell) or not any(map(str.isdigit, cell)):
        return "a finite number"
    mark = "comma" if decimal == "," else "point"
    return f"a finite number with a decimal {mark} and nothing between thousands"


def _is_index(column: Array, name: str) -> bool:
    """Whether the first column counts the rows, or has no name and another whole number in each."""
    if name.lower() not in _INDEX_NAMES or not np.array_equal(column, np.rint(column)):
        return False
    counts = column[0] in (0.0, 1.0) and np.array_equal(column - column[0], np.arange(column.size))
    return bool(counts) or (name == "" and np.unique(column).size == column.size)
