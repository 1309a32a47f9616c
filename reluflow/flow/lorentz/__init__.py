"""The event-driven solver of the true gradient flow."""

from reluflow.flow.events import Change, Events
from reluflow.flow.lorentz.solver import Lorentz

__all__ = ["Change", "Events", "Lorentz"]
