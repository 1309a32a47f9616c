"""The thresholds of all pictures in the terminal, by picture, each with its unit and how it was chosen.

Cells are those of a terminal, decades those of log10. Where no reason is given a number was chosen by how the
picture looks at 80 x 24 and 160 x 45 cells.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class ChartSettings:
    """A chart with two axes, and the ticks of any axis."""

    #: cells along the lower axis for a tick: its label, such as -1.25e+10, and a blank are seldom longer
    tick_cells: int = 9
    #: rows beside the left axis for a tick: labels in each second row are read as one column of numbers
    tick_rows: int = 3
    #: columns and rows of the smallest canvas in a frame; a smaller one is drawn without axes
    smallest: tuple[int, int] = (6, 2)
    #: the largest value drawn; larger ones are moved here, so that differences and sums of a few are finite
    largest: float = 1e290
    #: the shortest interval of values: a millionth of it, the finest that is computed, is a normal float
    shortest: float = 1e-285
    #: the longest interval that has ticks: steps beyond its end are still finite
    longest: float = 1e300


@dataclass(frozen=True)
class LossPictureSettings:
    """The loss over time."""

    #: cells along the axis for a tick of linear time, and for one of log10 time, whose labels are shorter
    tick_cells: int = 8
    decade_cells: int = 7
    #: rows beside the axis of the loss for a tick, as in a chart
    tick_rows: int = 3
    #: columns and rows of the smallest canvas that has axes
    smallest: tuple[int, int] = (4, 2)
    #: dots of a curve kept for comparison: more than a terminal has cells along a curve
    most_dots: int = 2000
    #: decades of log10 time shown before the end of a run: before, a run from a small start has not begun
    time_decades: float = 8.0


@dataclass(frozen=True)
class PhaseSettings:
    """Plateaus and escapes as a viewer sees them."""

    #: share of the drop to a plateau that is left where it begins, and of the next that is done where it ends
    edge: float = 0.05
    #: multiple of the end of the last escape beyond which a run only settles, and is not looked at closely
    focus: float = 1.4
    #: cells of the shortest band of phases in which a name fits beside an edge
    band: int = 8


@dataclass(frozen=True)
class DirectionSettings:
    """Neurons and samples on the unit disc."""

    #: radius of the smallest neuron, as a share of that of the rim: its direction can still be told
    core: float = 0.15
    #: neurons; of more, evenly spaced ones are taken, because each frame computes with all of them
    most_neurons: int = 20_000
    #: samples with their numbers; more numbers would cover the neurons
    most_numbered: int = 40
    #: samples with a dotted line to each; more lines cannot be told apart
    most_dotted: int = 10
    #: parts of a cell to which ends of lines are rounded: lines that turn slowly are seldom drawn anew
    fineness: float = 4.0
    #: cells kept free around the rim, for the numbers of the samples
    margin: float = 2.0


@dataclass(frozen=True)
class NormSettings:
    """Log norms by rank, and over time."""

    #: decades below the largest norm: more than floats have on either side of one
    decades: float = 330.0
    #: ranks of a sign; of more, evenly spaced ones: a terminal has fewer columns of dots
    most_ranks: int = 1_000
    #: neurons that are ranked; of more, evenly spaced ones, because each frame sorts all of them
    most_neurons: int = 20_000
    #: curves over time; of more, those largest at the end and evenly spaced ones: more cannot be told apart
    most_curves: int = 60
    #: recorded states of a curve; of more, evenly spaced ones: a terminal has about so many columns
    most_states: int = 200
    #: cells between two marks on the curve of the neuron under the cursor
    mark_every: int = 7


@dataclass(frozen=True)
class DepartureSettings:
    """How far a network has gone from its start, over time."""

    #: decades that are shown: down to the rounding of a kernel's distance, half of a chord squared
    decades: float = 36.0
    #: recorded states that are looked at; of more, evenly spaced ones
    states: int = 60
    #: n^2 m of all kernels together, beyond which a picture takes seconds
    work: float = 2e8


@dataclass(frozen=True)
class SpectrumSettings:
    """The spectra of the kernel and of the hidden weights, which are computed at every frame."""

    #: rows of the smaller side of a matrix that is decomposed
    most_rows: int = 200
    #: products that it costs to build: neurons times the square of samples, or of coordinates
    most_work: float = 4e7
    #: decades shown below the largest value: rounding, which is left out, begins above that
    decades: float = 20.0
    #: columns from which on the two stand side by side, and cells between them
    side_by_side: int = 56
    gap: int = 2


@dataclass(frozen=True)
class BundleSettings:
    """The bundle of neurons beside the neuron that labelled the data."""

    #: coordinates; the eigenvectors of more take longer than a viewer waits
    most_coordinates: int = 512
    #: |X v* - y| as a share of |y|, above which it is no rounding: then no single neuron gave the labels
    exact: float = 1e-9
    #: decades shown below the largest coordinate: rounding begins near the lowest
    decades: float = 16.0
    #: cells that a coordinate needs for a stem down to the axis; narrower ones have none
    stem_cells: int = 3


@dataclass(frozen=True)
class FunctionSettings:
    """The function of one variable that a network computes."""

    #: share of the range of the data by which it is shown beyond them on either side
    margin: float = 0.25
    #: height of a neuron, as a multiple of what function and data span, beyond which the axis leaves it out
    tallest: float = 2.0
    #: neurons with a star; of more, evenly spaced ones: a terminal has fewer cells
    most_stars: int = 10_000


@dataclass(frozen=True)
class PageSettings:
    """A page about one thing: numbers with their formulas, curves, and lines in columns; all in cells."""

    #: the name of a number, and the number; the formula stands behind them
    name: int = 16
    value: int = 16
    #: a column of numbers, and the narrowest one: a blank and the longest head, "residual r_k"
    column: int = 14
    least_column: int = 13
    #: rows of a curve
    curve_height: int = 10
    #: columns from which on two curves stand side by side, and cells between them
    side_by_side: int = 72
    gap: int = 2
    #: decades of the loss, and of the gradient, shown below the largest on the page of a plateau
    loss_decades: float = 6.0
    gradient_decades: float = 12.0
    #: coordinates of a sample that are written out: of more, a line of 80 columns has no room
    coordinates: int = 6
    #: marks of samples in the table of neurons for which other columns leave room
    least_marks: int = 12


@dataclass(frozen=True)
class SweepSettings:
    """Many runs as a curve."""

    #: factor between the ends of positive values beyond which their axis is logarithmic: a decade and a half
    log_factor: float = 30.0


CHART: Final = ChartSettings()
LOSS_PICTURE: Final = LossPictureSettings()
PHASES: Final = PhaseSettings()
DIRECTIONS: Final = DirectionSettings()
NORMS: Final = NormSettings()
DEPARTURE: Final = DepartureSettings()
SPECTRUM: Final = SpectrumSettings()
BUNDLE: Final = BundleSettings()
FUNCTION: Final = FunctionSettings()
PAGE: Final = PageSettings()
SWEEP: Final = SweepSettings()
