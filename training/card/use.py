"""A report -> the sections of its card that say what its use costs and promises, and what it learned from."""

import statistics
from collections.abc import Iterator, Sequence

from training.card.exported import Threshold
from training.card.measured import BenchLine, Families, LearningCurve
from training.card.quality import table
from training.card.reading import Report


def promise_section(report: Report) -> str:
    """Return what goes by unseen, and what is certified of it."""
    promise, seen = report.exported.promise, report.test.accepting
    head = (
        "",
        "from a probability of",
        "promised at most",
        "seen there",
        "bound",
        "seen on the test lots",
    )
    return (
        f"## Who looks\nAccepted without a person: {seen.coverage:.4f} of the wafers, {seen.risk:.4f} of them wrong. "
        f"Promised, with {100 * promise.confidence:g} % confidence in all at once, found on the calibration lots "
        f"({promise.method}); probabilities are at temperature {promise.temperature:.3f}.\n\n"
        f"{table(head, _promises(report))}\n\n"
        f"It is promised on these terms: {promise.assumptions}. Another product, tester or period needs thresholds of its own."
    )


def _promises(report: Report) -> Iterator[Sequence[str]]:
    promise, seen = report.exported.promise, report.test.accepting
    normal = report.manifest.policy.normal
    for name, found in promise.thresholds.items():
        if name == normal:
            what = f"defective wafers that pass as `{normal}`"
            yield _promise(what, found, promise.max_escapes, seen.escapes)
        else:
            what = f"accepted calls of {name} that are wrong"
            yield _promise(what, found, promise.max_wrong_defect_calls, seen.wrong_defect_calls)


def _promise(what: str, found: Threshold, limit: float, tested: float) -> Sequence[str]:
    figures = (found.value, limit, found.observed, found.bound, tested)
    return (what, *(f"{each:.4f}" for each in figures))


def refusal_section(report: Report) -> str:
    """Return how novel wafers and pictures that are none are told, and how often wafers are taken for either."""
    promise = report.exported.promise
    rows = []
    if promise.novelty:
        told = promise.novelty
        rows.append((f"called novel ({told.method})", told.novel))
        rows.append(("seen by a person for that alone", told.reviewed_for_it_alone))
    if promise.refusal:
        limits = promise.refusal.thresholds
        by = ", ".join(f"{name} over {limit:.3g}" for name, limit in limits.items())
        rows.append((f"refused ({by})", promise.refusal.wafers_refused))
    if not rows:
        return ""
    lines = [(name, f"{each.share:.4f}", f"{each.bound:.4f}") for name, each in rows]
    head = ("of wafers", "seen on the calibration lots", "bound")
    parts = (f"## Not like any wafer\n{table(head, lines)}", *_refused(report))
    return "\n\n".join(parts)


def _refused(report: Report) -> Iterator[str]:
    found = report.refusals
    if not found:
        return
    yield (
        f"Of {found.pictures} pictures that are no wafer map, {found.refused} are refused; of {found.wafers} wafers of "
        f"the test lots, {found.wafers_refused}. The measures were shaped with these kinds of pictures in view."
    )
    yield _by_kind(found)
    later = found.not_seen_in_development
    if later:
        yield (
            f"Of {later.pictures} pictures of kinds that were drawn later and changed nothing, {later.refused} are refused. "
            "A disc in the three levels of dies is a wafer to the measures of levels and shape; only novelty may tell it."
        )
        yield _by_kind(later)


def _by_kind(found: Families) -> str:
    rows = [(name, str(each.pictures), str(each.refused)) for name, each in found.families.items()]
    return table(("kind of picture", "pictures", "refused"), rows)


