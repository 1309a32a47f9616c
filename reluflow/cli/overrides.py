"""``--set section.key=value`` and ``--method``, read into changes of a preset."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reluflow.errors import PresetError, command_line
from reluflow.store.locations import typed
from reluflow.store.schema import by_id, parse_text


@dataclass(frozen=True)
class Request:
    """What the command line asks to run: a preset (None: a file of data) and changes to it."""

    preset: str | None
    settings: Sequence[str]
    method: str | None

    def overrides(self) -> dict[str, Any]:
        """Values by ``section.key``; None un-sets. PresetError in one sentence for what cannot be read."""
        changes: dict[str, Any] = {}
        for setting in self.settings:
            id, equals, text = setting.partition("=")
            if not equals:
                raise PresetError(f"--set {setting}: found no '='; expected section.key=value")
            key = by_id(id.strip(), "--set")
            value = parse_text(key, text, "--set")
            # a file named on the command line is looked for where the command is given
            changes[key.id] = typed(value) if value and key.is_file(value) else value
        if self.method is not None:
            changes["solver.method"] = parse_text(by_id("solver.method"), self.method, "--method")
        return changes

    def resume_command(self, folder: Path) -> str:
        """The command that goes on with the run in ``folder``."""
        if self.preset is None:
            return command_line(["reluflow", "resume", str(folder)])
        words = ["reluflow", "run", self.preset]
        words += [word for setting in self.settings for word in ("--set", setting)]
        words += ["--method", self.method] if self.method is not None else []
        return command_line([*words, "--out", str(folder), "--resume"])
