"""The command line: stdout is data, stderr is narration, exit codes are those of ``errors.ExitCode``.

One file a command. Nothing heavy is imported before a command runs: ``--help`` and completion are quick.
"""

import sys

from reluflow.errors import ExitCode


def main() -> None:
    """Entry point of ``reluflow`` and of ``python -m reluflow``."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a title that a terminal cannot show is no reason to stop
            stream.reconfigure(errors="replace")
    try:
        from reluflow.cli.app import app

        app(prog_name="reluflow")
    except KeyboardInterrupt:  # before a command could see to it
        sys.exit(ExitCode.INTERRUPTED)
