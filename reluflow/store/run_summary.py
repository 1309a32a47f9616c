"""``run.json``: how a run went, who writes it, and the sums of the files beside it.

    format                        of the directory; an older one is read, a newer one refused
    preset, status, time, ...     what ``reluflow run --json`` prints
    host, process, started        of the process that writes to it; null when none does
    sums                          CRC-32 of preset.toml and problem.npz; two while a file is being replaced
    sum                           CRC-32 of all the rest of this file

trajectory.npz has a copy of the summary in it, and that one decides: a process may be killed after one of
the two files was replaced and before the other one is.
"""

import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from reluflow.errors import DamageError, RunError
from reluflow.store.archive import at_the_second_look, damaged, require_file
from reluflow.store.json_text import plain, to_json
from reluflow.store.owner import Owner
from reluflow.store.parsing import UnreadableError, content_of, json_of, text_of_bytes
from reluflow.store.values import show

SUMMARY: Final = "run.json"
#: Of directories as they are written today; 0 has no sums and no owner.
FORMAT: Final = 1
#: What is in run.json beside the summary.
_BESIDE: Final = ("format", "host", "process", "started", "sums", "sum")
_LARGEST_FILE: Final = 64 * 2**20
_CHUNK: Final = 1 << 20
#: larger ones cannot be written with an exponent
_LARGEST_INTEGER: Final = 2**63

_TEXTS: Final = ("preset", "run", "status", "reason", "method", "loss_convention")
_NUMBERS: Final = (
    "time", "loss", "steps", "events", "wall_seconds", "gradient_norm", "variation_norm",
    "nuclear_norm", "parameter_norm_squared", "rank",
)  # fmt: skip
_SADDLE_NUMBERS: Final = ("start", "end", "loss", "escape_rate")
#: What the status of a stored summary may be.
STATUSES: Final = (
    "running", "converged", "stationary", "time", "steps", "wall", "interrupted", "failed",
)  # fmt: skip


def written(summary: Mapping[str, Any], owner: Owner | None, sums: Mapping[str, list[str]]) -> str:
    """The text of run.json."""
    content = plain(
        {
            "format": FORMAT,
            **summary,
            "host": owner.host if owner else None,
            "process": owner.process if owner else None,
            "started": owner.started if owner else None,
            "sums": sums,
        }
    )
    return to_json({**content, "sum": sum_of_content(content)})


def read(folder: Path) -> dict[str, Any]:
    """What run.json says, all of it usable. Raises DamageError, RunError."""
    path = folder / SUMMARY
    try:
        return at_the_second_look(lambda: _read(path), DamageError)
    except FileNotFoundError:
        raise RunError(
            f"{folder} is not a run directory: found no {SUMMARY}; expected one that reluflow wrote"
        ) from None
    except OSError as error:
        raise RunError(f"{path}: cannot be read ({error.strerror}); expected a file to read") from None


def _read(path: Path) -> dict[str, Any]:
    require_file(path)
    try:
        content = json_of(text_of_bytes(content_of(path, _LARGEST_FILE)))
    except UnreadableError as error:
        raise damaged(path, str(error)) from None
    if not isinstance(content, dict):
        raise damaged(path, f"found {show(content)} in place of names and values")
    version = content.get("format", 0)
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        raise damaged(path, f"format is {show(version)}")
    if version > FORMAT:
        if _fits({**content, "format": FORMAT}):  # nothing but that number has changed since it was written
            raise damaged(path, f"format is {version}")
        raise RunError(
            f"{path}: the directory is of format {version}, written by a newer reluflow; "
            f"expected at most {FORMAT}"
        )
    if (version or "sum" in content) and not _fits(content):  # those of format 0 have none
        raise damaged(path, "its sum does not fit")
    require_usable(content, path)
    return content


def saved(text: str, path: Path, name: str) -> dict[str, Any]:
    """The copy of a summary in the member ``name`` of ``path``. Raises DamageError."""
    try:
        content = json_of(text)
    except UnreadableError as error:
        raise damaged(path, f"{name}: {error}") from None
    if not isinstance(content, dict):
        raise damaged(path, f"{name} holds {show(content)}")
    require_usable(content, path)
    return content


