"""Every picture of ``reluflow.plot`` is as recorded: places, words and roles.

A picture that is meant to change is recorded anew, and looked at: see ``recorded_views``.
"""

import pytest
from pictures.text import GROUPS
from recorded_views import FOLDER, difference

#: lines of a difference that are shown
MOST = 60


@pytest.mark.parametrize("name", sorted(path.stem for path in FOLDER.glob("*.txt")))
def test_pictures_are_as_recorded(name: str) -> None:
    changes = difference(name)
    assert not changes, f"{len(changes)} lines of difference:\n" + "\n".join(changes[:MOST])


def test_every_group_is_recorded() -> None:
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(GROUPS)
