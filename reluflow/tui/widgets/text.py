"""Values as they are typed."""

from typing import Any


def text_of(value: Any) -> str:
    """A value as it would be typed; "" when it is not set."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple | list):
        return f"[{', '.join(text_of(item) for item in value)}]"
    return str(value)
