"""A report -> its figures as SVG, the same bytes from the same figures; wafers as PNG. A white ground serves light and dark."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter, PercentFormatter
from matplotlib.typing import RcKeyType

from training.card.measured import Evaluated, LearningCurve, Measured, WorstError
from training.card.reading import Report
from training.data.maps import Codes

FIGURES = "figures"
_STYLE: dict[RcKeyType, object] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a94a0",
    "axes.labelcolor": "#2b3440",
    "xtick.color": "#566270",
    "ytick.color": "#566270",
    "grid.color": "#e4e8ec",
    "axes.axisbelow": True,
    "axes.titlesize": 10,
    "svg.hashsalt": "fabwafer",
}
_BLUE, _ORANGE, _GREY, _RED = "#1f6fb2", "#d97706", "#9aa5b1", "#c2362f"
_METHODS = {"labels": (_GREY, "labels alone"), "distillation": (_BLUE, "distillation")}
_OTHER = _ORANGE
_DIES = ListedColormap(["#ffffff", "#cfd8e1", _RED])
_ACROSS = 6


def figures(report: Report) -> dict[str, Callable[[], Figure]]:
    """Return what can be drawn of a report, by the name of its file."""
    drawn: dict[str, Callable[[], Figure]] = {
        "confusion.svg": lambda: confusion(report.test),
        "reliability.svg": lambda: right_by_confidence(report.test),
        "coverage_risk.svg": lambda: wrong_by_coverage(report.test),
        "classes.svg": lambda: classes(report.test),
    }
    curve = report.learning_curve
    if curve:
        drawn["learning_curve.svg"] = lambda: learning_curve(curve)
    return drawn


def save(draw: Callable[[], Figure], path: Path) -> None:
    """Draw a figure in the project's style and write it."""
    with mpl.rc_context(_STYLE):
        metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
        draw().savefig(path, metadata=metadata, facecolor="white", dpi=110)


def confusion(test: Evaluated) -> Figure:
    """Rows true, columns called; colours are shares of a row, numbers are wafers."""
    labels = list(test.classes)
    counts = np.array(test.confusion)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    figure, axes = _canvas(5.4, 5)
    axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.45, 0, 1))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = "white" if shares[row, column] > 0.35 else "#2b3440"
            axes.text(column, row, f"{count}", ha="center", va="center", color=dark, fontsize=8)
    axes.set_xticks(range(len(labels)), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), labels)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    axes.set(xlabel="called", ylabel="is", title=f"{test.wafers} wafers")
    return figure


def right_by_confidence(test: Evaluated) -> Figure:
    """Confidence against the share of right calls, a dot a bin, its area the wafers in it; 95 % by draws of lots."""
    bins = test.reliability
    figure, axes = _canvas(4.8, 4.4)
    axes.grid(visible=True)
    axes.plot([0, 1], [0, 1], color=_GREY, lw=1, ls="--", label="as promised")
    sizes = [12 + 220 * (each.wafers / test.wafers) ** 0.5 for each in bins]
    confidence, accuracy = [e.confidence for e in bins], [e.accuracy for e in bins]
    for each in bins:
        if each.interval_95:
            axes.vlines(each.confidence, *each.interval_95, color=_BLUE, lw=1)
    axes.scatter(confidence, accuracy, sizes, color=_BLUE, alpha=0.75, label="wafers of a bin")
    axes.set(xlim=(0, 1.03), ylim=(0, 1.03), xlabel="probability of the label", ylabel="right")
    axes.set_title(f"calibration error {test.ece:.4f}")
    axes.legend(loc="upper left", frameon=False, markerscale=0.5)
    return figure


def wrong_by_coverage(test: Evaluated) -> Figure:
    """The surest wafers first: how many of those that nobody looks at are wrong."""
    points, accepting = np.array(test.coverage_risk), test.accepting
    figure, axes = _canvas(5.6, 4)
    axes.grid(visible=True)
    axes.plot(points[:, 0], 100 * points[:, 1], color=_BLUE, lw=1.8, label="one threshold for all")
    axes.plot(
        accepting.coverage,
        100 * accepting.risk,
        "o",
        color=_ORANGE,
        label="the certified thresholds",
    )
    axes.set(xlim=(0.5, 1.005), ylim=(0, None))
    axes.xaxis.set_major_formatter(PercentFormatter(1, 0))
    axes.set(xlabel="accepted without a person", ylabel="of these wrong, %")
    axes.legend(loc="upper left", frameon=False)
    return figure


def classes(test: Measured) -> Figure:
    """F1 of every class, int8 beside fp32."""
    names = list(test.classes)
    figure, axes = _canvas(6.4, 3.4)
    axes.grid(visible=True, axis="x")
    places = np.arange(len(names))
    for offset, told, colour, name in (
        (-0.18, test.fp32.classes, _GREY, "fp32"),
        (0.18, test.classes, _BLUE, "int8, shipped"),
    ):
        axes.barh(places + offset, [told[n].f1 for n in names], 0.34, color=colour, label=name)
    axes.set_yticks(places, [f"{name} ({test.classes[name].support})" for name in names])
    axes.invert_yaxis()
    lowest = min(each.f1 for told in (test.classes, test.fp32.classes) for each in told.values())
    axes.set(xlim=(max(0, int(lowest * 10 - 0.5) / 10), 1), xlabel="F1 (wafers of the class)")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=2, frameon=False)
    return figure


def learning_curve(curve: LearningCurve) -> Figure:
    """Macro-F1 over the share of labels, with the unlabelled rest and without."""
    figure, axes = _canvas(5.6, 4)
    axes.grid(visible=True)
    for method in curve.methods:
        colour, name = _METHODS.get(method, (_OTHER, method))
        points = [each for each in curve.points if each.method == method]
        means = curve.mean(method)
        axes.plot(list(means), list(means.values()), color=colour, lw=1.8, label=name)
        axes.plot([e.share for e in points], [e.macro_f1 for e in points], "o", ms=4, color=colour)
        for each in points:
            if each.interval_95:
                axes.vlines(each.share, *each.interval_95, color=colour, alpha=0.5, lw=1.2)
    shares = sorted({each.share for each in curve.points})
    axes.set_xscale("log")
    axes.set_xticks(shares, [f"{100 * share:g} %" for share in shares])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(xlabel="of the labels", ylabel="macro-F1")
    axes.legend(loc="lower right", frameon=False)
    return figure


def drawn_errors(errors: Sequence[WorstError], maps: Sequence[Codes]) -> Figure:
    """Wafers, each under its label and what it was called."""
    return wafer_grid(
        [
            f"row {each.row}: {each.label}\ncalled {each.prediction} {each.probability:.3f}"
            for each in errors
        ],
        maps,
    )


def wafer_grid(titles: Sequence[str], maps: Sequence[Codes]) -> Figure:
    """Wafers under their titles; failing dies are red."""
    down = -(-max(len(maps), 1) // _ACROSS)
    figure = Figure((1.55 * _ACROSS, 1.95 * down), layout="constrained")
    for number, (title, wafer) in enumerate(zip(titles, maps, strict=True), 1):
        axes = figure.add_subplot(down, _ACROSS, number)
        axes.axis("off")
        axes.imshow(wafer, cmap=_DIES, vmin=0, vmax=2, aspect="auto", interpolation="nearest")
        axes.set_title(title, fontsize=6.5)
    return figure


def _canvas(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure((width, height), layout="constrained")
    return figure, figure.add_subplot()
