"""Whether matplotlib is there, which only figures need."""

from importlib.util import find_spec

from reluflow.errors import ReluflowError


def require_matplotlib() -> None:
    """Raise ReluflowError in one sentence where it is not installed."""
    if find_spec("matplotlib") is None:
        raise ReluflowError(
            "figures need matplotlib, which is not installed: pip install 'reluflow[figures]'"
        )
