"""Small flows give what is recorded of them; see ``recorded_flow``, which says how to record them anew."""

import pytest
from recorded_flow import CASES, measured, recorded, unlike

RECORD = recorded()


@pytest.mark.parametrize("name", CASES)
def test_a_flow_gives_what_is_recorded(name: str) -> None:
    assert name in RECORD, "it is not in the record: python tests/recorded_flow.py make"
    assert unlike(RECORD[name], measured(name)) == []


def test_the_record_is_that_of_these_cases() -> None:
    assert RECORD.keys() == CASES.keys()
