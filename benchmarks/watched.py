"""The app as it is measured: on a preset, in a folder of its own, on a terminal."""

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import remote
from terminal import Link, Screen, Terminal, app_command

LARGE = (120, 40)
#: descent that is on its way for minutes: the orthogonal toy with 200 neurons
DESCENT = """
title = "Descent, flat out"
data = {{ kind = "points", inputs = [-0.5, 2.0], targets = [-1.0, 1.0], bias = true }}
network = {{ width = 200 }}
init = {{ scale = 1e-6, seed = 4 }}
solver = {{ method = "gd", learning_rate = {rate} }}
stop = {{ steps = {steps} }}
"""


class App:
    """The app on a preset, in a folder of its own, seen on a terminal."""

    def __init__(
        self,
        preset: str | Path,
        size: tuple[int, int],
        folder: Path,
        *,
        link: Link | None = None,
        host: remote.Remote | None = None,
        package: Path | None = None,
    ) -> None:
        environment = {"RELUFLOW_CONFIG": str(folder / "config"), "OPENBLAS_NUM_THREADS": "1"}
        if package is not None:
            environment["PYTHONPATH"] = str(package)
        command = app_command(str(preset))
        if host is not None:
            command = host.command(command, environment, folder)
        self.terminal = Terminal(command, size, link=link, environment=environment, folder=folder)
        self.painted = self.terminal.until(
            lambda screen: "─ loss ─" in screen.text and "quit" in screen.text, "a picture"
        )

    @property
    def screen(self) -> Screen:
        return self.terminal.screen

    def press(self, key: str, holds: Callable[[Screen], object], what: str) -> float:
        """Seconds from a key to what it does."""
        began = time.monotonic()
        self.terminal.type(key)
        return self.terminal.until(holds, what) - began

    def solved(self) -> None:
        self.terminal.until(lambda screen: "solver done" in screen.lines[1], "the end of the run", 600.0)

    def status(self, name: str) -> str:
        """The word after a name in the first two lines."""
        words = " ".join(self.screen.lines[:2]).split()
        return words[words.index(name) + 1]

    def cpu(self) -> dict[int, float]:
        """Seconds of processor time by thread; the main thread has the number of the process."""
        ticks = os.sysconf("SC_CLK_TCK")
        used = {}
        for entry in Path(f"/proc/{self.terminal.pid}/task").iterdir():
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            used[int(entry.name)] = (int(fields[11]) + int(fields[12])) / ticks
        return used

    def memory(self) -> float:
        """The most memory the process has had, in MB."""
        for line in Path(f"/proc/{self.terminal.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("the kernel does not tell")


@contextmanager
def running(
    preset: str | Path,
    size: tuple[int, int] = LARGE,
    link: Link | None = None,
    host: Callable[[Path], remote.Remote] | None = None,
    package: Path | None = None,
) -> Iterator[App]:
    """The app, ended at the end; ``package``: the folder of another version of it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = host(folder) if host is not None else None
        app = App(preset, size, folder, link=link, host=server, package=package)
        try:
            yield app
        finally:
            app.terminal.close()
            if server is not None:
                server.__exit__(None, None, None)


@contextmanager
def descent(rate: float = 1e-5, steps: int = 10**9) -> Iterator[Path]:
    """A preset of descent with 200 neurons, in a file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "descent.toml"
        path.write_text(DESCENT.format(rate=rate, steps=steps))
        yield path
