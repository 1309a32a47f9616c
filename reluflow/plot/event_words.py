"""Changes of activation in words."""

from typing import Final

from reluflow.flow.events import Change, Events

#: (verb, whether a sample is named after it); neurons count from 0 and samples from 1, as everywhere
_WORDS: Final[dict[int, tuple[str, bool]]] = {
    Change.ENTER: ("gains sample", True),
    Change.EXIT: ("loses sample", True),
    Change.SLIDE: ("slides on sample", True),
    Change.RELEASE_ON: ("slides off, gains sample", True),
    Change.RELEASE_OFF: ("slides off, loses sample", True),
    Change.DIE: ("dies, losing sample", True),
    Change.FLIP: ("changes its sign", False),
    Change.CHOICE: ("could go on otherwise", False),
}


def event_text(events: Events, row: int) -> str:
    """One event: neuron 3 gains sample 2."""
    verb, names_sample = _WORDS[int(events.kind[row])]
    sample = f" {int(events.sample[row]) + 1}" if names_sample else ""
    return f"neuron {int(events.neuron[row])} {verb}{sample}"


def events_text(events: Events) -> str:
    """What happens at one moment: the first event, and how many there are more; "" for none."""
    if len(events) == 0:
        return ""
    more = f" (and {len(events) - 1} more)" if len(events) > 1 else ""
    return event_text(events, 0) + more
