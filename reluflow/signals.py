"""Signals that end a command in order: what was solved is saved, and the exit code is 128 plus the number.

Nothing else is imported here: until they are seen to, signals do what Python does.
"""

import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Final

#: Ctrl-C, what asks a process to end, a terminal that goes away and ctrl+\\ in one; and those by which
#: clusters warn that time is nearly over: SIGUSR1 or SIGUSR2 as a job asks for, SIGXCPU at a limit of the
#: processor's time. Windows has the first two.
ENDING: "Final" = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU")
    if hasattr(signal, name)
)


def exit_code(number: int) -> int:
    """That of a process which a signal has ended."""
    return 128 + number