def require_usable(content: Mapping[str, Any], path: Path) -> None:
    """Raise DamageError where a part of a summary is not of the kind that it must be."""
    for names, is_usable, what in ((_TEXTS, _is_text, "text"), (_NUMBERS, _is_number, "a number")):
        for name in names:
            if content.get(name) is not None and not is_usable(content[name]):
                raise damaged(path, f"{name} is {show(content[name])}, not {what}")
    if content.get("status") not in STATUSES:
        raise damaged(path, f"status is {show(content.get('status'))}")
    if not isinstance(content.get("reached_goal", False), bool):
        raise damaged(path, f"reached_goal is {show(content['reached_goal'])}")
    escapes = content.get("escapes", [])
    if not isinstance(escapes, list) or not all(map(_is_number, escapes)):
        raise damaged(path, "escapes are not as they are written")
    saddles = content.get("saddles", [])
    if not isinstance(saddles, list) or not all(map(_is_saddle, saddles)):
        raise damaged(path, "saddles are not as they are written")
    _require_owner(content, path)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return type(value) is float or (type(value) is int and abs(value) < _LARGEST_INTEGER)


def _is_saddle(found: Any) -> bool:
    return isinstance(found, dict) and all(
        found.get(name) is None or _is_number(found[name]) for name in _SADDLE_NUMBERS
    )


def _require_owner(content: Mapping[str, Any], path: Path) -> None:
    owner = [content.get(name) for name in ("host", "process", "started")]
    whole = isinstance(owner[0], str) and all(type(number) is int for number in owner[1:])
    if not whole and owner != [None, None, None]:
        raise damaged(path, "the process that writes to it is not told as it should be")
    sums = content.get("sums", {})
    if not isinstance(sums, dict) or not all(isinstance(each, list) for each in sums.values()):
        raise damaged(path, "sums are not as they are written")


def summary_of(content: Mapping[str, Any]) -> dict[str, Any]:
    """The summary alone."""
    return {name: value for name, value in content.items() if name not in _BESIDE}


def without_stale(content: Mapping[str, Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    """The content without entries that the summary ``saved`` with the states no longer has."""
    return {name: value for name, value in content.items() if name in saved or name in _BESIDE}


def owner_of(content: Mapping[str, Any]) -> Owner | None:
    """The process that says it writes to the directory; None if none does."""
    if content.get("host") is None:
        return None
    return Owner(content["host"], content["process"], content["started"])


def told(content: Mapping[str, Any], decides: Mapping[str, Any]) -> dict[str, Any]:
    """The summary as it is: ``content`` is that of run.json, ``decides`` the one that was saved with the
    arrays.

    A run that nobody writes to any more is not running, whatever was saved last.
    """
    owner, saved = owner_of(content), dict(decides)
    alive = False if owner is None and "format" in content else (owner.alive() if owner else None)
    going_on = content.get("status") == "running"
    if alive and going_on:
        return saved | {"status": "running", "reason": content.get("reason") or ""}
    if alive is None and going_on:
        reason = "whether the process that wrote it goes on cannot be seen from here"
        return saved | {"status": "unknown", "reason": reason}
    if saved.get("status") == "running":
        reason = "the process that wrote it ended before the run did"
        if owner is None and content.get("status") == "interrupted":
            reason = content.get("reason") or reason  # it was left in order, by a process that said why
        return saved | {"status": "interrupted", "reason": reason}
    return saved


def sum_of(path: Path) -> str:
    """CRC-32 of a file. Raises OSError."""
    total = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            total = zlib.crc32(chunk, total)
    return f"{total:08x}"


def has_sum(path: Path, meant: list[str]) -> bool:
    """Whether a file has one of these sums."""
    try:
        return sum_of(path) in meant
    except OSError:
        return False


def sum_of_bytes(content: bytes) -> str:
    """CRC-32 of what a file is to hold."""
    return f"{zlib.crc32(content):08x}"


def _fits(content: Mapping[str, Any]) -> bool:
    """Whether the content is what its sum was made of."""
    return bool(
        content.get("sum") == sum_of_content({name: content[name] for name in content if name != "sum"})
    )


def sum_of_content(content: Mapping[str, Any]) -> str:
    """The sum by which a summary without its sum is known to be whole."""
    return sum_of_bytes(json.dumps(content, sort_keys=True).encode())
