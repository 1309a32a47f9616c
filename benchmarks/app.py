"""The app against its bars, from outside: a terminal, keys, and what comes back.

    python benchmarks/app.py                     every section, as Markdown on stdout
    python benchmarks/app.py paint keys bytes    some of paint, keys, link, ssh, bytes, cpu, knob, zoom,
                                                 seek, range, speed, memory

Every figure is measured in this run, on the real command in a pseudo-terminal of 256 colours (``ssh``: behind
a real sshd on the loopback address), and nothing is asserted. Seconds count from the key's leaving to the
moment at which the screen shows what it does, so they contain the scheduling of a machine that does other
things too; ``processor`` rows do not.
"""

import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import remote
from ranged import POINTS, ranged
from readings import changes, explained, heading, moved, pace, picture, theory_marks, time_shown
from terminal import Link
from watched import LARGE, App, descent, running

from reluflow.store.preset import load_preset
from reluflow.training.training import Training

SMALL = (80, 24)
#: the slow line of the bars: bytes a second, seconds each way
SLOW = Link(20_000.0, 0.05)
KEYS = 40
RUNS = 5
WINDOW = 8.0


@dataclass(frozen=True)
class Row:
    """A line of the table: the bar is on the median unless ``tail`` bounds the 95th percentile too."""

    what: str
    values: Sequence[float]
    unit: str
    bar: float | None
    tail: float | None = None

    def __str__(self) -> str:
        median, high = statistics.median(self.values), percentile(self.values, 0.95)
        numbers = (show(median), show(high), str(len(self.values)))
        if self.bar is None:
            return f"| {' | '.join((self.what, f'- {self.unit}', *numbers))} | - |"
        bar = f"{show(self.bar)}" + (f", p95 {show(self.tail)}" if self.tail is not None else "")
        holds = median <= self.bar and (self.tail is None or high <= self.tail)
        return f"| {' | '.join((self.what, f'{bar} {self.unit}', *numbers))} | {'yes' if holds else 'no'} |"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of them lies, as one of them."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def show(value: float) -> str:
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"


def paint() -> list[Row]:
    """From the start of the command to the panels on screen."""
    rows = []
    for size in (SMALL, LARGE):
        seconds, processor = [], []
        for _ in range(RUNS):
            with running("orthogonal-toy", size) as app:
                processor.append(sum(app.cpu().values()))
                seconds.append(app.painted - app.terminal.started)
        rows.append(Row(f"first paint from the shell, {named(size)}", seconds, "s", 0.8))
        rows.append(Row(f"processor time of it, {named(size)}", processor, "s", 0.8))
    return rows


