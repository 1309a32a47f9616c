"""The parts of the app that are loaded when they are first asked for: no first picture waits for them."""

from functools import cached_property
from typing import TYPE_CHECKING, cast

from reluflow.live.session import Session
from reluflow.plot.glyphs import Glyphs
from reluflow.tui.controllers.comparison import Comparison
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.controllers.table import Table
from reluflow.tui.cursor import Cursor

if TYPE_CHECKING:
    from reluflow.tui.controllers.checking import Checking
    from reluflow.tui.controllers.nudging import Nudging
    from reluflow.tui.controllers.outcomes import Outcomes
    from reluflow.tui.controllers.ranges import Ranges


class Seldom:
    """Parts that bring sweeps, theory or solvers with them; to be inherited by an app with all the others."""

    session: Session
    glyphs: Glyphs
    cursor: Cursor
    table: Table
    parameters: Parameters
    comparison: Comparison

    @cached_property
    def checking(self) -> "Checking":
        from reluflow.tui.controllers.checking import Checking

        return Checking(self.cursor, cast(Host, self))

    @cached_property
    def nudging(self) -> "Nudging":
        from reluflow.tui.controllers.nudging import Nudging

        return Nudging(self.cursor, self.parameters, self.table, cast(Host, self))

    @cached_property
    def outcomes(self) -> "Outcomes":
        from reluflow.tui.controllers.outcomes import Outcomes

        return Outcomes(self.cursor, self.comparison, cast(Host, self))

    @cached_property
    def ranges(self) -> "Ranges":
        from reluflow.tui.controllers.ranges import Ranges

        return Ranges(self.session, self.parameters, cast(Host, self), self.glyphs)


def end_ranges(app: Seldom) -> None:
    """End what is being solved beside the run of an app, if anything."""
    if "ranges" in vars(app):
        app.ranges.close()
