"""Commands on hostile files, each in a process of its own with little memory; prints what should not be.

python tests/fuzzing.py presets 0 1000
python tests/fuzzing.py sizes 0 1000
python tests/fuzzing.py directories 0 1000 sizes 0 10
"""

import gc
import importlib
import os
import pkgutil
import random
import resource
import select
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import hostile_files  # noqa: E402

import reluflow  # noqa: E402
from reluflow.errors import escaped  # noqa: E402

#: of address space; -1 for no limit
MEMORY = 2**30
#: of the processor's time for a command, however busy the machine is, and of time for one that waits for ever
PATIENCE = 20
DEADLINE = 300.0
LONGEST = 300
#: of the presets that pass the check, those that are run, too
RUN_SHARE = 0.5
KINDS = ("loss", "neurons", "verify", "function", "field", "angles", "directions", "spectrum", "eigen")
SECONDS = {
    **{"check": 2.0, "info": 2.0, "verify": 2.0, "directions": 2.0, "run": 3.0},
    **{"resume": 3.0, "export": 2.0, "plot": 4.0, "diff": 2.0},
}


def child(words: list[str], folder: Path) -> tuple[int, str, str, float]:
    """Exit code, stdout, stderr and the processor's seconds of a command in ``folder``.

    The code is that of a signal, negative, where it had to be killed.
    """
    process = os.fork()
    if process == 0:
        be(words, folder)
    handle = os.pidfd_open(process)
    done, _, _ = select.select([handle], [], [], DEADLINE)
    if not done:
        os.kill(process, signal.SIGKILL)
    _, status, used = os.wait4(process, 0)
    os.close(handle)
    took = used.ru_utime + used.ru_stime
    code = os.waitstatus_to_exitcode(status)
    out, err = ((folder / name).read_bytes().decode("utf-8", "replace") for name in ("out", "err"))
    return code, out, err, took


def be(words: list[str], folder: Path) -> None:
    """Be the command: this process ends with it."""
    code = 99
    try:
        os.chdir(folder)
        for name, number in (("out", 1), ("err", 2)):
            os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, -1))
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
        sys.argv = ["reluflow", *words]
        from reluflow.cli import main

        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def faults(words: list[str], code: int, out: str, err: str, took: float) -> list[str]:
    """What a command should not have done."""
    found = []
    if code < 0:
        found.append(f"was killed by {signal.Signals(-code).name} after {took:.1f} s")
    elif code not in (0, 1, 2):
        found.append(f"exit code {code}")
    if "Traceback" in err:
        found.append("traceback: " + " | ".join(err.strip().splitlines()[-4:])[-400:])
    for line in err.splitlines():
        if len(line) > LONGEST:
            found.append(f"a sentence of {len(line)} characters")
        if not line.startswith("reluflow: ") and "Traceback" not in err:
            found.append(f"on stderr: {line[:200]!r}")
    if escaped(out + err, kept="\n\t") != out + err:
        found.append("control characters")
    return found


#: words, exit code, what should not be, seconds
Result = tuple[list[str], int, list[str], float]


def presets(seed: int, folder: Path) -> list[Result]:
    rng = random.Random(seed)
    hostile_files.write_preset(folder / "hostile.toml", rng)
    return tried(folder, rng)


def sizes(seed: int, folder: Path) -> list[Result]:
    rng = random.Random(seed)
    (folder / "hostile.toml").write_text(hostile_files.large_preset(rng))
    return tried(folder, rng)


def tried(folder: Path, rng: random.Random) -> list[Result]:
    """The preset in ``folder`` is checked, and if it passes perhaps run."""
    words = ["presets", "check", "hostile.toml"]
    found = child(words, folder)
    results = [(["check", *words], found[0], faults(words, *found), found[-1])]
    if found[0] == 0 and rng.random() < RUN_SHARE:
        words = ["run", "hostile.toml", "--set", "stop.wall_seconds=1", "--out", "out-of-it", "-q"]
        found = child(words, folder)
        results.append((words, found[0], faults(words, *found), found[-1]))
    return results


