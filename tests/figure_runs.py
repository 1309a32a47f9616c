"""Runs of which figures are drawn."""

from pathlib import Path

from commands import call


def made_in(folder: Path) -> Path:
    """A folder with ``steps`` (two coordinates), ``toy`` at three scales (one, with a bias), ``neuron`` (ten)
    and ``labels``.
    """
    for name, preset, *words in (
        ("steps", "first-steps"),
        ("toy", "orthogonal-toy", "network.width=12"),
        ("smaller", "orthogonal-toy", "network.width=12", "init.scale=1e-12"),
        ("tiny", "orthogonal-toy", "network.width=12", "init.scale=1e-300", "stop.time=2000"),
        ("neuron", "neuron-centred-10", "stop.loss=1e-3"),
        ("labels", "orthogonally-separable", "stop.loss=1e-2"),
    ):
        settings = [word for setting in words for word in ("--set", setting)]
        done = call("run", preset, "-q", "--out", str(folder / name), *settings)
        assert done.exit_code == 0, done.stderr
    return folder
