"""Whose the terminal is: of the process groups that share it only the one in front may use it."""

import os
from typing import Final

#: What ends the app's ways of a terminal: no frame is being drawn any more, no mouse, no focus, no bracketed
#: paste, the usual keys, lines that wrap, the shell's screen and its cursor.
RESTORING: Final = (
    "\x1b[?2026l\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u"
    "\x1b[?7h\x1b[?1049l\x1b[?25h"
)


def in_background(terminal: int) -> bool:
    """Whether the terminal is another process's to use; not where there is none any more."""
    try:
        return os.tcgetpgrp(terminal) != os.getpgrp()
    except OSError:
        return False


def in_front(terminal: int) -> bool:
    """Whether the terminal is this process's to use."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
