"""Data at the edge of what data can be, by name, as presets."""

from pathlib import Path

#: inputs, targets
ODD = {
    "equal rows": ([[1.0, 0.5], [1.0, 0.5], [-0.5, 1.0]], [0.7, 0.7, -0.3]),
    "equal rows that contradict each other": ([[1.0, 0.5], [1.0, 0.5], [-0.5, 1.0]], [0.7, -0.1, -0.3]),
    "nothing but equal rows": ([[1.0, 0.5]] * 4, [1.0, 1.0, 1.0, 1.0]),
    "a row of zeros": ([[1.0, 0.5], [0.0, 0.0], [-0.5, 1.0]], [0.7, 0.4, -0.3]),
    "nothing but zeros": ([[0.0, 0.0], [0.0, 0.0]], [1.0, -1.0]),
    "a column of zeros": ([[1.0, 0.0], [-2.0, 0.0]], [1.0, 0.5]),
    "one sample": ([[1.0, 0.5]], [1.0]),
    "one sample in one dimension": ([[-2.0]], [1.0]),
    "one sample of zeros": ([[0.0, 0.0]], [1.0]),
    "no target but zero": ([[1.0, 0.5], [-0.5, 1.0]], [0.0, 0.0]),
}


def write_odd(folder: Path, name: str, width: int = 6, bias: bool = False) -> Path:
    """A preset of these data."""
    inputs, targets = ODD[name]
    path = folder / "odd.toml"
    path.write_text(
        f"[data]\nkind = 'points'\ninputs = {inputs}\ntargets = {targets}\nbias = {str(bias).lower()}\n"
        f"[network]\nwidth = {width}\n[init]\nscale = 1e-3\n[stop]\nloss = 1e-9\nsteps = 500\n"
    )
    return path
