"""The run that a session computes: what it is made from, and what is solved and stored of it."""

from dataclasses import replace

from reluflow.errors import RunError
from reluflow.live.frame import Frame, Notice, Refusal, SoughtState
from reluflow.live.framing import picture_of, remains_of
from reluflow.live.keeping import Keeper
from reluflow.store.preset import Preset
from reluflow.store.run_directory import Run
from reluflow.training.resumption import passed_rule, resumed
from reluflow.training.training import Training


class CurrentRun:
    """One run after the other; everything here belongs to the thread that computes.

    Attributes
    ----------
    preset: what it is made from.
    stored: the run directory that it goes on from, if any.
    training: what is solved, None before it is built and where only a record is left of it.
    generation: the number of the run, one more for each.
    keeper: writes it.
    """

    def __init__(self, preset: Preset, stored: Run | None, keeper: Keeper) -> None:
        self.preset, self.stored, self.keeper = preset, stored, keeper
        self.training: Training | None = None
        self.generation = self._newest = 0
        #: what is shown of a stored run that cannot be gone on with
        self._remains: Frame | None = None

    @property
    def is_there(self) -> bool:
        """Whether there is anything to show."""
        return self.training is not None or self._remains is not None

    def begin(self, held: Frame) -> Frame:
        """The frame that stands for a new run while it is built; ``held`` is the newest so far."""
        self._newest += 1
        return Frame(self.preset, generation=self._newest, note=held.note, refused=held.refused)

    def build(self) -> str | None:
        """Build the run that was begun, or take up the stored one; what is wrong with what is stored.

        Raises what building it raises; the run before is then still there.
        """
        training, remains, sentence = self._built()
        self.generation = self._newest
        self.keeper.release()
        self.training, self._remains = training, remains
        if training is not None and self.stored is not None:
            self.keeper.go_on_with(self.stored, training)
            sentence = "; ".join(self.stored.faults) or None
        return sentence

    def _built(self) -> tuple[Training | None, Frame | None, str | None]:
        """The run; or, where only what it recorded can be shown, a frame of that and why."""
        stored = self.stored
        if stored is None:
            return Training.from_preset(self.preset), None, None
        try:
            training = resumed(stored, self.preset)
        except RunError as error:
            remains = remains_of(stored, self.preset, str(error))
            if remains is None:
                raise
            found = dict.fromkeys([*stored.faults, str(error)])
            return None, remains, f"{'; '.join(found)}; what it recorded is shown"
        passed = passed_rule(stored, training)
        if passed:
            self.stored = None
            return (
                Training.from_preset(self.preset),
                None,
                f"{stored.path}: {passed}; solved anew from its start",
            )
        return training, None, None

    def picture(
        self,
        held: Frame,
        rate: float,
        *,
        error: str | None = None,
        note: Notice | None = None,
        sought: SoughtState | None = None,
        refused: Refusal | None = None,
    ) -> Frame:
        """A frame of its present state; it is solved at ``rate`` steps a second.

        ``held``: the newest frame so far, whose notices stay where there are no others.
        """
        training = self.training
        frame = replace(
            self._remains or Frame(self.preset),
            generation=self.generation,
            error=error or (held.error if training is None else None),
            busy=None,
            note=note or held.note,
            sought=sought or held.sought,
            refused=refused or held.refused,
        )
        return frame if training is None else picture_of(frame, training, self.keeper, rate)
