"""A report -> the sections of its card that say how often the model is right."""

from collections.abc import Iterable, Iterator, Sequence

from training.card.goals import goals
from training.card.measured import Binary, BinaryIntervals, Span
from training.card.reading import Report

_CLASS_HEAD = ("class", "wafers", "precision", "recall", "F1", "recall fp32", "F1 fp32")
_SHOWN = 12


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def goal_table(report: Report) -> str:
    """Return the goals that were set, each beside what came out."""
    rows = [goal.row for goal in goals(report)]
    head = ("", "best clean public", "goal", "measured", "")
    return f"## Goals\n{table(head, rows)}"


def figures_section(report: Report) -> str:
    """Return the figures of both graphs, over all wafers and by class."""
    test, normal = report.test, report.manifest.policy.normal
    floats, within = test.fp32, test.interval_95
    lost = floats.macro_f1 - test.macro_f1
    largest = f"accuracy (always the largest class: {test.majority_baseline:.4f})"
    rows = [
        ("macro-F1", ranged(test.macro_f1, within.macro_f1), f"{floats.macro_f1:.4f}"),
        (
            "lost by int8, the same lots drawn for both",
            ranged(lost, test.macro_f1_lost_interval_95),
            "",
        ),
        (largest, ranged(test.accuracy, within.accuracy), f"{floats.accuracy:.4f}"),
        ("calibration error (ECE, 15 bins)", ranged(test.ece, within.ece), f"{floats.ece:.4f}"),
        *_binary(normal, test.binary, within.binary, floats.binary),
        ("same label as fp32", f"{test.same_decision_as_fp32:.4f}", ""),
        *_changed(report),
    ]
    return f"## Figures\n{table(('', 'int8 (shipped)', 'fp32'), rows)}\n\n{table(_CLASS_HEAD, _classes(report))}"


def ranged(value: float, within: Span, digits: int = 4) -> str:
    """Return a figure with its interval, alone if it has none."""
    told = f"{value:.{digits}f}"
    return f"{told} ({within[0]:.{digits}f} to {within[1]:.{digits}f})" if within else told


def _binary(
    normal: str, int8: Binary, within: BinaryIntervals, fp32: Binary
) -> Iterator[Sequence[str]]:
    by_threshold, other = int8.precision_at_high_recall, fp32.precision_at_high_recall
    found, others = int8.recall_at_high_precision, fp32.recall_at_high_precision
    for name, value, span, floats in (
        ("recall", int8.recall, within.recall, fp32.recall),
        ("precision", int8.precision, within.precision, fp32.precision),
        ("precision at 98.7 % recall", by_threshold, within.precision_at_high_recall, other),
        ("recall at 97 % precision", found, within.recall_at_high_precision, others),
    ):
        yield f"defect or `{normal}`: {name}", ranged(value, span), f"{floats:.4f}"


def _classes(report: Report) -> Iterator[Sequence[str]]:
    for name, int8 in report.test.classes.items():
        fp32, within = report.test.fp32.classes[name], report.test.interval_95.classes[name]
        yield (
            name,
            str(int8.support),
            f"{int8.precision:.3f}",
            ranged(int8.recall, within.recall, 3),
            ranged(int8.f1, within.f1, 3),
            f"{fp32.recall:.3f}",
            f"{fp32.f1:.3f}",
        )


def _changed(report: Report) -> Iterator[Sequence[str]]:
    changed = report.test.changed_by_symmetry
    if changed:
        told = f"{changed.views:.4f} of views, {changed.wafers:.4f} of wafers"
        yield "decisions changed by turning or mirroring", told, ""


def worst_section(report: Report) -> str:
    """Return which wafers it was most wrong about."""
    rows = [
        (str(each.row), each.label, each.prediction, f"{each.probability:.3f}")
        for each in report.test.worst_errors[:_SHOWN]
    ]
    of = "LSWMD.pkl" if report.data.is_wm811k(all) else "the data"
    return (
        f"The errors it was surest of, by row of {of}; `make model-report` draws them where the data is at hand.\n\n"
        + table(("row", "label", "called", "probability"), rows)
    )
