"""Files that can be opened: those of data that lie near, and completions of a path as it is typed."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from reluflow.errors import escaped
from reluflow.store import locations
from reluflow.store.run_reader import PRESET
from reluflow.tui.catalogue import Entry

#: endings of files that are offered as data; others can be typed in full
ENDINGS: Final = (".csv", ".tsv", ".dat", ".txt", ".npz", ".npy")
#: files of the working folder that are listed without being asked for, by name
_MOST: Final = 50
#: completions of a path that are listed, and names of a folder that are looked at
_COMPLETIONS, _LOOKED_AT = 200, 10_000
#: lines at the beginning of a text file, and cells of each, that its notes show
_LINES, _CELLS = 12, 100


def is_path(query: str) -> bool:
    """Whether what is typed is meant as a path."""
    return os.sep in query or query.startswith(("~", "."))


def data_entries() -> list[Entry]:
    """The data files of the working folder, without text files, which may be anything."""
    found = [path for path in _listed(Path()) if path.suffix.lower() in ENDINGS and path.suffix != ".txt"]
    return [_entry(str(path), path) for path in found[:_MOST] if path.is_file()]


def completions(query: str) -> list[Entry]:
    """What a path that is typed may become: folders first; a file typed in full, whatever it is."""
    typed = locations.expanded(query)
    folder, begun = (typed, "") if query.endswith(os.sep) else (typed.parent, typed.name)
    head = query[: len(query) - len(begun)] if begun else query
    named = [path for path in _listed(folder) if path.name.startswith(begun)]
    hidden = [path for path in named if begun.startswith(".") or not path.name.startswith(".")]
    entries = [_entry(f"{head}{path.name}", path) for path in hidden if _is_offered(path, path.name == begun)]
    return sorted(entries, key=lambda entry: entry.kind != "folder")[:_COMPLETIONS]


def is_data(target: str) -> bool:
    """Whether a target that was chosen is a file of data, not a preset, a run or the name of one."""
    path = locations.expanded(target)
    known = target in locations.preset_files()
    return not known and path.suffix != ".toml" and os.path.isfile(path)


def data_notes(target: str) -> str:
    """Size and first lines of a data file."""
    path = locations.expanded(target)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            begin = file.read(_LINES * 1000)
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})"
    told = f"{size:,} bytes; enter trains on it, as reluflow tui --data does"
    if begin.startswith((b"PK", b"\x93NUMPY")):
        return told
    lines = begin.decode("latin-1").splitlines()[:_LINES]
    return "\n".join([told, "", *(escaped(line[:_CELLS].replace("\t", "  ")) for line in lines)])


def _listed(folder: Path) -> list[Path]:
    """What is in a folder, by name; nothing where it cannot be read."""
    with suppress(OSError, ValueError):
        return sorted(_some(folder))
    return []


def _some(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as found:
        for _, item in zip(range(_LOOKED_AT), found, strict=False):
            yield folder / item.name


def _is_offered(path: Path, exact: bool) -> bool:
    with suppress(OSError):
        return path.is_dir() or (path.is_file() and (exact or path.suffix.lower() in (*ENDINGS, ".toml")))
    return False


def _entry(target: str, path: Path) -> Entry:
    if path.is_dir():
        if (path / PRESET).is_file():
            return Entry(target, escaped(target), "a run directory", "", "run")
        return Entry(f"{target}{os.sep}", escaped(f"{target}{os.sep}"), "", "", "folder")
    if path.suffix == ".toml":
        return Entry(target, escaped(target), "a preset", "", "file")
    return Entry(target, escaped(target), _size(path), "", "data")


def _size(path: Path) -> str:
    with suppress(OSError):
        return f"{path.stat().st_size:,} bytes of data"
    return "(cannot be read)"
