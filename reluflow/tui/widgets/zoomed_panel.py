"""The base of the panel of the loss: a window on its axes, moved by keys and by the mouse."""

from collections.abc import Callable
from typing import Final

import numpy as np
from textual import events

from reluflow.network import Array
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import LossAxes
from reluflow.plot.loss_place import LossPicture, loss_at, time_at
from reluflow.plot.loss_window import Axis, Window
from reluflow.tui.messages import TimeChosen
from reluflow.tui.widgets.frame_panel import FramePanel

#: A window becomes narrower by this factor, and moves by this share of itself.
CLOSER: Final = 0.5
ALONG: Final = 0.25
#: Cells that the mouse is dragged over, at least, to choose a window.
_DRAGGED: Final = 3


class ZoomedPanel(FramePanel):
    """A picture of the loss that can be looked at closely.

    ``wants``: called with the flow times at which the loss in a window is to be known, None without a window.
    """

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self.window = Window()
        #: the axis that the keys act on
        self.axis: Axis = "time"
        self.picture: LossPicture | None = None
        #: the axes without a window
        self.axes: LossAxes | None = None
        self.wants: Callable[[Array | None], None] = lambda _: None
        self._wanted: tuple[object, ...] = ()
        #: rows above the canvas
        self.top = 1
        self._pressed: tuple[int, int] | None = None
        self._dragged = False

    # --- keys ---

    def zoom(self, by: int) -> None:
        """Look closer (``by`` above 0) or at more, about the cursor if it is there."""
        if self.axes is not None and self.picture is not None:
            shown = self.picture.axes
            share = self.cursor_share(shown)
            self._take(self.window.zoomed(shown, self.axes, self.axis, CLOSER**by, share))

    def go_along(self, by: int) -> None:
        """Move the window along its axis."""
        if self.axes is not None and self.picture is not None:
            self._take(self.window.moved(self.picture.axes, self.axes, self.axis, ALONG * by))

    def turn_axis(self) -> None:
        """Let the keys act on the other axis."""
        self.axis = "loss" if self.axis == "time" else "time"
        self.redraw()

    def show_whole(self) -> None:
        """Show both axes whole again."""
        self.axis = "time"
        self._take(Window())

    def cursor_share(self, shown: LossAxes) -> float:
        """Where the cursor is between the ends of the axis that keys act on, the middle if it is outside."""
        return 0.5

    def _take(self, window: Window) -> None:
        self.window = window
        self.redraw()

    # --- what is wanted ---

    def tell_wants(self) -> None:
        """Tell soon which times are to be known, if they are others than before: a few for each column."""
        picture = self.picture
        if self.window.time is None or picture is None or picture.inner[0] < 2:
            key: tuple[object, ...] = ()
        else:
            key = (picture.axes.time, picture.axes.log_time, picture.axes.unit, picture.inner[0])
        if key == self._wanted:
            return
        self._wanted = key
        times = None if not key or picture is None else _times(picture, self.glyphs.dots[0])
        self.call_later(self.wants, times)

    # --- the mouse ---

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._turn_wheel(event, CLOSER)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._turn_wheel(event, 1.0 / CLOSER)

    def _turn_wheel(self, event: events.MouseEvent, factor: float) -> None:
        """Zoom about the pointer: the loss left of the canvas or with shift, else time."""
        picture = self.picture
        if picture is None or self.axes is None:
            return
        event.stop()
        (width, height), x, y = picture.inner, event.x - picture.left, event.y - self.top
        axis: Axis = "loss" if x < 0 or event.shift else "time"
        share = x / max(width - 1, 1) if axis == "time" else 1.0 - y / max(height - 1, 1)
        self._take(self.window.zoomed(picture.axes, self.axes, axis, factor, min(max(share, 0.0), 1.0)))

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._pressed = (event.x, event.y) if self._is_inside(event) else None
        self._dragged = False

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Look at what the mouse was dragged over."""
        pressed, picture, self._pressed = self._pressed, self.picture, None
        if pressed is None or picture is None:
            return
        across, down = abs(event.x - pressed[0]), abs(event.y - pressed[1])
        window = self.window
        if across >= _DRAGGED:
            begin, end = sorted(time_at(picture, x) for x in (event.x, pressed[0]))
            window = Window((begin, end), window.loss)
        if down >= _DRAGGED:
            low, high = sorted(loss_at(picture, y - self.top) for y in (event.y, pressed[1]))
            window = Window(window.time, (low, high))
        if window is not self.window:
            self._dragged = True
            self._take(window)

    def on_click(self, event: events.Click) -> None:
        if self._is_inside(event) and not self._dragged and self.picture is not None:
            self.post_message(TimeChosen(time_at(self.picture, event.x)))

    def _is_inside(self, event: events.MouseEvent) -> bool:
        """Whether the mouse is on the canvas."""
        picture = self.picture
        return picture is not None and event.x >= picture.left and 0 <= event.y - self.top < picture.inner[1]


def _times(picture: LossPicture, dots: int) -> Array:
    """Flow times for each column of dots, evenly spaced on the axis, its ends among them."""
    axes = picture.axes
    places = np.linspace(*axes.time, picture.inner[0] * dots + 1)
    times = np.array([axes.time_of(float(place)) for place in places])
    return np.unique(np.maximum(times, 0.0))
