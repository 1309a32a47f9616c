"""``reluflow help``: commands, words, keys and names are explained, and what is not known is a sentence."""

import pytest
from commands import call, one_sentence

from reluflow.cli import completion
from reluflow.cli.app import COMMANDS
from reluflow.cli.topics import TITLES, TOPICS
from reluflow.registry.glossary import GLOSSARY
from reluflow.store.keys import KEYS
from reluflow.theory import PREDICTIONS
from reluflow.tui.actions import ACTIONS
from reluflow.tui.panel_keys import PANEL_KEYS


def told(*topic):
    done = call("help", *topic)
    assert done.exit_code == 0, done.stderr
    return " ".join(done.stdout.split())


NAMES = (*COMMANDS, *(name for found in TOPICS.values() for name in found))


@pytest.mark.parametrize(
    "names", [NAMES[::16], pytest.param(NAMES, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_everything_that_is_listed_can_be_asked_for(names):
    assert sorted(TITLES) == sorted(TOPICS)
    listed = told()
    assert all(name in listed for name in NAMES)
    for name in names:
        assert name.split(", ")[0] in told(*name.split())
    for kind in TOPICS:
        assert all(name in told(kind) for name in TOPICS[kind])


def test_what_is_said_is_what_the_registries_say():
    assert GLOSSARY["saddle"] in told("Saddle")
    assert "an input x_k and its target y_k" in told("sample")
    assert GLOSSARY["D+, D-"] in told("d-")
    key = next(key for key in KEYS if key.id == "init.delta")
    assert key.help in told("init.delta")
    assert "for init.kind = fixed-norm: a number, finite" in told("init.delta")
    assert PREDICTIONS["orthogonal/saddle-loss"] in told("orthogonal/saddle-loss")


@pytest.mark.parametrize(
    ("topic", "both"),
    [
        ("scale", (GLOSSARY["scale"], "init.scale")),
        ("orthogonal", ("kinds of data", "orthogonal/final-rate")),
        ("data", ("data.normalise", "two-clusters")),
        ("seed", ("data.seed", "init.seed")),
    ],
)
def test_a_name_of_several_things_is_told_of_all_of_them(topic, both):
    assert all(words in told(topic) for words in both)


@pytest.mark.parametrize("words", [("plot",), ("sweep", "show"), ("presets", "check")])
def test_the_help_of_a_command_is_its_own(words):
    own = call(*words, "--help").stdout.replace("Usage: root ", "Usage: reluflow ")
    assert told(*words) == " ".join(own.split())


def test_the_help_of_all_commands_is_that_of_the_program():
    assert all(f" {name} " in told("commands") for name in COMMANDS)


def test_what_is_not_known_is_a_sentence_with_the_nearest_that_is():
    done = call("help", "sadle")
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert done.stderr.endswith("there is no help on 'sadle'; did you mean saddle?\n")


def test_keys_of_the_app_are_told_and_told_from_those_of_presets():
    assert "space play or pause" in told("space")
    assert told("P") != told("p")
    assert "plateau" in told("P")
    several = told("g")
    assert "go to a time, a share of the run or a plateau | looking closely: go to the time" in several
    assert told("pgup").startswith("keys of the app: pgup table (up down pgup pgdn K J): move the cursor")
    assert "keys of presets (reluflow help app lists the keys of the app): data.kind" in told("keys")
    every = told("app")
    assert all(f" {action.shown} " in every and action.help in every for action in ACTIONS)
    assert all(row.help in every for row in PANEL_KEYS)
    assert "the keys of the app" in told()


def test_topics_are_completed():
    assert "app" in completion.topics("ap")
    assert {"init", "init.scale", "init.seed"} <= set(completion.topics("init"))
    assert completion.topics("sadd") == ["saddle"]
    assert "plot" in completion.topics("pl")
