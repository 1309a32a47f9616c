"""The record of figures notices what differs by a bit, and tells that from what differs by more."""

import numpy as np
import pytest
from record import Record, compare
from record_cases import Measured, event_entries, series_entries
from record_differences import differences

from reluflow.flow.events import Events


def measured(loss=0.5, event_t=(1.0, 2.0, 2.5), neuron=(0, 1, 0), kind=(0, 1, 1), reason="done", start=1.0):
    """A case as if it had been run."""
    t, losses = np.array([0.0, 1.0, 3.0]), np.array([1.0, 0.75, loss])
    events = Events(
        np.array(event_t), np.array(neuron, np.int32), np.zeros(3, np.int32), np.array(kind, np.int8)
    )
    entries, arrays = event_entries(events)
    entries |= series_entries({"t": t, "loss": losses}, t, {"weights": np.full((3, 2, 2), start)})
    entries |= {"run/loss": loss, "run/steps": 3, "run/reason": reason, "verify/row": ["holds", 1.0, loss]}
    return Measured("stand-in", entries, arrays | {"t": t, "loss": losses})


@pytest.fixture
def record(tmp_path):
    Record({"numpy": "0"}, {"stand-in": measured()}).save(tmp_path)
    return Record.load(tmp_path)


def test_the_same_is_the_same_after_it_was_written_and_read(record, capsys):
    assert compare(record, [measured()]) == 0
    assert "1 the same bit for bit" in capsys.readouterr().out
    again = measured()
    assert all(
        np.array_equal(record.cases["stand-in"].arrays[key], again.arrays[key]) for key in again.arrays
    )


@pytest.mark.parametrize(
    ("changed", "named", "is_close"),
    [
        ({"loss": np.nextafter(0.5, 1.0).item()}, "series/loss", True),
        ({"loss": 0.5 * (1.0 + 1e-8)}, "series/loss", False),
        ({"event_t": (1.0, 2.0 + 1e-12, 2.5)}, "events/t", True),
        ({"event_t": (1.0, 2.0 + 1e-7, 2.5)}, "events/t", False),
        ({"neuron": (0, 0, 1)}, "events/what", False),
        ({"reason": "given up"}, "run/reason", False),
        ({"start": np.nextafter(1.0, 2.0)}, "snapshots/states", True),
    ],
)
def test_a_change_is_named_and_judged(record, capsys, changed, named, is_close):
    assert compare(record, [measured(**changed)]) == 1
    assert named in capsys.readouterr().out
    assert compare(record, [measured(**changed)], close=True) == (0 if is_close else 1)


def test_an_entry_may_have_a_tolerance_of_its_own(record):
    near = measured(reason="done", loss=0.5 * (1.0 + 1e-7))
    (found,) = (each for each in differences(record.cases["stand-in"], near) if each.name == "run/loss")
    assert found.close is False
    (found,) = (
        each
        for each in differences(record.cases["stand-in"], near, {"run/loss": 1e-6})
        if each.name == "run/loss"
    )
    assert found.close is True


def test_a_lost_entry_and_an_unknown_case_are_differences(record, capsys):
    less = measured()
    del less.entries["run/steps"]
    assert compare(record, [less], close=True) == 1
    assert "run/steps: is not there any more" in capsys.readouterr().out
    other = Measured("new", less.entries, less.arrays)
    assert compare(record, [other], close=True) == 1


def test_the_order_of_events_alone_is_told_from_other_events(record, capsys):
    swapped = measured(event_t=(2.0, 1.0, 2.5), neuron=(1, 0, 0), kind=(1, 0, 1))
    assert compare(record, [swapped], close=True) == 1
    out = capsys.readouterr().out
    assert "event 0 of 3 is EXIT of neuron 1" in out
    assert "only their order" in out
