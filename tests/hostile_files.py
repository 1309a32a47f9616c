"""Presets and run directories as nobody would make them, each from a seed."""

import json
import random
import shutil
import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np

from reluflow.data import DATA_KINDS, INITIALISATIONS
from reluflow.flow import METHODS
from reluflow.registry.losses import LOSSES
from reluflow.store import run_summary
from reluflow.store.keys import Key
from reluflow.store.locations import shipped_presets
from reluflow.store.schema import KEYS

NUMBERS = [
    *("0", "-1", "1", "2", "3", "17", "1000", "100000", "10000000", "1000000000000", "9223372036854775807"),
    *("1e-320", "1e-200", "1e-20", "0.5", "1.0", "1e6", "1e20", "1e149", "1e300", "-1e300", "nan", "inf"),
    *("-inf", "9" * 400, "1" + "0" * 5000, "0x7fffffffffffffff", "1e400", "-0.0"),
]
TEXTS = [
    *('""', '"x"', '"lorentz"', '"gd"', '"polar"', '"rk45"', '"radau"', '"lsoda"', '"mse"', '"points"'),
    *('"file"', '"gaussian"', '"orthogonal"', '"correlated"', '"piecewise"', '"balanced"', '"unbalanced"'),
    *('"dominated"', '"\\u001b[31m\\u0007\\u009b2J"', '"\\u202egnp.exe"', '"~nosuchuser/a.csv"', '"\\u0000"'),
    *('"/dev/zero"', '"/"', '".."', '"data.csv"', '"data.npz"', '"/' + "very/long/" * 400 + 'a.csv"'),
    *('"4^-6"', '"9^999999999"', '"9^9^9"', '"2^-9999999999999999999999"', '"init.scale=4^2:4^-13"'),
    *('"init.scale=1:9999999999999"', '"loss<=1e-6 live"', '"(((("', '"init.seed=0:1e300:7lin"'),
    '"' + "y" * 20_000 + '"',
]
OTHERS = [
    *("true", "false", "[]", "[[]]", "[1.0, 2.0]", "[[1.0], [2.0, 3.0]]", "[[0.0, 0.0], [1.0, 1.0]]", "{}"),
    *("[1.0, -1.0]", "[[1e200, 1.0], [1.0, 1.0]]", "1979-05-27T07:32:00Z", "[" * 3000, "[" * 400 + "]" * 400),
    *("[" + "1.0, " * 5000 + "]", '[["a"]]', "[nan]", "[true]", "07:32:00", "{ a = { b = 1 } }"),
]
NAMES = [*(key.id for key in KEYS), "sweep.over", "sweep.measures", "sweep.success", "sweep.limit"]
TABLES = [
    *("1,2\n3,4\n", "", "a,b\n1,2\n", "1\n", "1,nan\n", "1,2\n3\n", "1e308,1e308\n", "\x00,1\n", "9" * 9999),
]
VALUES = [
    *(None, True, -1, 2**80, 1e308, "\x1b[31m", "running", [], {}, [{"start": "x"}], "z" * 100_000, [1] * 9),
]
SHAPES = [(), (0,), (1,), (2,), (5,), (2, 2), (5, 1), (1, 5), (2, 3, 4), (0, 3), (1000, 3)]
KINDS = ["f8", "f8", "f8", "f4", "f2", "i8", "u1", "?", "U5", "S3", "c16", "M8[s]", "V7", ">f8"]
CLAIMS = ["(1000000000000,)", "(-1,)", "(99999, 99999)", "(2, " * 200, "(1 << 40,)", "(True,)"]
COUNTS = [1, 1, 2, 2, 3, 4, 5, 7, 8, 12, 12, 40, 300, 5000, 1_000_000]
SIZES = [0.0, 1.0, 1.0, 0.5, 2.0, 1e-3, 1e-8, 1e-60, 1e-300, 5e-324, 1e6, 1e30, 1e60, 1e149]
FILES = ("preset.toml", "problem.npz", "trajectory.npz", "run.json")


def hostile_value(rng: random.Random) -> str:
    return rng.choice(rng.choice([NUMBERS, NUMBERS, TEXTS, OTHERS]))


def flipped(content: bytes, rng: random.Random) -> bytes:
    """Some bits, cuts and repetitions."""
    changed = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 3, 30])):
        if not changed:
            break
        at = rng.randrange(len(changed))
        kind = rng.randrange(6)
        if kind < 3:
            changed[at] ^= 1 << rng.randrange(8)
        elif kind == 3:
            del changed[at : at + rng.choice([1, 10, len(changed)])]
        elif kind == 4:
            changed[at:at] = rng.choice([b"\x00", b"\xff\xfe", b"\x1b[31m", bytes(100), b"\n[data]\n"])
        else:
            changed[at:at] = changed[at : at + rng.choice([1, 100])]
    return bytes(changed)


