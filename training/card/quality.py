"""A report -> the sections of its card that say how often the model is right."""

from collections.abc import Iterable, Iterator, Sequence

from training.card.goals import goals
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
    floats = test.fp32
    low, high = test.interval_95.macro_f1
    lowest, highest = test.interval_95.accuracy
    lost = " to ".join(f"{bound:.4f}" for bound in test.macro_f1_lost_interval_95)
    rows = [
        ("macro-F1", f"{test.macro_f1:.4f} ({low:.3f} to {high:.3f})", f"{floats.macro_f1:.4f}"),
        (
            "lost by int8, the same lots drawn for both",
            f"{floats.macro_f1 - test.macro_f1:.4f} ({lost})",
            "",
        ),
        (
            f"accuracy (always the largest class: {test.majority_baseline:.4f})",
            f"{test.accuracy:.4f} ({lowest:.4f} to {highest:.4f})",
            f"{floats.accuracy:.4f}",
        ),
        ("calibration error (ECE, 15 bins)", f"{test.ece:.4f}", f"{floats.ece:.4f}"),
        (
            f"defect or `{normal}`: recall, precision",
            f"{test.binary.recall:.4f}, {test.binary.precision:.4f}",
            f"{floats.binary.recall:.4f}, {floats.binary.precision:.4f}",
        ),
        ("same label as fp32", f"{test.same_decision_as_fp32:.4f}", ""),
        *_changed(report),
    ]
    return f"## Figures\n{table(('', 'int8 (shipped)', 'fp32'), rows)}\n\n{table(_CLASS_HEAD, _classes(report))}"


def _classes(report: Report) -> Iterator[Sequence[str]]:
    for name, int8 in report.test.classes.items():
        fp32 = report.test.fp32.classes[name]
        shown = (int8.precision, int8.recall, int8.f1, fp32.recall, fp32.f1)
        yield name, str(int8.support), *(f"{each:.3f}" for each in shown)


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
