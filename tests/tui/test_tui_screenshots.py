"""The pictures in screenshots/ show what the app shows."""

import pytest

import screenshots
from screenshots import FOLDER, PICTURES, svg_of, words_of

#: pictures that take long to get to
LONG = {
    *("five-points-descent-against-flow-160x45", "five-points-function-120x40"),
    *("toy-first-saddle-160x45", "two-teachers-120x40", "verify-120x40"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in LONG else ()) for name in PICTURES]
)
async def test_a_picture_has_the_words_of_today(name):
    stored = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    shown = await svg_of(PICTURES[name])
    assert words_of(stored) == words_of(shown), f"python tools/screenshots.py {name}"


def test_no_picture_is_left_of_what_is_made_no_more():
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(PICTURES)


def test_another_word_is_noticed_and_another_number_is_not():
    def picture(*cells: str) -> str:
        texts = [f'<text class="a" x="{10 * i}" y="5.0">{cell}</text>' for i, cell in enumerate(cells)]
        return "".join(texts)

    one = picture("loss ", "0.0318158", " on the saddle", "\u28ff")
    assert words_of(one) == ["loss # on the saddle"]
    assert words_of(one) == words_of(picture("loss ", "-3e-12", " on the saddle", "\u2801"))
    assert words_of(one) != words_of(picture("loss ", "0.0318158", " on the plateau", "\u28ff"))


def test_the_command_says_what_differs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(screenshots, "FOLDER", tmp_path)
    monkeypatch.setattr("sys.argv", ["screenshots.py", "--check", "toy-80x24"])
    assert screenshots.main() == 1
    assert "tools/screenshots.py toy-80x24" in capsys.readouterr().out
