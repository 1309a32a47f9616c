"""The panel of the loss over time."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final, Literal, get_args

from reluflow.figures.choices import Choices, Clock
from reluflow.observe.history import History
from reluflow.observe.series import HELD_OUT_LOSS, OBJECTIVE
from reluflow.plot.cells import FROZEN, Row, Segment, listed
from reluflow.plot.glyphs import Glyphs
from reluflow.plot.loss_curve import Curve, LossAxes, curve_of, fit_axes, time_limit
from reluflow.plot.loss_marks import theory_key, with_cursor
from reluflow.plot.loss_picture import BESIDE, draw_loss
from reluflow.plot.loss_place import LossPicture
from reluflow.plot.loss_window import Window, refined
from reluflow.plot.phases import focus_of
from reluflow.plot.settings import LOSS_PICTURE
from reluflow.registry.losses import LOSSES
from reluflow.store.preset import Preset
from reluflow.theory.landmarks import Landmark
from reluflow.training.closeup import CloseUp
from reluflow.tui.controllers.theory import Marks
from reluflow.tui.drawings import Behind, Drawing, of_run
from reluflow.tui.frozen_runs import LETTERS, FrozenRun, Origin
from reluflow.tui.moment import Moment
from reluflow.tui.widgets.rows_panel import heading
from reluflow.tui.widgets.zoomed_panel import ZoomedPanel

#: What the axes show: decades about the plateaus, the whole run with all decades, or the loss itself.
Scale = Literal["log", "all", "linear"]
SCALES: Final[tuple[Scale, ...]] = ("log", "all", "linear")
#: Time as it is, its logarithm, or in units of ln(1/scale), in which curves of all small scales are alike.
Time = Literal["linear", "log", "unit"]
TIMES: Final[tuple[Time, ...]] = get_args(Time)
#: The axis reaches below the lowest plateau by this factor, so that plateaus are not pressed together.
BELOW_PLATEAUS: Final = 30.0
#: The axis of time reaches to a forecast that is no further away than so many times what is recorded.
_REACH: Final = 4.0
#: Shortest panel that has a line for the key of what the theory says.
_ROOM_FOR_KEY: Final = 8
#: What is drawn beside the loss where it is recorded: letter, column of the series, name.
BESIDE_LOSS: Final[Mapping[str, tuple[str, str]]] = {
    "H": (HELD_OUT_LOSS, "held out"),
    "O": (OBJECTIVE, "objective"),
}


class LossPanel(ZoomedPanel):
    """The recorded curve, or a window on it, with a line at the cursor; what lies ahead is faint.

    Drawn anew only when the run, the axes or the size change; otherwise the line moves.
    """

    KEPT: ClassVar[Mapping[str, Sequence[Any]]] = {
        "square_time": TIMES,
        "label_time": TIMES,
        "scale": SCALES,
        "theory": (False, True),
    }

    def __init__(self, glyphs: Glyphs, *, id: str | None = None) -> None:
        super().__init__(glyphs, id=id)
        self.square_time: Time = "linear"
        #: losses of labels fall like 1/t for many decades
        self.label_time: Time = "log"
        self.theory = True
        self.scale: Scale = "log"
        self._moment: Moment | None = None
        self._kept: tuple[FrozenRun, ...] = ()
        self._origins: Mapping[str, Origin] = {}
        self._closeup: CloseUp | None = None
        self._drawn: tuple[Any, ...] = ()
        self._marks = Marks()

    def show(self, moment: Moment, marks: Marks) -> None:
        """Draw a newer moment with what the theory says of it; a new run starts with new axes."""
        before = self._moment
        if before is None or moment.frame.generation != before.frame.generation:
            self.axes = None
        if before is not None and moment.frame.preset.name != before.frame.preset.name:
            self.window = Window()
        self._moment, self._marks = moment, marks
        self.redraw()

    def show_frozen(self, runs: tuple[FrozenRun, ...], origins: Mapping[str, Origin]) -> None:
        """Put other runs behind the present one: those of its preset, and of branches of it.

        ``origins``: where branches began, by the name of their preset.
        """
        self._kept, self._origins = runs, origins
        self.axes = None
        self.redraw()

    def show_theory(self, marks: Marks) -> None:
        """Mark what the theory says of the run."""
        self._marks = marks
        self.redraw()

    def show_closeup(self, closeup: CloseUp | None) -> None:
        """Draw losses within the window that are known better than the record has them."""
        self._closeup = closeup
        self.redraw()

    def toggle_theory(self) -> None:
        """Show or hide what the theory says."""
        self.theory = not self.theory
        self.redraw()

    def next_time(self) -> None:
        """The next of the ways to count time; ln(1/scale) only where there is a small scale."""
        chosen = TIMES[(TIMES.index(self.time) + 1) % len(TIMES)]
        if chosen == "unit" and (self._moment is None or self._moment.frame.preset.log_scale is None):
            chosen = "linear"
        if self._of_labels:
            self.label_time = chosen
        else:
            self.square_time = chosen
        self.redraw()

    @property
    def _of_labels(self) -> bool:
        preset = self._moment.frame.preset if self._moment is not None else None
        return preset is not None and LOSSES[preset.values["solver.loss"]].of_labels

    @property
    def time(self) -> Time:
        """How time is counted: chosen for square losses and for losses of labels on their own."""
        return self.label_time if self._of_labels else self.square_time

    def adopt(self, choices: Mapping[str, Any]) -> None:
        self.axes = None
        super().adopt(choices)

    @property
    def clock(self) -> Clock:
        """How time is counted below curves that are drawn for print."""
        preset = self._moment.frame.preset if self._moment is not None else None
        scaled = self.time == "unit" and preset is not None and preset.log_scale is not None
        return "scaled" if scaled else "log" if self.time == "log" else "time"

    def drawing(self) -> Drawing | None:
        """The same for print: all of the curve, with those behind it."""
        if self._moment is None:
            return None
        frame = self._moment.frame
        start = self._origin(frame.preset).t
        behind = [
            Behind(run, run.label(frame), run.comes_from.t - start)
            for run in self.behind(frame.preset).values()
        ]
        choices = Choices(self.clock, log=self.scale != "linear", theory=self.theory)
        return of_run("loss", frame, choices, behind)

    def next_scale(self) -> None:
        """The next of the scales of the loss."""
        self.scale = SCALES[(SCALES.index(self.scale) + 1) % len(SCALES)]
        self.axes = None
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        top = heading("loss", self._detail(), width, self.glyphs)
        moment = self._moment
        if moment is None or moment.frame.history is None:
            return [top, [], [Segment("  nothing recorded yet", "dim")]]
        legend = self._legend(moment, width)
        if self.theory and height - len(legend) >= _ROOM_FOR_KEY:
            legend += theory_key(self._marks.landmarks, self._marks.forecast, self.glyphs, width)
        self.top = 1 + len(legend)
        picture = self._draw(moment, (width, height - self.top))
        forecast = self._marks.forecast if self.theory else None
        time = None if forecast is None else forecast.time
        return [top, *legend, *with_cursor(picture, moment.t, self.glyphs, time)]

    def _draw(self, moment: Moment, size: tuple[int, int]) -> LossPicture:
        """The picture, drawn anew if it would be another one."""
        frame, history = moment.frame, moment.frame.history
        assert history is not None
        run = (frame.generation, history.end, history.series["t"].size)
        behind = tuple(map(id, self._kept))
        state = (size, self.time, self.scale, behind, moment.plateaus, self._escapes())
        shown = (*state, self.window, self._closeup)
        until, reach = max(focus_of(moment.plateaus, history.end), moment.t), self._reach(history.end)
        if self.axes is not None and max(until, reach) > time_limit(self.axes):
            self._drawn = ()
        if self.picture is None or (run, shown) != self._drawn:
            curve, frozen, beside = self._curves(moment, history)
            others = [*frozen.values(), *beside.values()]
            self.axes = self._fitted(moment, curve, others, (until, reach))
            curve = self._close_by(curve, moment, history)
            self.picture = draw_loss(
                curve,
                self.window.within(self.axes, [curve, *others]),
                size,
                self.glyphs,
                frozen=frozen,
                beside=beside,
                plateaus=moment.plateaus,
                theory=self._escapes(),
            )
            self._drawn = (run, shown)
            self.tell_wants()
        return self.picture

    def _curves(self, moment: Moment, history: History) -> tuple[Curve, dict[int, Curve], dict[str, Curve]]:
        """The curve of the run, those of runs behind it, and those of other columns beside it."""
        preset, log_loss, log_time = moment.frame.preset, self.scale != "linear", self.time == "log"
        unit, start = self._unit(preset), self._origin(preset).t
        frozen = {
            number: curve_of(run.series, log_time, log_loss, self._unit(run.preset), run.comes_from.t - start)
            for number, run in self.behind(preset).items()
        }
        beside = {
            letter: curve_of(history.series, log_time, log_loss, unit, column=column)
            for letter, (column, _) in BESIDE_LOSS.items()
            if column in history.series
        }
        return curve_of(history.series, log_time, log_loss, unit), frozen, beside

    def _close_by(self, curve: Curve, moment: Moment, history: History) -> Curve:
        """The curve of the run, as exact as it is known in the window."""
        if self._closeup is None or self.window.time is None:
            return curve
        series = refined(history.series, self._closeup.t, self._closeup.loss)
        return curve_of(series, self.time == "log", self.scale != "linear", self._unit(moment.frame.preset))

    def _fitted(
        self, moment: Moment, curve: Curve, others: Sequence[Curve], ends: tuple[float, float]
    ) -> LossAxes:
        """The axes, the last ones as far as they fit; ``ends`` of what must be seen, and of what may be."""
        floor = min((plateau.loss for plateau in moment.plateaus), default=0.0) / BELOW_PLATEAUS
        until, reach = ends
        return fit_axes(
            self.axes,
            curve,
            self.time == "log",
            log_loss=self.scale != "linear",
            floor=floor if self.scale == "log" and not self._of_labels else None,
            until=None if self.scale == "all" or self._of_labels else until,
            reach=reach,
            unit=self._unit(moment.frame.preset),
            others=others,
            decades=math.inf if self._of_labels else LOSS_PICTURE.time_decades,
        )

    def cursor_share(self, shown: LossAxes) -> float:
        moment = self._moment
        if moment is None:
            return 0.5
        if self.axis == "time":
            place, (low, high) = shown.place(moment.t), shown.time
        else:
            place, (low, high) = shown.height(moment.loss), shown.loss
        return (place - low) / (high - low) if place is not None and low <= place <= high else 0.5

    def _legend(self, moment: Moment, width: int) -> list[Row]:
        """A key that says how the runs behind differ, and what is drawn beside the loss."""
        frame, row = moment.frame, list[Segment]()
        behind, history = self.behind(frame.preset), frame.history
        for letter, (column, name) in BESIDE_LOSS.items():
            if history is not None and column in history.series:
                row += [Segment(f" {letter}", BESIDE[letter]), Segment(f" {name}  ", "dim")]
        if not behind:
            return [row] if row else []
        row.append(Segment(" behind: ", "dim"))
        runs = [
            [Segment(f"{LETTERS[number]} ", FROZEN[number % len(FROZEN)]), Segment(run.label(frame), "dim")]
            for number, run in behind.items()
        ]
        return [listed(row, runs, width, self.glyphs.ellipsis)]

    def _origin(self, preset: Preset) -> Origin:
        return self._origins.get(preset.name, Origin(preset.name))

    def behind(self, preset: Preset) -> dict[int, FrozenRun]:
        """The runs behind one of a preset, by their number."""
        name = self._origin(preset).name
        return {number: run for number, run in enumerate(self._kept) if run.comes_from.name == name}

    def _detail(self) -> tuple[str, ...]:
        """What is shown, in full and shorter."""
        kind = self._moment.frame.preset.values.get("solver.loss", "half-mse") if self._moment else ""
        time = {"linear": "time", "log": "log time", "unit": "time / ln(1/scale)"}[self.time]
        closer = "" if self.window.is_whole else ", zoomed"
        acting, brief = (", keys zoom the loss", ", keys: loss") if self.axis == "loss" else ("", "")
        whole, short = f"over {time}{closer}", f"{time.replace('time', 't')}{closer}{brief}"
        return (f"{kind} {whole}{acting}", f"{kind} {whole}{brief}", f"{whole}{brief}", short)

    def _escapes(self) -> tuple[Landmark, ...]:
        landmarks = self._marks.landmarks
        return landmarks.escapes if landmarks is not None and self.theory else ()

    def _reach(self, end: float) -> float:
        """The flow time that the axis has to show because the next escape is forecast there."""
        forecast = self._marks.forecast if self.theory else None
        return forecast.time if forecast is not None and end < forecast.time <= _REACH * end else 0.0

    def _unit(self, preset: Preset) -> float:
        return (preset.log_scale if self.time == "unit" else None) or 1.0
