"""What the keys of the app do, key by key, for those who look them up from the command line."""

from reluflow.tui.actions import ACTIONS
from reluflow.tui.arrangement import TITLES
from reluflow.tui.panel_keys import PANEL_KEYS


def key_meanings() -> dict[str, str]:
    """By the name of a key, as people call it: what it does, and what in which panels and pages.

    There a line may be about several keys, which it then names.
    """
    found: dict[str, list[str]] = {}
    for action in ACTIONS:
        for key in action.all_shown:
            found.setdefault(key, []).append(action.help)
    places: dict[tuple[str, str], list[str]] = {}
    for row in PANEL_KEYS:
        places.setdefault((row.shown, row.help), []).append(TITLES.get(row.place, row.place))
    for (shown, help), where in places.items():
        keys = shown.split()
        named = f" ({shown})" if len(keys) > 1 else ""
        for key in keys:
            found.setdefault(key, []).append(f"{', '.join(where)}{named}: {help}")
    return {key: " | ".join(meanings) for key, meanings in found.items()}
