"""The tour through the app, and what is told of a run that got stuck."""

from reluflow.store.guide_file import put_guide_away
from reluflow.store.preset import load_preset
from reluflow.tui.findings import Stuck, stuck
from reluflow.tui.guide import FIVE_POINTS, TOY, Card, Stage, card_of, next_pause, stage_of, told
from reluflow.tui.moment import Moment
from reluflow.tui.run_keys import RunKeys
from reluflow.tui.widgets.guide_card import GuideCard

#: the pace of the tour: time to read before the first escape
_SPEED = 0.5
_BEFORE_FIVE_POINTS = ("start", "saddle", "escaped", "elsewhere")


class GuideKeys(RunKeys):
    """Puts cards up; takes no key from anybody but the one that puts them away."""

    _stage: Stage | None = None
    _found: Stuck | None = None
    _looked_at: tuple[int, int, int] = (-1, -1, -1)
    #: the generation of the run of which the user has read why it is stuck
    _read = -1

    def begin_guide(self) -> None:
        """Play to the first saddle and say what is seen."""
        self.guided, self._stage = True, None
        self.cursor.playback.speed = _SPEED
        self.cursor.restart(playing=True)

    def action_guide(self) -> None:
        """The tour from its beginning."""
        self.start(load_preset(TOY))
        self.begin_guide()
        self.pull()

    def action_dismiss(self) -> None:
        """Put the card away; the tour for ever, what is told of a run until the next run."""
        card = self.query_one(GuideCard)
        if card.card is None:
            return
        if self.guided:
            self.guided = False
            self._put_away()
            self.say(f"the tour is put away; {self.keys['guide']} brings it back")
        if self.moment is not None:
            self._read = self.moment.frame.generation
        card.show(None)

    def _put_away(self) -> None:
        try:
            put_guide_away()
        except OSError as error:
            self.complain(error)

    def guide_along(self, moment: Moment) -> None:
        """Say what there is to say of a moment, and pause where the tour does."""
        self._look_for_flips(moment)
        # until a new run is on show, the old one is not what the tour is about
        on_show = moment.frame.preset is self.changes.present
        stage = stage_of(moment, self._found) if self.guided and on_show else None
        entered = stage != self._stage
        self._stage = stage
        # the tour goes there next, also for those who are ahead of its words or have strayed from it
        self.suggested_preset = FIVE_POINTS if stage in _BEFORE_FIVE_POINTS else None
        if stage in ("start", "saddle") and moment.playing:
            stop = next_pause(moment)
            if stop is not None:
                self.cursor.pause_at(stop)
        elif stage == "stuck" and entered:
            self.cursor.go_to_share(1.0)
            self._put_away()
        self.query_one(GuideCard).show(self._card(stage, moment))

    def _look_for_flips(self, moment: Moment) -> None:
        """Ask whether the run is stuck, once for each state of its record."""
        frame = moment.frame
        history = frame.history
        looked = (frame.generation, len(history.states) if history else 0, len(self.frozen) + frame.over)
        if looked != self._looked_at:
            self._looked_at = looked
            self._found = stuck(frame, moment.plateaus, self.frozen)

    def _card(self, stage: Stage | None, moment: Moment) -> Card | None:
        if stage is not None and stage != "elsewhere":
            return card_of(stage, moment, self._found, self.keys)
        if self._found is not None and self._read != moment.frame.generation:
            return Card("why it is stuck", told(self._found), ((self.keys["dismiss"], "puts this away"),))
        return None if stage is None else card_of(stage, moment, None, self.keys)

    @property
    def keys(self) -> dict[str, str]:
        """What people call the key of each action."""
        return {action.id: action.shown for action in self.actions}
