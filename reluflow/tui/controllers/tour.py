"""The tour controller puts up the cards of the tour, and says why a run is stuck."""

from collections.abc import Callable, Mapping

from reluflow.store.guide_file import put_guide_away
from reluflow.store.preset import load_preset
from reluflow.tui.controllers.comparison import Comparison
from reluflow.tui.controllers.host import Host
from reluflow.tui.controllers.opening import Opening
from reluflow.tui.controllers.parameters import Parameters
from reluflow.tui.cursor import Cursor
from reluflow.tui.moment import Moment
from reluflow.tui.sign_changes import Stuck, stuck
from reluflow.tui.tour_cards import FIVE_POINTS, TOY, Card, Stage, card_of, next_pause, stage_of, why_stuck

#: The speed at which the tour plays: it leaves time to read before the first escape.
_SPEED = 0.5
_BEFORE_FIVE_POINTS = ("start", "saddle", "escaped", "elsewhere")


class Tour:
    """Puts cards up as the run goes on; takes no key from anybody but the one that puts them away.

    ``on``: whether the tour is on. ``card``: what is up, None for nothing. ``changed``: called with the card
    when it is another.
    """

    def __init__(
        self,
        cursor: Cursor,
        parameters: Parameters,
        comparison: Comparison,
        opening: Opening,
        keys: Mapping[str, str],
        host: Host,
    ) -> None:
        """``keys``: what people call the key of each action, by its id."""
        self._cursor, self._parameters, self._comparison = cursor, parameters, comparison
        self._opening, self._keys, self._host = opening, keys, host
        self.on = False
        self.card: Card | None = None
        self.changed: Callable[[Card | None], None] = lambda _: None
        self._stage: Stage | None = None
        self._stuck: Stuck | None = None
        #: the record that was looked through for changes of sign: generation, states, runs behind
        self._searched: tuple[int, int, int] = (-1, -1, -1)
        #: the generation of the run of which the user has read why it is stuck
        self._read = -1

    def begin(self) -> None:
        """Play to the first saddle and say what is seen."""
        self.on, self._stage = True, None
        self._cursor.playback.speed = _SPEED
        self._cursor.restart(playing=True)

    def restart(self) -> None:
        """The tour from its beginning."""
        self._parameters.start(load_preset(TOY))
        self.begin()
        self._host.pull()

    def dismiss(self) -> None:
        """Put the card away; the tour for ever, what is told of a run until the next run."""
        if self.card is None:
            return
        if self.on:
            self.on = False
            self._put_away()
            self._host.say(f"the tour is put away; {self._keys['guide']} brings it back")
        moment = self._cursor.moment
        if moment is not None:
            self._read = moment.frame.generation
        self._put_up(None)

    def _put_away(self) -> None:
        try:
            put_guide_away()
        except OSError as error:
            self._host.complain(error)

    def follow(self, moment: Moment) -> None:
        """Say what there is to say of a moment, and pause where the tour does."""
        self._search(moment)
        # until a new run is on show, the old one is not what the tour is about
        on_show = moment.frame.preset is self._parameters.present
        stage = stage_of(moment, self._stuck) if self.on and on_show else None
        entered = stage != self._stage
        self._stage = stage
        # the tour goes there next, also for those who are ahead of its words or have strayed from it
        self._opening.suggested = FIVE_POINTS if stage in _BEFORE_FIVE_POINTS else None
        if stage in ("start", "saddle") and moment.playing:
            stop = next_pause(moment)
            if stop is not None:
                self._cursor.pause_at(stop)
        elif stage == "stuck" and entered:
            self._cursor.go_to_share(1.0)
            self._put_away()
        self._put_up(self._card(stage, moment))

    def _put_up(self, card: Card | None) -> None:
        if card != self.card:
            self.card = card
            self.changed(card)

    def _search(self, moment: Moment) -> None:
        """Ask whether the run is stuck, once for each state of its record."""
        frame, frozen = moment.frame, self._comparison.frozen
        history = frame.history
        searched = (frame.generation, len(history.states) if history else 0, len(frozen) + frame.over)
        if searched != self._searched:
            self._searched = searched
            self._stuck = stuck(frame, moment.plateaus, frozen)

    def _card(self, stage: Stage | None, moment: Moment) -> Card | None:
        if stage is not None and stage != "elsewhere":
            return card_of(stage, moment, self._stuck, self._keys)
        if self._stuck is not None and self._read != moment.frame.generation:
            following = ((self._keys["dismiss"], "puts this away"),)
            return Card("why it is stuck", why_stuck(self._stuck), following)
        return None if stage is None else card_of(stage, moment, None, self._keys)
