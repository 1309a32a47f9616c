"""Where presets live: those that come with the program, and the user's own."""

import os
from importlib import resources
from pathlib import Path


def config_folder() -> Path:
    """The user's folder: ``RELUFLOW_CONFIG`` if set, else the platform's usual place."""
    chosen = os.environ.get("RELUFLOW_CONFIG")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return platformdirs.user_config_path("reluflow")


def state_folder() -> Path:
    """Where the app keeps what it did last: with the configuration if ``RELUFLOW_CONFIG`` is set."""
    if os.environ.get("RELUFLOW_CONFIG"):
        return config_folder()
    import platformdirs

    return platformdirs.user_state_path("reluflow")


def user_presets() -> Path:
    """Where the user's presets are saved; it may not exist yet."""
    return config_folder() / "presets"


def shipped_presets() -> Path:
    """The presets that come with the program: inside an installed package, or beside it in a checkout."""
    package = Path(str(resources.files("reluflow")))
    inside = package / "presets"
    return inside if inside.is_dir() else package.parent / "presets"


def preset_files() -> dict[str, Path]:
    """Every preset by name, sorted; a user's own stands in for a shipped one of the same name."""
    found: dict[str, Path] = {}
    for folder in (shipped_presets(), user_presets()):
        if folder.is_dir():
            found |= {path.stem: path for path in folder.glob("*.toml") if path.is_file()}
    return dict(sorted(found.items()))
