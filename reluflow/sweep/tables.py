"""Files of rows: CSV, or Parquet for many of them where pyarrow is installed."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, Final

import numpy as np

from reluflow.errors import SweepError
from reluflow.store.files import write_atomically
from reluflow.sweep.columns import Column, Heading, read_column, written_cell
from reluflow.sweep.escapes import ESCAPE_TIMES, are_times
from reluflow.sweep.parts import lines
from reluflow.sweep.solving import Cells

CSV: Final = "rows.csv"
PARQUET: Final = "rows.parquet"
#: In the order in which they are read.
TABLES: Final = (CSV, PARQUET)


def table_names() -> tuple[str, str]:
    """The table that is written, and the other one, which it takes the place of."""
    return (PARQUET, CSV) if find_spec("pyarrow") is not None else (CSV, PARQUET)


def read_table(path: Path, names: Sequence[Heading], damaged: dict[Path, str]) -> dict[str, Column]:
    """The columns (k,) of a file of rows, by name; what cannot be read is told in ``damaged``.

    Raises SweepError for a table in Parquet where pyarrow is not installed.
    """
    try:
        if path.name == PARQUET:
            return _from_parquet(path, names, damaged)
        return _columns(_rows_of(path, [each.name for each in names], damaged), names, path, damaged)
    except FileNotFoundError:  # a part that another process has put into the table meanwhile
        return _columns([], names, path, damaged)
    except OSError as error:
        damaged[path] = f"{path}: damaged: cannot be read ({error.strerror}); its runs count as missing"
        return _columns([], names, path, damaged)


def write_table(path: Path, names: Sequence[Heading], columns: Mapping[str, Column]) -> None:
    """Write a table whole, in place of one that is there. Raises OSError."""
    if path.name == PARQUET:
        arrow, parquet = (import_module(name) for name in ("pyarrow", "pyarrow.parquet"))
        table = arrow.table({each.name: arrow.array(columns[each.name]) for each in names})
        write_atomically(path, lambda file: parquet.write_table(table, file))
        return
    cells = [list(map(written_cell, columns[each.name].tolist())) for each in names]
    text = lines([[each.name for each in names], *zip(*cells, strict=True)])
    write_atomically(path, lambda file: _write(file, text))


def _write(file: IO[bytes], text: str) -> None:
    file.write(text.encode("utf-8"))


def _from_parquet(path: Path, names: Sequence[Heading], damaged: dict[Path, str]) -> dict[str, Column]:
    if find_spec("pyarrow") is None:
        raise SweepError(f"{path} needs pyarrow; expected pip install 'reluflow[parquet]' before")
    parquet: Any = import_module("pyarrow.parquet")
    trouble = "it does not hold the columns of this study"
    try:
        with path.open("rb") as file:  # pyarrow itself opens no path that is not UTF-8
            # In this thread alone: one of Arrow's that still holds a part of the file when the interpreter
            # ends aborts the process.
            table = parquet.ParquetFile(file, pre_buffer=False).read(use_threads=False)
    except (ValueError, OSError):  # what pyarrow raises for any damage is one of them
        table, trouble = None, "it is cut off, or no whole file of Parquet"
    if table is None or table.column_names != [each.name for each in names]:
        damaged[path] = f"{path}: damaged: {trouble}; its runs count as missing"
        return _columns([], names, path, damaged)
    return {each.name: _from_arrow(table[each.name], each) for each in names}


def _from_arrow(column: Any, heading: Heading) -> Column:
    if heading.kind == "text":
        return np.asarray(column.to_pylist(), dtype=object) if len(column) else np.empty(0, dtype=object)
    return np.asarray(column.to_numpy())


def _columns(
    rows: Sequence[Cells], names: Sequence[Heading], path: Path, damaged: dict[Path, str]
) -> dict[str, Column]:
    """Rows of cells by column; a cell that is no number is NaN, and told."""
    cells = zip(*rows, strict=True) if rows else ([] for _ in names)
    found: dict[str, Column] = {}
    for heading, column in zip(names, cells, strict=True):
        if heading.name == ESCAPE_TIMES and not are_times(column := list(column)):
            column = [cell if are_times([cell]) else "" for cell in column]
            damaged[path] = f"{path}: damaged: cells of {heading.name} are no times, and are left out"
        try:
            found[heading.name] = read_column(list(column), heading.kind)
        except ValueError:
            found[heading.name] = np.array([_number(cell) for cell in column])
            damaged[path] = f"{path}: damaged: cells of {heading.name} are no numbers, and are left out"
    return found


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _rows_of(path: Path, names: list[str], damaged: dict[Path, str]) -> list[Cells]:
    """The rows of a file of CSV that are whole; what is not is told in ``damaged``."""
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        whole = [line for line in file if line.endswith("\n")]
    if not whole or _cells(whole[0]) != names:
        damaged[path] = f"{path}: damaged: its first line does not name the columns of this study"
        return []
    rows = _together(whole[1:], len(names))
    if rows is None:
        rows = [cells for cells in map(_cells, whole[1:]) if len(cells) == len(names)]
        broken = len(whole) - 1 - len(rows)
        damaged[path] = f"{path}: damaged: {broken} line(s) are no rows; their runs count as missing"
    return rows


def _together(whole: Iterable[str], width: int) -> list[Cells] | None:
    """The cells of all lines, quickly; None if not each of them is a row of so many cells."""
    whole = list(whole)
    try:
        rows = list(csv.reader(whole))
    except csv.Error:
        return None
    return rows if len(rows) == len(whole) and all(len(cells) == width for cells in rows) else None


def _cells(line: str) -> Cells:
    """The cells of one line; none where it is no row at all."""
    try:
        (cells,) = csv.reader([line], strict=True)
    except (csv.Error, ValueError):
        return []
    return cells
