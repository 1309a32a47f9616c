"""Pictures in the terminal, held against recorded ones in ``tests/recorded/views``.

    python tests/recorded_views.py make        # print what differs from the record, then record anew

A file has the pictures of one group (``pictures``) as they stand, and behind each row the columns of the
roles in it, by which they get their colours. Whoever records anew looks at what is printed as a user does.
"""

import sys
from difflib import unified_diff
from pathlib import Path

from pictures import courses, loss, pages, parts, states, sweeps  # noqa: F401 - each keeps its groups
from pictures.text import GROUPS, pictured

FOLDER = Path(__file__).parent / "recorded" / "views"


def difference(name: str) -> list[str]:
    """A diff from the recorded pictures of a group to those of now; no line if they are the same."""
    path = FOLDER / f"{name}.txt"
    recorded = path.read_text(encoding="utf-8") if path.exists() else ""
    return list(
        unified_diff(recorded.splitlines(), _now(name).splitlines(), f"{name}, recorded", "now", lineterm="")
    )


def make() -> None:
    """Record all groups anew, then print what differs."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for old in FOLDER.glob("*.txt"):
        if old.stem not in GROUPS:
            old.unlink()
    changes = [line for name in GROUPS for line in difference(name)]
    for name in GROUPS:
        (FOLDER / f"{name}.txt").write_text(_now(name), encoding="utf-8")
    print("\n".join(changes))


def _now(name: str) -> str:
    return "".join(pictured(title, rows) for title, rows in GROUPS[name]())


if __name__ == "__main__":
    if sys.argv[1:] != ["make"]:
        raise SystemExit(__doc__)
    make()