def write_preset(path: Path, rng: random.Random) -> None:
    """A preset at ``path`` and, beside it, data files that it may name."""
    text = rng.choice(sorted(shipped_presets().glob("*.toml"))).read_text()
    kind = rng.random()
    if kind < 0.2:
        path.write_bytes(flipped(text.encode(), rng))
        return
    if kind < 0.6:
        path.write_text(odd_preset(rng))
        _write_data(path.parent, rng)
        return
    tables = {section: {} for section in dict.fromkeys(name.partition(".")[0] for name in NAMES)}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif "=" in line and section in tables and not line.startswith("#"):
            name, _, value = line.partition("=")
            tables[section][name.strip()] = value.strip()
    for _ in range(rng.choice([1, 1, 2, 3, 6])):
        section, _, name = rng.choice(NAMES).partition(".")
        if rng.random() < 0.1:
            tables[section].pop(name, None)
        else:
            tables[section][name] = hostile_value(rng)
    lines = [f"title = {rng.choice(TEXTS)}", "notes = '''a\x7fb'''" if rng.random() < 0.1 else ""]
    for section, values in tables.items():
        lines += [f"[{section}]", *(f"{name} = {value}" for name, value in values.items())]
    path.write_text("\n".join(lines) + "\n")
    _write_data(path.parent, rng)


def odd_preset(rng: random.Random) -> str:
    """A preset whose values are all of the right kind, and extreme; most of them pass the check."""
    values = {
        "data.kind": rng.choice([*DATA_KINDS]),
        "init.kind": rng.choice(["balanced", "balanced", *INITIALISATIONS]),
        "solver.method": rng.choice(["lorentz", "lorentz", *METHODS]),
        "solver.loss": rng.choice(["half-mse", *LOSSES]),
    }
    texts = {name: json.dumps(value) for name, value in values.items()}
    share = rng.choice([0.05, 0.2, 0.5])
    for key in KEYS:
        if key.id in values or not key.applies(values):
            continue
        if key.is_required(values) or rng.random() < share:
            texts[key.id] = odd_value(key, rng)
    return "".join(f"{name} = {text}\n" for name, text in texts.items())


def large_preset(rng: random.Random) -> str:
    """A preset of data that are drawn, with sizes of any order: as many fit in memory as do not."""
    values: dict[str, object] = {
        "data.kind": rng.choice([kind for kind in DATA_KINDS if kind not in ("points", "file")]),
        "init.kind": rng.choice(["balanced", "dominated", "unbalanced", "fixed-norm"]),
        "solver.method": rng.choice([*METHODS]),
    }
    known = {key.id: key.default for key in KEYS} | values
    for key in KEYS:
        if key.id in values or not key.applies(known):
            continue
        if key.kind == "int" and key.section in ("data", "network") and key.id != "data.seed":
            if key.is_required(values) or rng.random() < 0.4:
                values[key.id] = min(10 ** rng.choice([0, 0, 1, 1, 2, 3, 4, 5, 6, 7]), int(key.high or 1))
        elif key.is_required(values):
            values[key.id] = [-0.5, 0.5] if key.kind == "floats" else 0.01
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items())


def odd_value(key: Key, rng: random.Random) -> str:
    """A value of the kind that the key asks for, mostly within its bounds."""
    if key.kind in ("choice", "bool"):
        return json.dumps(rng.choice(key.choices or (True, False)))
    if key.kind == "int":
        low, high = int(key.low or 0), int(key.high or 9)
        return str(rng.choice([low, high]) if rng.random() < 0.1 else min(max(rng.choice(COUNTS), low), high))
    if key.kind == "float":
        return repr(_odd_number(key, rng))
    if key.kind in ("floats", "points"):
        rows, columns = rng.choice([1, 2, 2, 3, 5]), rng.choice([1, 2, 2, 3])
        width = columns if key.kind == "points" else 1
        values = [[_odd_number(key, rng) for _ in range(width)] for _ in range(rows)]
        return repr(values if key.kind == "points" else [value for (value,) in values])
    files = ['"data.csv"', '"data.npz"']
    return rng.choice({"path": files, "column": ["1", "2", '"a"', '"y"']}.get(key.kind, ["1", "0.5", *files]))


