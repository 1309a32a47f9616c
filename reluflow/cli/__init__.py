"""The command line: stdout is data, stderr is narration, exit codes are those of ``errors.ExitCode``.

One file a command. Nothing heavy is imported before a command runs: ``--help`` and completion are quick.
"""

import sys


def main() -> None:
    """Entry point of ``reluflow`` and of ``python -m reluflow``."""
    from reluflow.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    app(prog_name="reluflow")
