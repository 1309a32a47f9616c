"""An independent reference for the gradient flow, with nothing of reluflow, in 80-bit arithmetic.

``integrate`` follows all neurons together from event to event, as power series in time.
"""

from .integrate import Result, integrate
from .run import GaveUpError, Limits

__all__ = ["GaveUpError", "Limits", "Result", "integrate"]
