"""Figures of sweeps: medians with quartiles, maps and tables are those of the rows."""

import numpy as np
import pytest
from commands import call, one_sentence
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from sweeps import sweep as swept

from reluflow import figures
from reluflow.errors import ReluflowError
from reluflow.figures.look import look
from reluflow.figures.metadata import made_by
from reluflow.figures.sweeps import Cut
from reluflow.sweep.opening import open_sweep


@pytest.fixture(scope="module")
def sweep(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sweeps") / "scales"
    axis = ["init.scale=1e-1,1e-2,1e-3", "network.width=2,12", "init.seed=0:2"]
    over = [word for each in axis for word in ("--over", each)]
    swept("orthogonal-toy", *over, "--out", str(folder))
    return open_sweep(folder)


@pytest.fixture
def axes():
    return Figure().subplots()


def test_a_curve_has_the_medians_and_a_band_of_quartiles(sweep, axes):
    figures.sweep_curves(axes, sweep, "init.scale", "variation_norm")
    table = sweep.table()
    assert [line.get_label() for line in axes.lines] == ["2", "12"]
    for line, band, width in zip(axes.lines, axes.collections, (2, 12), strict=True):
        for place, scale in enumerate(sorted({1e-1, 1e-2, 1e-3})):
            rows = (table["init.scale"] == scale) & (table["network.width"] == width)
            low, middle, high = np.quantile(table["variation_norm"][rows], [0.25, 0.5, 0.75])
            assert (line.get_xdata()[place], line.get_ydata()[place]) == pytest.approx((scale, middle))
            edges = band.get_paths()[0].vertices
            at = edges[np.isclose(edges[:, 0], scale), 1]
            assert (at.min(), at.max()) == pytest.approx((low, high))
    assert axes.get_xscale() == "log"


def test_of_one_curve_the_theory_is_drawn_beside_it(sweep, axes):
    figures.sweep_curves(axes, sweep, "init.scale", "escape:1", "network.width=12")
    measured, theory = axes.lines
    np.testing.assert_allclose(theory.get_ydata()[0], measured.get_ydata()[0], rtol=0.05)


def test_several_values_are_a_curve_each_with_the_theory_beside_it(sweep, axes):
    figures.sweep_curves(axes, sweep, "init.scale", "escape:1,escape:2", "network.width=12 init.scale<0.05")
    lines = {line.get_label(): line.get_ydata() for line in axes.lines}
    table = sweep.table()
    of_scales = [(table["network.width"] == 12) & (table["init.scale"] == scale) for scale in (1e-3, 1e-2)]
    for place, label in enumerate(("escape:1", "escape:2")):
        for median, rows in zip(lines[label], of_scales, strict=True):
            each = [cell.split(";") for cell in table["escape_times"][rows]]
            assert median == pytest.approx(np.median([float(t[place]) for t in each if len(t) > place]))
    theory = [line.get_ydata() for line in axes.lines if line.get_linestyle() == ":"]
    expected = [lines[label][0] for label in ("escape:1", "escape:2")]
    assert [values[0] for values in theory] == pytest.approx(expected, rel=0.05)
    assert axes.get_ylabel() == "escape time (median, quartiles)"
    with pytest.raises(ReluflowError, match="found 2 curves of each"):
        figures.sweep_curves(axes, sweep, "init.scale", "escape:1,escape:2")


def test_the_name_of_the_theory_leaves_room_for_the_curve(tmp_path):
    """That of data of no special setting says more than there is room for."""
    over = ("--over", "init.scale=1e-2,1e-4", "--set", "network.width=6")
    swept("first-steps", *over, "--out", str(tmp_path / "steps"))
    with look():
        made = figures.sweep_figure(open_sweep(tmp_path / "steps"), Cut(value="escape:1"))
        FigureCanvasAgg(made).draw()
        (axes,) = made.axes
        assert "theory (limit of vanishing scale)" in [t.get_text() for t in axes.get_legend().get_texts()]
        assert axes.get_legend().get_window_extent().x1 <= made.bbox.x1
        assert axes.get_window_extent().width > 0.7 * made.bbox.width


def test_keys_that_vary_together_are_one_curve(tmp_path, axes):
    """Over whole numbers, of a loss that is that of stop.loss to the last digits."""
    over = ("--over", "data.samples=data.dimension=4,6,8", "--set", "stop.loss=1e-1")
    swept("neuron-centred-10", *over, "--out", str(tmp_path / "both"))
    with look():
        figures.sweep_curves(axes, open_sweep(tmp_path / "both"), "data.samples")
        assert list(axes.lines[0].get_xdata()) == [4.0, 6.0, 8.0]
        FigureCanvasAgg(axes.figure).draw()
        assert all(float(text.get_text()).is_integer() for text in axes.get_xticklabels())
        assert axes.yaxis.get_offset_text().get_text() == ""
        assert axes.get_ylim() == pytest.approx((0.05, 0.15))
        assert axes.get_ylabel() == "loss", "of one run each there are no quartiles"


def test_a_map_has_a_cell_for_each_pair(sweep):
    figure = figures.sweep_figure(sweep, Cut(x="init.scale", y="network.width"))
    picture, theory = figure.axes[0].collections
    np.testing.assert_array_equal(theory.levels, [0.1, 0.5, 0.9])
    assert picture.get_clim() == (0.0, 1.0)
    cells = picture.get_array()
    table = sweep.table()
    for row, width in enumerate((2, 12)):
        for column, scale in enumerate((1e-3, 1e-2, 1e-1)):
            rows = (table["init.scale"] == scale) & (table["network.width"] == width)
            assert np.asarray(cells).reshape(2, 3)[row, column] == table["success"][rows].mean()


def test_colours_of_a_map_are_of_the_logarithm_where_values_span_much(sweep):
    for value, expected in (("init.scale", True), ("escape:1", False), ("success", False)):
        axes = Figure().subplots()
        figures.sweep_map(axes, sweep, "init.scale", "network.width", value)
        assert isinstance(axes.collections[0].norm, LogNorm) == expected


def test_a_table_has_a_line_for_each_group(sweep, axes):
    lines, _ = figures.sweep_table(axes, sweep)
    assert lines == 7
    assert [text.get_text() for text in axes.texts].count("3") == 6  # runs of each


def test_the_command_draws_a_folder_of_a_sweep_as_one(sweep, tmp_path):
    path = tmp_path / "a.svg"
    words = ("--x", "init.scale", "--y", "network.width", "--where", "init.seed=0 init.kind=balanced")
    done = call("plot", str(sweep.path), "-o", str(path), *words)
    assert done.exit_code == 0, done.stderr
    made = made_by(path)
    assert made["command"].endswith(
        "--kind sweep --x init.scale --y network.width --where 'init.seed=0 init.kind=balanced'"
    )
    assert made["presets"] == f"# {sweep.path}\n{(sweep.path / 'sweep.toml').read_text()}"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["--y", "init.scale"], "--y is given without --x"),
        (["--x", "init.scale", "--y", "init.scale"], "--x and --y are both init.scale"),
        (["--x", "no"], "there is no column"),
        (["--at", "3"], "--at means nothing for --kind sweep"),
        (["--kind", "loss"], "is not a run directory"),
        (["--kind", "loss", "--x", "init.scale"], "--x means nothing for --kind loss"),
        (["--value", "loss", "--size", "9999x2"], "expected WIDTHxHEIGHT in inches"),
        (["--value", "escape:9"], "--value escape:9: no run has one"),
        (["--where", "init.scale<1e-9"], "found no row with init.scale<1e-9"),
        (["--where", "init.scale<1e-9", "--x", "init.scale", "--y", "network.width"], "found no row with"),
        (["--x", "status"], "it is text; expected a column of numbers"),
    ],
)
def test_bad_usage(sweep, words, found):
    done = call("plot", str(sweep.path), "-o", "a.png", *words)
    assert done.exit_code == 2
    assert one_sentence(done.stderr)
    assert found in done.stderr


def test_a_map_may_have_another_size_and_a_table_has_its_own(sweep):
    cut = Cut(x="init.scale", y="network.width")
    assert tuple(figures.sweep_figure(sweep, cut, size=(6.0, 3.0)).get_size_inches()) == (6.0, 3.0)
