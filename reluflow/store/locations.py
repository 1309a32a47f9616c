"""Where presets live: those that come with the program, and the user's own.

A user may have no home (no entry in passwd and no HOME), or a folder that cannot be read: then there are the
presets that come with the program, and ``complaint`` says so.
"""

import os
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Final

#: stands for the folders of a user who has no home, and like it does not exist
NOWHERE: Final = Path("/nonexistent/reluflow")


def expanded(path: str | os.PathLike[str]) -> Path:
    """A path with a leading ~ replaced by the home it stands for, if it stands for one."""
    return Path(os.path.expanduser(path))


def typed(path: str) -> str:
    """A path as a user types it, who is in the working folder: absolute, so that it means the same later."""
    try:
        return str(expanded(path).absolute())
    except OSError:  # the working folder was removed
        return path


def complaint() -> str | None:
    """One sentence on why there are no presets and settings of the user's own to be had, if so."""
    folder, chosen = config_folder(), os.environ.get("RELUFLOW_CONFIG")
    if folder == NOWHERE:
        home = os.environ.get("HOME")
        homeless = f"HOME is {home}, and no absolute path" if home else "there is no home folder"
        named = f"RELUFLOW_CONFIG is {chosen}: no such home" if chosen else homeless
        return f"{named}; only the presets that come with the program are known"
    try:
        os.listdir(user_presets())
    except FileNotFoundError:
        return None  # nothing was saved there yet
    except OSError as error:
        return f"{folder}: cannot be read ({error.strerror}); only the presets of the program are known"
    return None


def _without_home(variable: str) -> bool:
    return not os.environ.get(variable) and not os.path.isabs(os.path.expanduser("~"))


def config_folder() -> Path:
    """The user's folder: ``RELUFLOW_CONFIG`` if set, else the platform's usual place."""
    chosen = os.environ.get("RELUFLOW_CONFIG")
    if chosen:
        folder = expanded(chosen)
        return NOWHERE if str(folder).startswith("~") else folder.absolute()
    if _without_home("XDG_CONFIG_HOME"):
        return NOWHERE
    import platformdirs

    return platformdirs.user_config_path("reluflow")


def state_folder() -> Path:
    """Where the app keeps what it did last: with the configuration if ``RELUFLOW_CONFIG`` is set."""
    if os.environ.get("RELUFLOW_CONFIG"):
        return config_folder()
    if _without_home("XDG_STATE_HOME"):
        return NOWHERE
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
        with suppress(OSError):
            found |= {path.stem: path for path in folder.glob("*.toml") if path.is_file()}
    return dict(sorted(found.items()))