def latencies(app: App, count: int = KEYS) -> list[float]:
    """Milliseconds from key to screen while all else goes on: an axis redrawn, and a word in a line."""
    generator, seconds = random.Random(1), []
    app.terminal.until(heading, "the heading of the loss")
    for turn in range(count // 4):
        for key, read in (("l", heading), ("+", pace), ("l", heading), ("-", pace)):
            time.sleep(generator.uniform(0.2, 0.5))
            changed = changes(read, read(app.screen))
            seconds.append(app.press(key, changed, f"what {key} does, {turn}"))
    return [1000.0 * value for value in seconds]


def keys() -> list[Row]:
    rows = []
    with descent() as preset, running(preset) as app:
        rows.append(Row("key to screen, descent flat out, 120x40, 10 Hz", latencies(app), "ms", 30.0, 100.0))
    with running("piecewise") as app:
        rows.append(Row("key to screen, flow of 2000 neurons flat out", latencies(app), "ms", 30.0, 100.0))
    return rows


def link() -> list[Row]:
    with descent() as preset, running(preset, link=SLOW) as app:
        return [Row("the same, line of 20 kB/s and 50 ms each way", latencies(app), "ms", 500.0)]


def ssh() -> list[Row]:
    reason = remote.missing()
    if reason is not None:
        print(f"ssh: left out, {reason}", file=sys.stderr)
        return []
    with descent() as preset, running(preset, host=lambda folder: remote.Remote(folder, SLOW)) as app:
        return [Row("the same through sshd on such a line", latencies(app), "ms", 500.0)]


def bytes_a_frame() -> list[Row]:
    """Bytes and frames over seconds of playing; nothing at all once it is paused and solved."""
    rows = []
    for size, bar in ((SMALL, 4.0), (LARGE, 6.0)):
        with descent() as preset, running(preset, size) as app:
            time.sleep(2.0)
            rows.append(Row(f"bytes a frame, live, {named(size)}", traffic(app), "kB", bar))
        with running("nonorthogonal-five-points", size) as app:
            app.solved()
            rows.append(Row(f"bytes a frame, played, {named(size)}", traffic(app), "kB", bar))
            app.press(" ", lambda screen: "paused" in screen.text, "a pause")
            app.terminal.quiet(1.0)
            before = app.terminal.received
            time.sleep(3.0)
            idle = float(app.terminal.received - before)
            rows.append(Row(f"bytes in 3 s, idle, {named(size)}", [idle], "B", 0.0))
    return rows


def traffic(app: App) -> list[float]:
    """kB a frame in each second of the window."""
    found = []
    for _ in range(int(WINDOW)):
        begin, frames = app.terminal.received, app.screen.frames
        time.sleep(1.0)
        if app.screen.frames > frames:
            found.append((app.terminal.received - begin) / (app.screen.frames - frames) / 1000.0)
    return found


def cpu() -> list[Row]:
    """Processor time of all threads but the solver's, as a share of a core."""
    rows = []
    with descent() as preset, running(preset) as app:
        rows.append(Row("UI, share of a core, first 1e5 steps", load(app), "%", 20.0))
        app.terminal.until(lambda _: steps_of(app) >= 1e6, "a million steps", 600.0)
        rows.append(Row("UI, share of a core, after 1e6 steps", load(app), "%", 20.0))
    return rows


def steps_of(app: App) -> int:
    return int(app.status("step").replace(",", ""))


def load(app: App) -> list[float]:
    found = []
    for _ in range(3):
        before, began = app.cpu(), time.monotonic()
        time.sleep(WINDOW / 3)
        used = {thread: total - before.get(thread, 0.0) for thread, total in app.cpu().items()}
        solver = max((thread for thread in used if thread != app.terminal.pid), key=lambda one: used[one])
        found.append(100.0 * (sum(used.values()) - used[solver]) / (time.monotonic() - began))
    return found


def knob() -> list[Row]:
    """From a turn of the initial scale to a curve of the new run, to theory's marks, and to the whole."""
    rows = []
    for preset in ("orthogonal-toy", "nonorthogonal-five-points", "neuron-centred-10"):
        with running(preset, (160, 45)) as app:
            first, marks, whole, _ = knob_turns(app, 2 * RUNS)
        rows.append(Row(f"knob to new curve, {preset}", first, "ms", 250.0))
        rows.append(Row(f"knob to the last of theory's marks, {preset}", marks, "ms", 300.0))
        rows.append(Row(f"knob to the last change of all, {preset}", whole, "ms", None))
    return rows


def knob_turns(app: App, turns: int) -> tuple[list[float], list[float], list[float], float]:
    """What ``turned`` says of turns of the initial scale, and the seconds of processor time of them all."""
    app.solved()
    app.press("r", lambda screen: "paused" in screen.text, "a pause")
    app.press("p", lambda screen: "apply" in screen.lines[-1], "the form")
    while "init.scale" not in app.screen.text:
        about = explained(app.screen)
        app.press("\x1b[B", changes(explained, about), "the next field")
    before = sum(app.cpu().values())
    seen = [turned(app, ">" if turn % 2 else "<") for turn in range(turns)]
    first, marks, last = ([each[part] for each in seen] for part in range(3))
    return first, marks, last, sum(app.cpu().values()) - before


def turned(app: App, key: str) -> tuple[float, float, float]:
    """Milliseconds until the picture of the loss changes, until theory's marks stay, and until it does."""
    shown = picture(app.screen)
    began = time.monotonic()
    first = app.press(key, moved(shown), "another curve")
    last = marked = first
    with suppress(TimeoutError):
        while True:
            shown, marks = picture(app.screen), theory_marks(app.screen)
            last = app.terminal.until(moved(shown), "a change", 2.0) - began
            marked = last if theory_marks(app.screen) != marks else marked
    return 1000.0 * first, 1000.0 * marked, 1000.0 * last


def zoom() -> list[Row]:
    """From a key to another window of the loss, half as wide or twice, in a run that is over."""
    rows = []
    for preset in ("orthogonal-toy", "nonorthogonal-five-points"):
        seconds = []
        with running(preset, (160, 45)) as app:
            app.solved()
            app.press("r", lambda screen: "paused" in screen.text, "a pause")
            for key in "}}}}}))((}}{{{{0" * 2:
                time.sleep(0.3)
                before = picture(app.screen, height=26)  # with the times below
                seconds.append(1000.0 * app.press(key, moved(before), f"what {key} does"))
        rows.append(Row(f"a turn of the window on the loss, {preset}", seconds, "ms", 50.0))
    return rows


def seek() -> list[Row]:
    """From the key to the time in the status line, in a run that is over."""
    seconds = []
    with running("nonorthogonal-five-points") as app:
        app.solved()
        app.press("r", lambda screen: "paused" in screen.text, "a pause")
        for key in ("\x1b[F", "\x1b[H", "\x1b[C", "]", "\x1b[D", "\x1b[D", "]") * 5:
            time.sleep(0.2)
            moved = changes(time_shown, time_shown(app.screen))
            seconds.append(1000.0 * app.press(key, moved, "a move"))
    return [Row("seek in a finished run", seconds, "ms", 50.0)]


def range_of_number() -> list[Row]:
    first, whole, keys = ranged(RUNS)
    return [
        Row("range of the scale: first point", first, "s", 0.3),
        Row(f"range of the scale: all {POINTS} points", whole, "s", 4.0),
        Row("key to screen while they are solved", keys, "ms", 100.0, 100.0),
    ]


def speed() -> list[Row]:
    """How much longer descent of 3e5 steps takes with the app than without, one after the other."""
    lost = []
    with descent(rate=1e-4, steps=300_000) as preset:
        for _ in range(RUNS):
            training = Training.from_preset(load_preset(str(preset)))
            while training.status == "running":
                training.advance(0.1)
            with running(preset) as app:
                app.solved()
                app.press("R", lambda screen: "solving" in screen.lines[1], "a new run")
                began = time.monotonic()
                app.solved()
                took = time.monotonic() - began
            lost.append(100.0 * (took / training.wall_seconds - 1.0))
    return [Row("solver time lost to the app", lost, "%", 15.0)]


def memory() -> list[Row]:
    with descent(rate=4e-6, steps=10_000_000) as preset, running(preset) as app:
        app.terminal.until(lambda screen: "solver done" in screen.lines[1], "1e7 steps", 3600.0)
        time.sleep(1.0)
        return [Row("memory after 1e7 descent steps, m = 200", [app.memory()], "MB", 400.0)]


def named(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


SECTIONS: dict[str, Callable[[], list[Row]]] = {
    "paint": paint,
    "keys": keys,
    "link": link,
    "ssh": ssh,
    "bytes": bytes_a_frame,
    "cpu": cpu,
    "knob": knob,
    "zoom": zoom,
    "seek": seek,
    "range": range_of_number,
    "speed": speed,
    "memory": memory,
}


def main(wanted: Sequence[str]) -> None:
    unknown = [name for name in wanted if name not in SECTIONS]
    if unknown:
        raise SystemExit(f"there is no section {unknown[0]}; expected some of {', '.join(SECTIONS)}")
    load = os.getloadavg()[0]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f}\n"
    )
    print("| what | bar | median | p95 | of | holds |\n|---|---|---|---|---|---|")
    for name in wanted or SECTIONS:
        for row in SECTIONS[name]():
            print(row, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
