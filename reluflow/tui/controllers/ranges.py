"""The ranges controller shows how the results of the run on show depend on one of its numbers."""

from typing import Final

from reluflow.live.session import Session
from reluflow.plot.glyphs import Glyphs
from reluflow.store.preset import Preset
from reluflow.store.schema import KEYS
from reluflow.sweep.study import Study
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.range_solving import RangeSolving

#: Seconds that each run of a range may take, at least; and how many times as long as the live run.
LIMIT: Final = 60.0
TIMES_LONGER: Final = 5.0

_HINT: Final = (
    "init.scale=1e-9:1e-2:25log   network.width=4:40   init.seed=0:19\n"
    "stop.loss=1e-3,1e-6,1e-9    solver.rtol=1e-4:1e-10:7log\n"
    "enter solves a run at each number, beside the live run"
)


class Ranges:
    """Asks for a range, shows its page, and opens runs from there."""

    def __init__(self, session: Session, parameters: Parameters, host: Host, glyphs: Glyphs) -> None:
        self._session, self._parameters, self._host, self._glyphs = session, parameters, host, glyphs
        #: what was asked for last, by the keys that it varies
        self._texts: dict[str, str] = {}
        self._key: str | None = None
        #: the range that was shown last
        self.solving: RangeSolving | None = None

    def ask(self, key: str | None = None) -> None:
        """Ask for the range of a number: of a key, or else of the one of last time."""
        from reluflow.sweep.processes import warm_up
        from reluflow.sweep.ranging import usual_axis
        from reluflow.tui.screens.ask_line import AskLine

        warm_up()
        preset = self._parameters.present
        if key is None:
            key = self._key if self._key and self._key in preset.values else _first_number(preset)
        text = self._texts.get(key) or usual_axis(preset, key)
        page = AskLine("The range of a number", "KEY=RANGE", text, _HINT, self._read, wide=True)
        self._host.ask(page, self.show)

    def _read(self, text: str) -> Study:
        from reluflow.sweep.ranging import range_study

        limit = max(LIMIT, TIMES_LONGER * self._session.frame.wall_seconds)
        study = range_study(self._parameters.present, text, limit)
        self._key = study.grid.keys[0]
        self._texts[self._key] = text.strip()
        return study

    def show(self, study: Study | None) -> None:
        """Show the page of a range, with the points of the last one if it is the same."""
        if study is None:
            return
        from reluflow.tui.screens.range_page import RangePage

        solving = self.solving
        if solving is None or not _is_same(solving.study, study):
            solving = self.solving = RangeSolving(study, self._session.front)
        solving.begin()
        present = self._parameters.present.values.get(study.grid.keys[0])
        self._host.ask(RangePage(solving, present, self._glyphs), self._open)

    def _open(self, number: int | None) -> None:
        """Run the preset of a point."""
        if number is not None and self.solving is not None:
            self._parameters.start(self.solving.study.preset_at(number), keep_place=True)

    def close(self) -> None:
        """End what is being solved."""
        if self.solving is not None:
            self.solving.close()


def _first_number(preset: Preset) -> str:
    """The scale of the start where there is one, else the first number of the preset."""
    if "init.scale" in preset.values:
        return "init.scale"
    return next(key.id for key in KEYS if key.kind in ("int", "float") and key.id in preset.values)


def _is_same(one: Study, other: Study) -> bool:
    """Whether two studies ask for the same runs, whatever time they have."""
    same_preset = (one.preset.values, one.preset.folder) == (other.preset.values, other.preset.folder)
    return same_preset and one.grid.axes == other.grid.axes
