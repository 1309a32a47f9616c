"""Finding what a picture shows in its rows of terminal text."""

from reluflow.plot.cells import Row


def pieces(rows: list[Row], role: str) -> list[tuple[int, int, str]]:
    """(column, row, text) of every piece with the role."""
    found = []
    for y, row in enumerate(rows):
        x = 0
        for text, its in row:
            if its == role:
                found.append((x, y, text))
            x += len(text)
    return found