def gate_section(report: Report) -> str:
    """Return what int8 was let pass on."""
    gate = report.exported.gate
    rows = (
        ("macro-F1", f"{gate.macro_f1.int8:.4f}", f"{gate.macro_f1.fp32:.4f}"),
        ("calibration error", f"{gate.ece.int8:.4f}", f"{gate.ece.fp32:.4f}"),
        (
            "median ms a wafer, one thread",
            f"{gate.latency_ms.int8:.3f}",
            f"{gate.latency_ms.fp32:.3f}",
        ),
        *(
            (f"{name}: found of {gate.of_class[name]}", f"{pair.int8:.0f}", f"{pair.fp32:.0f}")
            for name, pair in gate.found.items()
        ),
    )
    return (
        f"## Eight bits\nThe gate of `training.gate` let int8 pass on {gate.wafers} wafers of "
        f"{' and '.join(gate.splits)} lots, on {gate.machine}; {gate.same_decisions:.4f} of the labels were the same.\n\n"
        f"{table(('', 'int8', 'fp32'), rows)}"
    )


def latency_section(report: Report) -> str:
    """Return the bench's table, if there is one."""
    measured = [each for each in report.bench if each.rounds]
    if not measured:
        return ""
    head = (
        "network",
        "weights",
        "engine",
        "PNG to decision: p50 ms",
        "p99 ms",
        "decoded: p50 ms",
        "file MB",
        "peak MB",
    )
    return (
        f"## Speed\nOne thread, medians of rounds in turns.\n\n{table(head, map(_speed, measured))}"
    )


def _speed(each: BenchLine) -> Sequence[str]:
    p50, p99, decoded, peak = (
        statistics.median(values)
        for values in zip(
            *((r.png.p50, r.png.p99, r.wafer.p50, r.peak_mb) for r in each.rounds), strict=True
        )
    )
    times = (f"{p50:.2f}", f"{p99:.2f}", f"{decoded:.2f}")
    return (
        each.network,
        each.weights,
        each.engine,
        *times,
        f"{each.size_bytes / 1e6:.2f}",
        f"{peak:.0f}",
    )


def learning_section(report: Report) -> str:
    """Return the learning curve as a table, if there is one."""
    curve = report.learning_curve
    if not curve:
        return ""
    shares = sorted({each.share for each in curve.points})
    head = ("of the labels", *(f"{100 * share:g} %" for share in shares))
    counts = {each.share: f"{each.labels}" for each in curve.points if each.labels}
    rows = [
        ("labelled wafers", *(counts.get(share, "") for share in shares)),
        *((f"{method}, macro-F1", *_means(curve, method, shares)) for method in curve.methods),
    ]
    taught = f" Networks: {curve.architecture}." if curve.architecture else ""
    return (
        f"## Fewer labels\nMeasured on {curve.split} lots; `labels` uses labelled wafers alone, the others the "
        f"unlabelled rest too.{taught}\n\n{table(head, rows)}"
    )


def _means(curve: LearningCurve, method: str, shares: Sequence[float]) -> Iterator[str]:
    means = curve.mean(method)
    for share in shares:
        yield f"{means[share]:.3f}" if share in means else ""


def protocol_section(report: Report) -> str:
    """Return what the way of sharing wafers out does to a figure, if that was measured."""
    if not report.protocols:
        return ""
    head = ("shared out", "train", "test", "lots on both sides", "macro-F1", "95 %")
    rows = [
        (
            each.protocol,
            f"{each.train}",
            f"{each.test}",
            f"{each.lots_on_both_sides}",
            f"{each.macro_f1:.3f}",
            "{:.3f} to {:.3f}".format(*each.interval_95),
        )
        for each in report.protocols.protocols
    ]
    return (
        "## Other protocols, for comparison with papers only\nThe learning curve's network, "
        f"{report.protocols.steps} steps, all labels: what differs is how wafers were shared out.\n\n{table(head, rows)}"
    )


def data_section(report: Report) -> str:
    """Return what it learned from."""
    data = report.data
    parts = ", ".join(f"{split} {count}" for split, count in data.parts.items())
    return (
        f"## Data\n{data.wafers} labelled pictures, SHA-256 {data.digest}; split by lot, seed {data.split_seed}: {parts}. "
        "Neither lots nor pictures equal under rotation and reflection cross splits."
    )