def _odd_number(key: Key, rng: random.Random) -> float:
    size = rng.choice([rng.choice(SIZES), round(rng.uniform(0.0, 3.0), 1), 10.0 ** rng.uniform(-20.0, 5.0)])
    low = -np.inf if key.low is None else key.low
    number = -size if low < 0.0 and rng.random() < 0.5 else size
    return min(max(number, low), np.inf if key.high is None else key.high)


def _write_data(folder: Path, rng: random.Random) -> None:
    rows = rng.choice(TABLES)
    (folder / "data.csv").write_text(rows)
    arrays = {"inputs": hostile_array(rng), "targets": hostile_array(rng)}
    arrays |= {"weights": hostile_array(rng), "output_weights": hostile_array(rng)}
    with zipfile.ZipFile(folder / "data.npz", "w", rng.choice([0, 8])) as archive:
        for name, array in arrays.items():
            archive.writestr(f"{name}.npy", npy(array, rng))


def hostile_array(rng: random.Random) -> np.ndarray:
    shape, kind = rng.choice(SHAPES), rng.choice(KINDS)
    values = np.zeros(shape, kind) if kind in ("V7", "M8[s]") else np.ones(shape).astype(kind)
    if kind == "f8" and rng.random() < 0.5:
        values = values * rng.choice([0.0, -1.0, 1e-320, 1e300, np.nan, np.inf, -np.inf, 1e20])
    return values


def npy(array: np.ndarray, rng: random.Random) -> bytes:
    """An array as a .npy file, at times with a claim of its own."""
    buffer = BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=False)
    content = buffer.getvalue()
    if rng.random() < 0.2:
        shape = rng.choice(CLAIMS)
        kind = rng.choice(["<f8", "|O", "<U99999999", "|V1", "nonsense"])
        header = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content[-64:]
    return content


def damage(run: Path, others: list[Path], rng: random.Random) -> None:
    """Do something to one or two files of a run directory."""
    for _ in range(rng.choice([1, 1, 1, 2])):
        name = rng.choice(FILES)
        path = run / name
        kind = rng.random()
        if kind < 0.1:
            path.unlink(missing_ok=True)
            if rng.random() < 0.3:
                path.mkdir()
            elif rng.random() < 0.3:
                path.symlink_to(path)
            return
        if kind < 0.2:
            other = rng.choice(others) / name
            if other.is_file():
                shutil.copy(other, path)
        elif kind < 0.55 or not path.is_file():
            if path.is_file():
                path.write_bytes(flipped(path.read_bytes(), rng))
        elif name.endswith(".npz"):
            _replace_members(path, rng)
        elif name == "run.json":
            _change_summary(path, rng)
        else:
            write_preset(path, rng)


def _replace_members(path: Path, rng: random.Random) -> None:
    """The same archive with some arrays replaced, and sums that fit."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return  # damaged before; a RuntimeError says that it is encrypted
    for name in rng.sample(sorted(members), min(len(members), rng.choice([1, 1, 2, 8]))):
        members[name] = _changed(members[name], rng)
    if rng.random() < 0.1:
        del members[rng.choice(sorted(members))]
    with zipfile.ZipFile(path, "w", rng.choice([0, 0, 0, 8])) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def _changed(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return npy(hostile_array(rng), rng)
    try:
        array = np.lib.format.read_array(BytesIO(content), allow_pickle=False)
    except (ValueError, MemoryError):  # a claim of an earlier change
        return content
    kind = rng.randrange(4)
    if kind == 0 and array.ndim:
        array = array[: rng.randrange(len(array) + 1)]
    elif kind == 1 and array.dtype.kind in "fi" and array.size:
        array = array.copy()
        odd = [-1, 0, 127] if array.dtype.kind == "i" else [np.nan, -1, 1e308]
        array.flat[rng.randrange(array.size)] = rng.choice(odd)
    elif kind == 2 and array.dtype.kind == "f":
        array = -array[::-1] if array.ndim else -array
    elif array.dtype.kind in "fi":
        array = array.astype(rng.choice(["f8", "f4", "U9"]))
    elif array.ndim == 2:
        array = array[:, :1]
    return npy(array, rng)


def _change_summary(path: Path, rng: random.Random) -> None:
    try:
        content = json.loads(path.read_bytes())
    except ValueError:
        return
    if not isinstance(content, dict):
        return
    for _ in range(rng.choice([1, 1, 3])):
        name = rng.choice([*content, "status", "process", "saddles"])
        content[name] = rng.choice(VALUES)
    if rng.random() < 0.7:
        rest = {name: value for name, value in content.items() if name != "sum"}
        content["sum"] = run_summary.sum_of_content(rest)
    path.write_text(json.dumps(content))