def directories(seed: int, folder: Path) -> list[Result]:
    rng = random.Random(seed)
    runs = sorted(RUNS.iterdir())
    run = folder / "run"
    shutil.copytree(rng.choice(runs), run)
    hostile_files.damage(run, runs, rng)
    ending, kind = rng.choice([".csv", ".npz", ".nc"]), rng.choice(KINDS)
    commands = [
        ["info", "run"],
        ["info", "run", "--json"],
        ["info", "run", "--columns", "columns.csv"],
        ["directions", "run", "--at", "end"],
        ["verify", "run", "-q"],
        ["run", "run", "--resume", "--out", "run", "-q", "--set", "stop.wall_seconds=1"],
        ["resume", "run", "-q", "--set", "stop.wall_seconds=1"],
        ["export", "run", f"flat{ending}"],
        ["diff", "run", str(rng.choice(runs))],
        ["run", "--from", "run", "--nudge", "flip 0", "--out", "on", "-q", "--set", "stop.wall_seconds=1"],
        ["plot", "run", "-o", rng.choice(["figure.png", "figure.svg"]), "--kind", kind],
    ]
    results = []
    for words in rng.sample(commands, 3):
        found = child(words, folder)
        results.append((words, found[0], faults(words, *found), found[-1]))
    return results


CASES = {"presets": presets, "sizes": sizes, "directories": directories}
RUNS = Path(tempfile.gettempdir())


def import_early() -> None:
    """Import what takes long once, and not in the process of every command that needs it."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg  # noqa: F401

    import reluflow.flow.lorentz
    import reluflow.flow.scipy_implicit  # noqa: F401


def make_runs(folder: Path) -> None:
    """Some small runs to be damaged: by several methods, with files, and one that was never saved."""
    (folder / "points.csv").write_text("1,1,-0.5\n1,2,0.5\n1,-1,1\n")
    (folder / "points.toml").write_text(
        "[data]\nkind='file'\npath='points.csv'\n[network]\nwidth=5\n[init]\nscale=1e-3\n[stop]\nsteps=40\n"
    )
    few = ["--set", "network.width=6", "--set", "stop.steps=60", "--set", "stop.loss=none"]
    rate = ["--set", "solver.learning_rate=0.01"]
    runs = {
        "flow": ["wu-five-points"],
        "descent": ["orthogonal-toy", "--method", "gd", *rate, *few],
        "polar": ["orthogonal-toy", "--method", "polar", *few],
        "teacher": ["neuron-centred-10", *few],
        "file": ["points.toml"],
        "radau": ["orthogonal-toy", "--method", "radau", *few],
    }
    (folder / "runs").mkdir()
    for name, words in runs.items():
        code, _, err, _ = child(["run", *words, "--out", f"runs/{name}", "-q"], folder)
        assert code in (0, 1), err
    shutil.copytree(folder / "runs" / "flow", folder / "runs" / "unsaved")
    (folder / "runs" / "unsaved" / "trajectory.npz").unlink()


def import_all() -> None:
    """Import what any command imports, once, before the processes are split off that would each do it."""
    for module in pkgutil.walk_packages(reluflow.__path__, "reluflow."):
        if not module.name.startswith(("reluflow.tui", "reluflow.__main__")):
            importlib.import_module(module.name)
    gc.freeze()  # so that no process looks through, and so copies, what all of them share


def fuzz(kind: str, seeds: range) -> int:
    """Print every fault with its seed; returns how many there were."""
    global RUNS
    count, slowest, codes = 0, {}, Counter()
    with tempfile.TemporaryDirectory() as name:
        top = Path(name)
        if kind == "directories":
            import_early()
            make_runs(top)
            RUNS = top / "runs"
        for seed in seeds:
            folder = top / "case"
            folder.mkdir()
            for words, code, found, took in CASES[kind](seed, folder):
                codes[words[0], code] += 1
                slowest[words[0]] = max(slowest.get(words[0], (0.0, 0)), (took, seed))
                count += len(found)
                for fault in found:
                    print(f"{kind} seed {seed}: {' '.join(words)}: {fault}", flush=True)
                if took > SECONDS[words[0]]:
                    print(f"({kind} seed {seed}: {' '.join(words)} took {took:.1f} s)", flush=True)
            shutil.rmtree(folder)
    print(
        f"{kind} seeds {seeds.start} to {seeds.stop - 1}: {count} faults; exit codes", dict(codes), flush=True
    )
    print("slowest: seconds, seed:", slowest, flush=True)
    return count


def main(words: list[str]) -> int:
    """Kinds, each with its first seed and the one after its last."""
    import_all()
    kinds = zip(words[::3], words[1::3], words[2::3], strict=True)
    return sum(fuzz(kind, range(int(first), int(end))) for kind, first, end in kinds)


if __name__ == "__main__":
    sys.exit(min(main(sys.argv[1:]), 1))
