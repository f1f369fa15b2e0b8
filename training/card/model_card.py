"""A report -> the text of MODEL_CARD.md. Every figure comes from the report, none is typed by hand."""

from collections.abc import Sequence

from training.card.quality import figures_section, goal_table, worst_section
from training.card.reading import Report
from training.card.texts import CITED, COMMANDS, INTENDED, LIMITS, NOTHING_REFUSED
from training.card.use import (
    data_section,
    gate_section,
    latency_section,
    learning_section,
    promise_section,
    protocol_section,
    refusal_section,
)

CARD = "MODEL_CARD.md"


def model_card(report: Report, drawn: Sequence[str]) -> str:
    """Return the card; `drawn` are paths of figures, relative to it."""
    sections = [
        _head(report),
        goal_table(report) if report.data.is_wm811k(all) else "",
        figures_section(report),
        _picture(drawn, "classes"),
        _picture(drawn, "confusion"),
        worst_section(report),
        promise_section(report),
        _picture(drawn, "coverage_risk"),
        _picture(drawn, "reliability"),
        refusal_section(report),
        gate_section(report),
        latency_section(report),
        learning_section(report),
        _picture(drawn, "learning_curve"),
        protocol_section(report),
        _limits(report),
        data_section(report),
        CITED if report.data.is_wm811k(any) else "",
        COMMANDS,
    ]
    return "\n\n".join(filter(None, sections)) + "\n"


def _picture(drawn: Sequence[str], name: str) -> str:
    return "".join(f"![{name.replace('_', ' ')}]({path})" for path in drawn if name in path)


def _head(report: Report) -> str:
    exported, test = report.exported, report.test
    gone = ", ".join(f"{count} {reason}" for reason, count in test.left_out.items())
    return (
        f"# {report.manifest.model}\n\n"
        f"{exported.multiply_adds / 1e6:.1f} million multiply-adds, {exported.size_bytes / 1e6:.2f} MB, int8. "
        f"Labels: {', '.join(report.manifest.policy.labels)}.\n\n"
        f"{INTENDED}\n\n"
        f"All figures: int8, one view, {test.wafers} wafers of {test.lots} test lots, "
        f"{f'of data that lacks: {gone}' if gone else 'every one of them'}, at their natural prior; nothing was chosen by "
        "them. Intervals: 95 %, bootstrap over lots."
    )


def _limits(report: Report) -> str:
    policy, counts = report.manifest.policy, report.test.confusion
    normal = policy.labels.index(policy.normal)
    errors = report.test.wafers - sum(row[n] for n, row in enumerate(counts))
    missed = sum(row[normal] for n, row in enumerate(counts) if n != normal)
    limits = LIMITS.format(normal=policy.normal, errors=errors, missed=missed)
    return limits if report.exported.promise.refusal else limits + NOTHING_REFUSED
