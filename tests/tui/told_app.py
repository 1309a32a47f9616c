"""The app, which tells on a signal what it is at: its threads, its tasks, its pages and its keys.

Run as ``python told_app.py FILE tui ...``. A signal has the threads written to ``FILE.threads`` by the
interpreter itself, also when it is stuck, and another one the rest to ``FILE`` by the thread of the screen.
"""

import asyncio
import faulthandler
import os
import signal
import sys
import time
from collections import Counter
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

#: signals that mean nothing to the app
THREADS, REST = signal.SIGRTMIN, signal.SIGRTMIN + 1
#: seconds until the app has told, if it can
TELLING_SECONDS = 10.0
#: characters of what is told of one value at most
LONGEST = 200


def what_it_is_at(process: int, file: Path) -> str:
    """What an app that was started by this program tells."""
    threads = Path(f"{file}.threads")
    os.kill(process, THREADS)
    os.kill(process, REST)
    end = time.monotonic() + TELLING_SECONDS
    while not file.exists() and time.monotonic() < end:
        time.sleep(0.05)
    told = file.read_text() if file.exists() else "the thread of the screen does not answer a signal"
    return f"{told}\n{threads.read_text()}"


def begin(file: Path) -> None:
    """Let this process tell on a signal what it is at."""
    threads = open(f"{file}.threads", "w")  # noqa: SIM115 - for as long as the process lives
    faulthandler.register(THREADS, threads)
    signal.signal(REST, lambda *_: _write(file))


def _write(file: Path) -> None:
    text = StringIO()
    coroutines: list[Any] = []
    with suppress(RuntimeError):  # no loop runs
        coroutines = [task.get_coro() for task in asyncio.all_tasks()]
    for waits, count in Counter(map(_awaited, coroutines)).items():
        print(f"{count} tasks at {waits}", file=text)
    for app in filter(None, map(_app_of, coroutines)):
        print(*_of_app(app), sep="\n", file=text)
    beside = file.with_suffix(".new")
    beside.write_text(text.getvalue())
    beside.replace(file)


def _app_of(coroutine: Any) -> Any:
    """The app, if a coroutine is that in which it runs."""
    frame = coroutine.cr_frame
    from textual.app import App

    return next((each for each in frame.f_locals.values() if isinstance(each, App)), None) if frame else None


def _awaited(coroutine: Any) -> str:
    """Where a coroutine is, and what it awaits, and what that awaits, down to what has not come."""
    places: list[str] = []
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None) or getattr(coroutine, "gi_frame", None)
        at = f"{frame.f_code.co_qualname}:{frame.f_lineno}" if frame else type(coroutine).__name__
        places.append(at)
        coroutine = getattr(coroutine, "cr_await", None) or getattr(coroutine, "gi_yieldfrom", None)
    return " > ".join(places)


def _of_app(app: Any) -> list[str]:
    nodes = [app, *(node for screen in app.screen_stack for node in screen.walk_children(with_self=True))]
    return [
        f"size {app.size}, screens {[(screen, screen.size) for screen in app.screen_stack]}",
        f"focus {app.focused!r}, attached {app.focused is not None and app.focused.is_attached}",
        f"messages waiting {[(each, each.message_queue_size) for each in nodes if each.message_queue_size]}",
        *(f"{of} {_plain(vars(each))}" for of, each in _parts(app)),
    ]


def _parts(app: Any) -> list[tuple[str, Any]]:
    return [("app", app), ("pacer", app.pacer), ("driver", app.terminal_driver)]


def _plain(values: dict[str, Any]) -> dict[str, str]:
    shown = {name: repr(value) for name, value in values.items()}
    return {name: text for name, text in shown.items() if len(text) < LONGEST}


if __name__ == "__main__":
    begin(Path(sys.argv[1]))
    sys.argv = ["reluflow", *sys.argv[2:]]
    from reluflow.cli import main

    main()
