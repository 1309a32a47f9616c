"""The terminal app. Nothing of it (nor textual) is imported before ``run`` is called."""


def run(target: str | None, *, marker: str = "auto") -> int:
    """Open the app on a preset's name, a preset file or a run directory; returns the exit code.

    ``marker`` is "braille", "block", "ascii" or "auto". Raises ReluflowError, before anything is
    drawn, for a target or marker that cannot be used and where there is no terminal.
    """
    from reluflow.tui.launch import launch

    return launch(target, marker)
