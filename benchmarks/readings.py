"""What the benchmark reads off the app's screen."""

import re
from collections.abc import Callable

from terminal import Screen


def heading(screen: Screen) -> str:
    """What time is counted in, on the rule above the loss."""
    found = re.search(r"─ loss ─.*? over ([^─]*) ─", screen.text)
    return found[1] if found else ""


def pace(screen: Screen) -> str:
    """How fast the cursor moves, in the status line."""
    found = re.search(r"(\S+)/s by", screen.lines[1])
    return found[1] if found else ""


def changes(read: Callable[[Screen], str], before: str) -> Callable[[Screen], bool]:
    """Whether there is something else to read than before, and not half of it."""
    return lambda screen: read(screen) not in ("", before)


def explained(screen: Screen) -> str:
    """The field that the foot of the form is about."""
    found = re.search(r"^ (\w+\.\w+):", screen.text, re.MULTILINE)
    return found[1] if found else ""


def picture(screen: Screen, height: int = 19) -> tuple[str, ...]:
    """The first rows of the loss panel, right of the form and left of the neurons."""
    top = next((i for i, line in enumerate(screen.lines) if "─ loss ─" in line), 0)
    left = screen.lines[top].find("─ loss ─")
    right = screen.lines[top].find("─ directions ─")
    return tuple(line[left:right].rstrip() for line in screen.lines[top + 1 : top + 1 + height])


def theory_marks(screen: Screen) -> str:
    """What the key of the loss says of theory's marks."""
    found = re.search(r"theory [^▕│\n]*", "\n".join(picture(screen, 3)))
    return found[0].strip() if found else ""


def time_shown(screen: Screen) -> str:
    """The flow time of the status line."""
    found = re.search(r"  t (\S+)", screen.lines[0])
    return found[1] if found else ""


def moved(before: tuple[str, ...]) -> Callable[[Screen], bool]:
    """Whether the picture of the loss, as many rows of it, is another than before."""
    return lambda screen: picture(screen, len(before)) != before
