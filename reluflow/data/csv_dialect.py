"""How the numbers of a text file are separated and written: commas, semicolons, tabs, blanks; decimal commas.

What a file leaves open is never guessed: a line that can be read in two ways is refused with both readings.
"""

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

#: separators, those first that stand in numbers and names least
_SEPARATORS: Final = ("\t", ";", "|", ",")
_BLANKS: Final = " "
#: a number with a decimal comma, and one whose commas may as well be between thousands
_COMMA: Final = re.compile(r"[+-]?\d*,\d*([eE][+-]?\d+)?")
_THOUSANDS: Final = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
#: a number with a decimal comma and something between its thousands, which is refused as such
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}([.\s'’]\d{3})+,\d+")
_INTEGER: Final = re.compile(r"[+-]?\d+")
#: what may follow a decimal comma, and a number without one
_FRACTION: Final = re.compile(r"\d+([eE][+-]?\d+)?")
_WITHOUT_COMMA: Final = re.compile(r"[+-]?\d+([eE][+-]?\d+)?")
_SEP_LINE: Final = re.compile(r'"?sep=(.|\\t)"?\s*', re.IGNORECASE)
#: lines from which the separator is found
SAMPLE: Final = 100
#: numbers of a reading that are shown
_SHOWN: Final = 6


class ReadingError(Exception):
    """A line that cannot be read, or in more than one way: its number from 1 and the end of a sentence."""

    def __init__(self, line: int, words: str) -> None:
        super().__init__(words)
        self.line, self.words = line, words


@dataclass(frozen=True)
class Sheet:
    """A text file in cells.

    ``rows``: cells of every line that is neither blank nor a comment; ``lines``: their numbers in the file,
    from 1; ``comment``: cells of the last line led by ``#`` above all rows, where ``numpy.savetxt`` writes
    names; ``separator``; ``decimal``: "." or ",".
    """

    rows: list[list[str]]
    lines: list[int]
    comment: list[str]
    separator: str
    decimal: str


def in_cells(text: str) -> Sheet:
    """The cells of a text. Raises ReadingError."""
    separator, numbered = None, list(enumerate(re.split(r"\r\n|\n|\r", text), 1))
    if numbered and (told := _SEP_LINE.fullmatch(numbered[0][1])):
        separator = told[1].replace("\\t", "\t")
        numbered = numbered[1:]
    used = [(line, words) for line, words in numbered if words.strip() and words.lstrip()[0] != "#"]
    first = used[0][0] if used else 0
    above = [(line, words) for line, words in numbered if line < first and words.strip()]
    sample = [words for _, words in used[:SAMPLE]]
    separator = separator or _separator(sample)
    rows = [(line, row) for line, row in _split(used, separator) if any(row)]
    lines, cells = [line for line, _ in rows], [row for _, row in rows]
    if separator == ",":
        texts = [words for _, words in used]
        _refuse_commas_of_two_kinds(cells, lines, texts)
        _refuse_commas_below_fewer_names(cells, lines, texts)
    named = [(line, words.strip().lstrip("# \t")) for line, words in above[-1:]]
    comment = next((row for _, row in _split(named, separator)), [])
    return Sheet(cells, lines, comment, separator, _decimal(cells, lines))


def _split(numbered: Sequence[tuple[int, str]], separator: str) -> Iterable[tuple[int, list[str]]]:
    """(number of the line where it ends, cells) of every row; quotes may hold separators."""
    lines = [re.sub(r"\s+", " ", line.strip()) if separator == _BLANKS else line for _, line in numbered]
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True, strict=True)
    begun = 0
    try:
        for row in reader:
            begun = reader.line_num
            yield numbered[reader.line_num - 1][0], [cell.strip() for cell in row]
    except csv.Error as error:
        if "end of data" in str(error) or ("limit" in str(error) and reader.line_num > begun + 1):
            raise ReadingError(
                numbered[begun][0], "found a quote without a second; expected numbers"
            ) from None
        line = numbered[max(reader.line_num, 1) - 1][0]
        raise ReadingError(line, f"found no row of cells ({error}); expected numbers") from None


def _separator(sample: Sequence[str]) -> str:
    """That of most lines; blanks where there is none, or where the commas are decimal."""
    unquoted = [re.sub(r'"[^"]*"', "x", line) for line in sample]
    for separator in _SEPARATORS:
        holding = [line for line in unquoted if separator in line]
        if 2 * len(holding) > len(unquoted) or (holding and len(unquoted) <= 2):
            return _BLANKS if separator == "," and _has_decimal_commas_between_blanks(unquoted) else separator
    return _BLANKS


def _has_decimal_commas_between_blanks(lines: Sequence[str]) -> bool:
    """Whether the last line is numbers with decimal commas between blanks: 1,5 0,25."""
    cells = lines[-1].split()
    return len(cells) > 1 and all(
        any(kind.fullmatch(cell) for kind in (_COMMA, _INTEGER, _GROUPED)) for cell in cells
    )


def _decimal(rows: Sequence[Sequence[str]], lines: Sequence[int]) -> str:
    """The decimal mark; refused where every comma may be decimal or between thousands."""
    unsure: tuple[int, Sequence[str]] | None = None
    for line, row in zip(lines, rows, strict=True):
        for cell in row:
            if "," not in cell:
                continue
            if _THOUSANDS.fullmatch(cell):
                unsure = unsure or (line, row)
            elif (_COMMA.fullmatch(cell) and len(cell) > 1) or _GROUPED.fullmatch(cell):
                return ","
    if unsure is None:
        return "."
    line, row = unsure
    raise ReadingError(
        line,
        f"found a line that can be read as {_shown(row, ',', '.')} or, with commas between thousands, as "
        f"{_shown(row, ',', '')}; expected numbers without commas",
    )


def _refuse_commas_of_two_kinds(
    rows: Sequence[Sequence[str]], lines: Sequence[int], texts: Sequence[str]
) -> None:
    """Commas that may separate numbers and mark their decimals at once: 1,5,0,25 and 1,5, 0,25."""
    data = [(line, row) for line, row in zip(lines, rows, strict=True) if all(map(_INTEGER.fullmatch, row))]
    if not data or len(data) < len(rows) - 1:
        return
    line, row = data[0]
    if len(data) < len(rows) and len(rows[0]) == len(row):
        return
    spaced = [re.split(r",\s+", text.strip()) for text in texts[-len(data) :]]
    if len({len(cells) for cells in spaced}) == 1 and 1 < len(spaced[0]) < len(row):
        raise _two_readings(line, row, spaced[0])
    if len(row) % 2 == 0 and len(row) > 2 and all(_is_in_pairs(cells) for _, cells in data):
        pairs = [",".join(pair) for pair in zip(row[::2], row[1::2], strict=True)]
        odd = any(
            cell in ("-0", "+0") or (len(cell) > 1 and cell[0] == "0") for _, cells in data for cell in cells
        )
        if odd:
            raise _two_readings(line, row, pairs)


def _refuse_commas_below_fewer_names(
    rows: Sequence[Sequence[str]], lines: Sequence[int], texts: Sequence[str]
) -> None:
    """Rows that have as many numbers as names if some of their commas are decimal: x,y above 1,5,2.

    The first number of a row may as well count the rows and have no name. Quotes say what is one number.
    """
    if len(rows) < 2 or any(map(_WITHOUT_COMMA.fullmatch, rows[0])):
        return
    names, data = rows[0], rows[1:]
    all_decimal = len(data[0]) == 2 * len(names)
    if len(data[0]) <= len(names) or (len(data) == 1 and not all_decimal):  # a row that is just too long
        return
    if any(len(row) != len(data[0]) for row in data) or any('"' in text for text in texts[1:]):
        return
    decimal = [_with_decimal_commas(row, len(names)) for row in data]
    if decimal[0] is not None and None not in decimal:
        raise _two_readings(lines[1], data[0], decimal[0], ", or a name for every column")


def _with_decimal_commas(row: Sequence[str], count: int) -> list[str] | None:
    """A row in so many cells, its first commas taken for decimal ones; None where that cannot be."""
    if not all(map(_WITHOUT_COMMA.fullmatch, row)):
        return None
    cells: list[str] = []
    for cell in row:
        left = len(row) - len(cells) - sum("," in each for each in cells)
        joined = (
            cells and "," not in cells[-1] and _INTEGER.fullmatch(cells[-1]) and _FRACTION.fullmatch(cell)
        )
        if joined and len(cells) + left > count:
            cells[-1] += "," + cell
        else:
            cells.append(cell)
    return cells if len(cells) == count else None


def _is_in_pairs(cells: Sequence[str]) -> bool:
    return all(cell.isdigit() for cell in cells[1::2])


def _two_readings(line: int, row: Sequence[str], decimal: Sequence[str], other: str = "") -> ReadingError:
    return ReadingError(
        line,
        f"found a line that can be read as {_shown(row)} or, with decimal commas, as "
        f"{_shown(decimal, ',', '.')}; expected decimal points, or semicolons between the numbers{other}",
    )


def _shown(cells: Sequence[str], old: str = "", new: str = "") -> str:
    """The first numbers of a reading, with bars between."""
    few = [cell.replace(old, new) if old else cell for cell in cells[:_SHOWN]]
    return " | ".join(few) + (" | ..." if len(cells) > _SHOWN else "")
