"""What a run is, in one line and as a small table for notebooks."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

#: what is told of a run, by its name in the summary
_TOLD = ("preset", "status", "method", "time", "loss", "steps", "events")


def facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(name, value) of what the summary of a run says."""
    return [(name, _words(summary[name])) for name in _TOLD if summary.get(name) is not None]


def html_table(caption: str, rows: Iterable[tuple[str, str]]) -> str:
    """A table of two columns."""
    lines = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f"<table><caption>{escape(caption)}</caption>{lines}</table>"


def _words(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
