"""JSON that every reader accepts: finite numbers only, null for what is missing."""

import json
import math
from collections.abc import Mapping
from typing import Any


def to_json(value: Any) -> str:
    """One JSON value with a line end; NaN and infinity become null, arrays lists, paths text."""
    return json.dumps(plain(value), indent=2, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """The same in Python's own types, as JSON has them."""
    if hasattr(value, "tolist"):
        value = value.tolist()  # NumPy scalars and arrays
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | str) else str(value)
