"""Messages from widgets to the app. They carry plain values; no widget reaches into another one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.message import Message

from reluflow.tui.arrangement import Panel


@dataclass
class TimeChosen(Message):
    """The user pointed at a flow time."""

    t: float


@dataclass
class PanelChosen(Message):
    """The user pointed at the name of a panel."""

    panel: Panel


@dataclass
class EventChosen(Message):
    """The user pointed at the event at this flow time, where the cursor is already."""

    t: float


@dataclass
class ParametersApplied(Message):
    """The user wants a run with these values changed (by ``section.key``; None unsets one)."""

    values: Mapping[str, Any]


@dataclass
class NumberStepped(Message):
    """A number was stepped: it is to be run at once if that takes no time."""

    key_id: str
    values: Mapping[str, Any]


@dataclass
class RangeAsked(Message):
    """The user wants to see how the run depends on the number of this key."""

    key_id: str


@dataclass
class ParametersLeft(Message):
    """The user is done with the parameters for now."""


@dataclass
class FieldEdited(Message):
    """The text of a field changed."""

    key_id: str


@dataclass
class FieldStepped(Message):
    """The number in a field was stepped."""

    key_id: str
