"""The page of predictions compares what the theory predicts with what the run on show measures."""

from collections.abc import Sequence
from typing import ClassVar, Final

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from reluflow.errors import ReluflowError
from reluflow.figures.choices import Choices
from reluflow.flow import DEFAULT_METHOD
from reluflow.live.frame import Frame
from reluflow.observe.measured import Measured
from reluflow.plot.axes import short
from reluflow.plot.cells import Role, Row, Segment
from reluflow.plot.glyphs import Glyphs
from reluflow.training.measuring import of_history, train_flow
from reluflow.tui.background import Broken, in_thread
from reluflow.tui.drawings import Drawing, of_run
from reluflow.tui.panel_keys import bindings_of
from reluflow.tui.screens.dialogue import FullPage
from reluflow.tui.widgets.page import Page
from reluflow.tui.widgets.rows_panel import heading_with_keys
from reluflow.verification import Comparison, Line, table_rows, verify
from reluflow.verification import Row as Judged

#: (what the verdict is drawn as, what follows it) of each kind of line
_ROLES: Final[dict[str, tuple[Role, Role]]] = {
    "head": ("axis", "axis"),
    "holds": ("good", "strong"),
    "fails": ("error", "strong"),
    "note": ("text", "text"),
    "not yet": ("theory", "dim"),
    "idle": ("key", "dim"),
}

_COMPUTING: Final = "computing ..."
#: A run is judged again when it has become longer by this factor.
_LONGER: Final = 1.05
#: Seconds that the flow is solved for when a run by another method is held against it.
_FLOW_SECONDS: Final = 20.0


class Predictions(Page):
    """The table of predictions, or a sentence that stands for it."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of("Predictions")

    def __init__(self, title: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        self._title = title
        self._judged: Sequence[Judged] | None = None
        self._sentence = _COMPUTING
        self._role: Role = "key"

    def show(self, judged: Sequence[Judged], title: str) -> None:
        """Draw the table."""
        self._judged, self._title = judged, title
        self.redraw()

    def wait(self, title: str) -> None:
        """Say that the table of another run is still to come."""
        self._judged, self._title = None, title
        self._sentence, self._role = _COMPUTING, "key"
        self.redraw()

    def fail(self, sentence: str) -> None:
        """Say why there is no table."""
        self._sentence, self._role = sentence, "error"
        self.redraw()

    def make_rows(self, width: int, height: int) -> Sequence[Row]:
        top = heading_with_keys(self._title, "esc leaves  up/down scroll", width, self.glyphs)
        if self._judged is None:
            return [*top, [Segment(f" {self._sentence}", self._role)]]
        rows = [_row(line) for line in table_rows(self._judged, width)]
        rows += [
            [],
            [Segment("reluflow verify trains the preset anew, more closely than a run on show", "dim")],
        ]
        return [*top, *(rows[number] for number in self.in_view(len(rows), height - len(top)))]


class VerifyPage(FullPage[None]):
    """Judges the run on show as far as it is recorded, and again when it has become longer.

    One judgement at a time, in a thread; the table before stays until the next is there.
    """

    topic = "predictions"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,V,enter", "leave", show=False)]
    DEFAULT_CSS = """
    VerifyPage Predictions { width: 100%; height: 100%; padding: 0 1; background: $background; }
    """

    def __init__(self, frame: Frame, glyphs: Glyphs) -> None:
        super().__init__()
        self._frame = frame
        self._last = frame
        self._judging = False
        self._page = Predictions(title_of(frame), glyphs)

    def compose(self) -> ComposeResult:
        yield self._page

    def on_mount(self) -> None:
        self._page.focus()
        self._judge(self._frame)

    def drawing(self) -> Drawing | None:
        return of_run("verify", self._frame, Choices())

    def show(self, frame: Frame) -> None:
        """Follow the run."""
        before, self._frame = self._frame, frame
        if frame.generation != before.generation:
            self._page.wait(title_of(frame))
        if not self._judging and _worth_judging(self._last, frame):
            self._judge(frame)

    @work
    async def _judge(self, frame: Frame) -> None:
        self._judging, self._last = True, frame
        outcome = await in_thread(lambda: judged(frame))
        self._judging = False
        if frame.generation == self._frame.generation:
            if isinstance(outcome, Broken):
                self._page.fail(f"the predictions broke down: {outcome.sentence}")
            elif isinstance(outcome, str):
                self._page.fail(outcome)
            else:
                self._page.show(outcome, title_of(frame))
        if _worth_judging(frame, self._frame):
            self._judge(self._frame)


def title_of(frame: Frame) -> str:
    end = frame.history.end if frame.history is not None else 0.0
    return f"predictions for {frame.preset.name} up to t = {short(end)}"


def _worth_judging(judged: Frame, newest: Frame) -> bool:
    """Whether a frame has so much more in it than the one judged that it may change the table."""
    if newest.generation != judged.generation or newest.over != judged.over:
        return True
    before, now = judged.history, newest.history
    return now is not None and (before is None or now.end > _LONGER * before.end)


def judged(frame: Frame) -> list[Judged] | str:
    """Every prediction beside what the run of a frame recorded, or a sentence on why that cannot be had."""
    if frame.history is None or frame.problem is None:
        return "there is no run to measure yet"
    try:
        measured = of_history(frame.preset, frame.method, frame.problem, frame.history, frame.status)
        return verify(measured, _comparison(frame, measured))
    except (ReluflowError, ArithmeticError, ValueError) as error:
        return f"the run so far cannot be measured: {error}"
    except MemoryError:
        return "the memory of this machine does not suffice to measure this run"


def _comparison(frame: Frame, measured: Measured) -> Comparison | None:
    """The run to compare with, if the run is over and another method than the flow's own solver made it."""
    if not frame.over or frame.method == DEFAULT_METHOD:
        return None
    return Comparison(
        frame.method,
        lambda: train_flow(measured, frame.preset, seconds=_FLOW_SECONDS),
        f"the key m solves this problem by {DEFAULT_METHOD} beside this run",
    )


def _row(line: Line) -> Row:
    before, after = _ROLES[line.kind]
    return [Segment(line.verdict, before), Segment(line.text[len(line.verdict) :], after)]
