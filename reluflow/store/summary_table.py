"""What a run, a preset or a sweep is, in one line and as a small table for notebooks."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from html import escape
from typing import Any

#: what is told, by its name in the summary
_TOLD = (
    *("title", "source", "preset", "varied", "points"),
    *("status", "method", "states", "time", "loss", "steps", "events"),
)


class Told(ABC):
    """Something that shows as a line, and in a notebook as a table of two columns."""

    @abstractmethod
    def _told(self) -> tuple[str, Mapping[str, Any]]:
        """What it is called, and the summary of it."""

    def __repr__(self) -> str:
        name, summary = self._told()
        facts = ", ".join(f"{key} {value}" for key, value in _facts(summary))
        return f"<{type(self).__name__}{name and f' {name}'}: {facts}>"

    def _repr_html_(self) -> str:
        name, summary = self._told()
        lines = "".join(
            f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>" for key, value in _facts(summary)
        )
        return f"<table><caption>{escape(name or type(self).__name__)}</caption>{lines}</table>"


def _facts(summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, _words(summary[name])) for name in _TOLD if summary.get(name) is not None]


def _words(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
