"""Leaving at once for a signal that ends a command, as long as there is nothing to save.

A run that is saved (``interruption``) and the app (``reluflow.tui.shutdown``) take the signals over.

An exception would do the same in most places. But one that is raised in a destructor, or in a library that
catches everything, is printed and forgotten; and in the middle of an import it shows as a traceback. So this
module is imported first, and itself imports next to nothing: until then signals do what Python does.
"""

from __future__ import annotations

import os
import signal
import sys

from reluflow.signals import ENDING, exit_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Final

#: Modules that have something to do when the interpreter ends.
AT_EXIT: Final = ("multiprocessing", "concurrent.futures", "distributed", "coverage")


def leave_at_once() -> None:
    """From now on a signal ends the process, with one line on stderr and 128 plus its number.

    One that whoever started us has told to be ignored, as under nohup, is ignored.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)


def leave_here(code: object) -> None:
    """End the process with the code of its ``SystemExit`` if the interpreter should not end as usual.

    That takes half a second, which whoever sent a signal does not want to wait for; and around work that
    nobody waits for but is still computed, such as a step that was given up or a page of the app that was
    left, it aborts, as nothing can break off compiled code.
    """
    patience = sys.modules.get("reluflow.flow.patience")
    signalled = code in [exit_code(number) for number in ENDING]
    if not signalled and (patience is None or not patience.is_unfinished()):
        return
    _flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def leave_quickly(code: object) -> None:
    """End the process with the code of its ``SystemExit`` if nothing is left to the interpreter's end.

    To take some hundred modules apart costs a seventh of a short run. Words to be printed, threads, and
    modules that have something to do at the end keep that.
    """
    import threading

    threads = [each for each in threading.enumerate() if not each.daemon]
    if not isinstance(code, int | None) or len(threads) > 1 or any(name in sys.modules for name in AT_EXIT):
        return
    if _flush():
        os._exit(code or 0)


def _flush() -> bool:
    """Write what is left, where there is something to write to: whoever started us may have closed it.

    Returns whether it was written; else nobody reads it any more.
    """
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True


def _leave(number: int, _: FrameType | None) -> None:
    # it may be half imported, and then nothing is being written
    files = sys.modules.get("reluflow.store.files")
    try:
        getattr(files, "delete_temporary", bool)()
        kept = "what it has written is kept" if getattr(files, "has_written", bool)() else "nothing was saved"
        _say(f"reluflow: interrupted by {signal.Signals(number).name}; {kept}\n")
    finally:
        os._exit(exit_code(number))


def _say(line: str) -> None:
    """Write to stderr, past what may be in the middle of writing there, unless that would have to wait."""
    import select

    if select.select([], [2], [], 0)[1]:
        os.write(2, ("\n" + line if os.isatty(2) else line).encode())
