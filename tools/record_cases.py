"""What the record of figures is made of: runs of every shipped preset and of the other ways to run one.

A case is run as a user runs it, by ``reluflow`` in a process of its own or by a name of the package
``reluflow``, in a folder of its own and with no settings or presets of the user's. What comes back is a flat
mapping of plain numbers and digests, and the few arrays by which a difference is judged.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

ROOT: Final = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the package beside this file is measured, whichever one is installed

#: names of the numbers in ``events.kind``
KINDS: Final = ("ENTER", "EXIT", "SLIDE", "RELEASE_ON", "RELEASE_OFF", "DIE", "FLIP", "CHOICE")
#: of run.json: what depends on the clock, the process and the place; and sums of files whose content is
#: recorded itself
LEFT_OUT: Final = ("wall_seconds", "run", "host", "process", "started", "sums", "sum")
#: presets that take long: as much of them as a few seconds allow
SHORTENED: Final = {
    "grokking": ("stop.time=100",),
    "high-dimension": ("stop.time=330",),
    "lazy-to-rich-full": ("data.samples=100", "stop.time=3"),
    "piecewise": ("stop.time=1500",),
    "piecewise-wide": ("network.width=1000", "stop.time=15"),
}
#: presets of which ``verify`` judges the run that was stored: it solves more closely, which takes long here
JUDGED_AS_STORED: Final = ("high-dimension", "piecewise", "piecewise-wide")
#: presets whose ``info --columns`` is recorded too
WITH_COLUMNS: Final = ("first-steps", "neuron-centred-10", "simplicity-bias")

Entries = dict[str, Any]
Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Case:
    """One run. ``words``: what follows ``reluflow run``; ``resumed``: what follows it a second time.

    ``verified``: whether ``reluflow verify`` gets the preset, the run directory, or is not called.
    """

    name: str
    words: tuple[str, ...]
    resumed: tuple[str, ...] | None = None
    verified: Literal["preset", "run"] | None = None
    columns: bool = False


@dataclass(frozen=True)
class Call:
    """One call of ``reluflow.simulate`` on the problem of a preset."""

    name: str
    preset: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Measured:
    """What a case gave: plain numbers and digests by name, and t, loss, event_t and event_what (3, k)."""

    name: str
    entries: Entries
    arrays: Arrays


def settings(*each: str) -> tuple[str, ...]:
    """The words that set keys of a preset."""
    return tuple(word for setting in each for word in ("--set", setting))


def preset_cases() -> list[Case]:
    """A case for every shipped preset."""
    return [
        Case(
            name,
            (name, *settings(*SHORTENED.get(name, ()))),
            verified="run" if name in JUDGED_AS_STORED else "preset",
            columns=name in WITH_COLUMNS,
        )
        for name in sorted(path.stem for path in (ROOT / "presets").glob("*.toml"))
    ]


def other_cases() -> list[Case]:
    """Methods other than the default, other losses and slopes, and runs that were resumed."""
    toy = [
        Case(f"toy-{method}", ("orthogonal-toy", "--method", method), verified=verified)
        for method, verified in (
            ("polar", "run"), ("rk45", None), ("dop853", None),
            ("radau", None), ("bdf", None), ("lsoda", None),
        )
    ]  # fmt: skip
    first = "first-steps"
    return [
        *toy,
        Case("steps-gd", (first, "--method", "gd", *settings("stop.steps=5000"))),
        Case("steps-gd-coarse", (first, "--method", "gd", *settings("solver.learning_rate=0.5"))),
        Case("steps-leaky", (first, *settings("network.slope=0.1")), verified="run"),
        Case("steps-mse", (first, *settings("solver.loss=mse"))),
        Case("steps-close", (first, *settings("solver.rtol=1e-9"))),
        Case("steps-stored", (first,), verified="run"),
        Case("leaky-polar", ("leaky", "--method", "polar")),
        Case("steps-resumed-between-steps", (first, *settings("stop.steps=12")), (first,)),
        Case("steps-resumed-within-a-step", (first, *settings("stop.loss=1e-2")), (first,)),
        Case("toy-gd-resumed", ("orthogonal-toy", "--method", "gd", *settings("stop.steps=1500")),
             ("orthogonal-toy", "--method", "gd", *settings("stop.steps=3000"))),
    ]  # fmt: skip


def calls() -> list[Call]:
    """Calls of ``simulate``, with times and without."""
    times = [0.25 * k for k in range(301)]
    return [
        Call("simulate-every-step", "first-steps", {"stop_loss": 1e-9}),
        Call("simulate-times", "first-steps", {"times": times}),
        Call("simulate-times-leaky-mse", "leaky", {"times": times, "loss": "mse", "slope": 0.25}),
        Call("simulate-times-rk45", "orthogonal-toy", {"times": times[:161], "method": "rk45"}),
        Call("simulate-times-polar", "orthogonal-toy", {"times": times[:161], "method": "polar"}),
        Call("simulate-times-gd", "first-steps", {"times": times, "method": "gd", "learning_rate": 0.02}),
    ]


def all_cases() -> dict[str, Case | Call]:
    """Every case by its name, in the order of names."""
    return {case.name: case for case in sorted([*preset_cases(), *other_cases(), *calls()], key=_name)}


def _name(case: Case | Call) -> str:
    return case.name


def measure(case: Case | Call) -> Measured:
    """Run a case. Raises RuntimeError if a command ends in another way than a run or a verdict may end."""
    if isinstance(case, Call):
        return _called(case)
    with tempfile.TemporaryDirectory(prefix="record-") as folder:
        return _ran(case, Path(folder))


def _ran(case: Case, folder: Path) -> Measured:
    out = folder / "run"
    quiet = ("--quiet", "--json")
    commands = [("run", *case.words)]
    _reluflow(folder, "run", *case.words, "--out", str(out), *quiet)
    if case.resumed is not None:
        commands.append(("run", *case.resumed, "--resume"))
        _reluflow(folder, "run", *case.resumed, "--out", str(out), "--resume", *quiet)
    entries, arrays = read_run(out)
    if case.verified is not None:
        words = ("RUN",) if case.verified == "run" else case.words
        commands.append(("verify", *words))
        words = (str(out),) if case.verified == "run" else case.words
        entries |= verdict(json.loads(_reluflow(folder, "verify", *words, *quiet))["rows"])
    if case.columns:
        commands.append(("info", "RUN", "--columns", "FILE"))
        _reluflow(folder, "info", str(out), "--columns", str(folder / "columns.csv"))
        entries["columns"] = digest((folder / "columns.csv").read_bytes())
    entries["commands"] = "; ".join(" ".join(words) for words in commands)
    return Measured(case.name, entries, arrays)


def _reluflow(folder: Path, *words: str) -> str:
    """What a command prints. It may end with 1, by which a run says that it stopped short of its goal."""
    done = subprocess.run(
        [sys.executable, "-m", "reluflow", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "RELUFLOW_CONFIG": str(folder / "config")},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"reluflow {' '.join(words)} ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def read_run(folder: Path) -> tuple[Entries, Arrays]:
    """What a run directory holds, as ``open_run`` and NumPy read it."""
    import reluflow

    run = reluflow.open_run(folder)
    summary = json.loads((folder / "run.json").read_text())
    entries = {f"run/{key}": value for key, value in summary.items() if key not in LEFT_OUT}
    series = {name: np.asarray(run.series[name]) for name in run.series}
    states = {"weights": run.snapshots.weights, "output_weights": run.snapshots.output_weights}
    entries |= series_entries(series, run.snapshots.t, states)
    found, arrays = event_entries(run.events)
    entries |= found | {"preset.toml": digest((folder / "preset.toml").read_bytes())}
    files = {name: _members(folder / f"{name}.npz") for name in ("problem", "trajectory")}
    held = {
        key: array
        for key, array in files["trajectory"].items()
        if key.startswith("checkpoint/") and key != "checkpoint/wall_seconds"
    }
    layout = [
        f"{file} {key} {array.dtype.kind}{array.ndim}"
        for file, members in files.items()
        for key, array in members.items()
    ]
    entries["problem.npz"] = digest_of(files["problem"])
    entries["checkpoint"] = digest_of(held)
    entries["layout"] = digest("\n".join(sorted(layout)).encode())
    return entries, arrays | {"t": run.t, "loss": run.loss}


def _members(path: Path) -> Arrays:
    with np.load(path, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def series_entries(series: Arrays, times: np.ndarray, states: Arrays) -> Entries:
    """Counts and digests of columns (k,) and of the states at some times."""
    rest = {name: column for name, column in series.items() if name not in ("t", "loss")}
    return {
        "series/rows": len(series["t"]),
        "series/t": digest_of({"t": series["t"]}),
        "series/loss": digest_of({"loss": series["loss"]}),
        "series/others": digest_of(rest),
        "snapshots/count": len(times),
        "snapshots/t": digest_of({"t": times}),
        "snapshots/states": digest_of(states),
    }


def event_entries(events: Any) -> tuple[Entries, Arrays]:
    """Counts and digests of a log of events, and the log itself."""
    what = np.array([events.neuron, events.sample, events.kind], dtype=np.int32)
    counts = np.bincount(what[2], minlength=len(KINDS))
    entries = {
        "events/kinds": {KINDS[k]: int(counts[k]) for k in np.flatnonzero(counts)},
        "events/what": digest_of({"what": what}),
        "events/t": digest_of({"t": events.t}),
    }
    return entries, {"event_t": np.asarray(events.t), "event_what": what}


def verdict(rows: list[dict[str, Any]]) -> Entries:
    """The rows of ``verify --json``: those that were judged in numbers, all of them as digests."""
    states = [row["state"] for row in rows]
    entries: Entries = {"verify/states": {state: states.count(state) for state in sorted(set(states))}}
    for row in rows:
        if row["state"] in ("holds", "fails"):
            entries[f"verify/{row['id']}"] = [row["state"], row["predicted"], row["measured"]]
    words = [{key: value for key, value in row.items() if isinstance(value, str)} for row in rows]
    numbers = [{key: value for key, value in row.items() if not isinstance(value, str)} for row in rows]
    entries["verify/words"] = digest(json.dumps(words, sort_keys=True).encode())
    entries["verify/numbers"] = digest(json.dumps(numbers, sort_keys=True).encode())
    return entries


def _called(call: Call) -> Measured:
    import reluflow

    given = reluflow.load_preset(call.preset).problem()
    start = (given.inputs, given.targets, given.weights, given.output_weights)
    got = reluflow.simulate(*start, **call.arguments)
    entries, arrays = event_entries(got.events)
    entries |= series_entries(
        {"t": got.t, "loss": got.loss}, got.t, {"weights": got.weights, "output_weights": got.output_weights}
    )
    entries |= {f"run/{name}": getattr(got, name) for name in ("status", "reason", "steps", "method")}
    entries |= {"run/time": float(got.t[-1]), "run/loss": float(got.loss[-1])}
    shown = {
        name: value if name != "times" else f"{len(value)} to {value[-1]:g}"
        for name, value in call.arguments.items()
    }
    entries["commands"] = f"simulate {call.preset} {json.dumps(shown)}"
    return Measured(call.name, entries, arrays | {"t": got.t, "loss": got.loss})


def digest(content: bytes) -> str:
    """The first 64 bits of the SHA-256 of it."""
    return hashlib.sha256(content).hexdigest()[:16]


def digest_of(arrays: Mapping[str, np.ndarray]) -> str:
    """A digest of every bit of some arrays, with their names, types and shapes."""
    whole = hashlib.sha256()
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        whole.update(f"{name} {array.dtype.str} {array.shape};".encode())
        whole.update(array.tobytes())
    return whole.hexdigest()[:16]
