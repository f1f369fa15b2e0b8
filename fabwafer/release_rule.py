"""Figures of candidate and current model -> released or refused, and every reason why not. Pure.

A figure of few wafers swings by chance: what is a share of n wafers may be worse by its tolerance and 1.64 standard
errors, so that 95 of 100 candidates that are as good as the current model are not refused for it.
"""

from collections.abc import Iterator
from math import sqrt

from pydantic import BaseModel, ConfigDict

from fabwafer.fields import Count, Fraction, NotNegative
from fabwafer.labels import WM811K
from fabwafer.release import Comparison, LabelWorth, Pair, Replay, Routed, Verdict

_CHANCE = 1.64


class ReleaseRules(BaseModel):
    """What a deployment asks of a candidate; a rise or fall is against the current model, on the same wafers.

    Attributes:
        macro_f1_floor: Least macro-F1 on the test set.
        macro_f1_fall: On the test set.
        recall_fall: Of any label, on the test set; beyond chance.
        precision_fall: Likewise.
        ece_most: Calibration error on the test set, unless it falls.
        escapes_rise: Share of wafers with a defect that pass unseen, on the test set; beyond chance.
        accepted_fall: Share that asks for no person, on the test set.
        recent_least: Recently reviewed wafers without which nothing is said of them.
        recent_fall: Of accuracy on them; beyond chance.
        recent_label_least: Such wafers of a label, and calls of it, without which nothing is said of the label; with
            them its recall and precision may fall as on the test set.
        reviews_rise: Share of the replayed wafers that would go to people in addition.
        refused_rise: Share of the replayed wafers that would be refused as no wafer map in addition.
        size_most_bytes: Of the bundle.
        latency_times: Of the current model's median time a wafer, and
        latency_slack_ms: so much on top: a clock's noise is no reason.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    macro_f1_floor: Fraction = 0.5
    macro_f1_fall: Fraction = 0.005
    recall_fall: Fraction = 0.03
    precision_fall: Fraction = 0.05
    ece_most: Fraction = 0.02
    escapes_rise: Fraction = 0.005
    accepted_fall: Fraction = 0.05
    recent_least: Count = 30
    recent_fall: Fraction = 0.02
    recent_label_least: Count = 10
    reviews_rise: Fraction = 0.05
    refused_rise: Fraction = 0.01
    size_most_bytes: Count = 3_000_000
    latency_times: NotNegative = 1.5
    latency_slack_ms: NotNegative = 0.3


def judge(comparison: Comparison, rules: ReleaseRules, normal: str = WM811K.normal) -> Verdict:
    """Return whether the candidate is released, with all that speaks against it; `normal` is the label of no defect."""
    reasons = (
        *_test(comparison.test, rules, normal),
        *_recent(comparison.recent, rules),
        *_replay(comparison.replay, rules),
        *_cost(comparison, rules),
        *_no_better(comparison, rules),
    )
    return Verdict(passed=not reasons, reasons=reasons)


def _test(pair: Pair, rules: ReleaseRules, normal: str) -> Iterator[str]:
    new, old = pair.candidate, pair.current
    yield from _at_least("test: macro-F1", new.macro_f1, rules.macro_f1_floor)
    ece_most = rules.ece_most if old is None else max(rules.ece_most, old.ece)
    yield from _at_most("test: calibration error", new.ece, ece_most)
    if old is None:
        return
    yield from _at_least("test: macro-F1", new.macro_f1, old.macro_f1 - rules.macro_f1_fall)
    defects = sum(each.wafers for label, each in old.labels.items() if label != normal)
    most = old.escapes + rules.escapes_rise + _error(old.escapes, defects)
    yield from _at_most("test: defects that pass unseen", new.escapes, most)
    yield from _at_least(
        "test: accepted without a person", new.accepted, old.accepted - rules.accepted_fall
    )
    for label, known in old.labels.items():
        found = new.labels.get(label)
        if known.recall and not (found and found.recall):
            yield f"test: {label} is lost: recall 0, {known.recall:.3f} of the current model"
        else:
            yield from _label("test", label, found, known, rules)


def _label(
    where: str, label: str, new: LabelWorth | None, old: LabelWorth, rules: ReleaseRules
) -> Iterator[str]:
    """Compare the figures of a label; what the candidate does not know it never finds."""
    if old.recall:
        recall = (new and new.recall) or 0.0
        least = old.recall - rules.recall_fall - _error(old.recall, old.wafers)
        yield from _at_least(f"{where}: recall of {label}", recall, least)
    if old.precision is not None and new is not None and new.precision is not None:
        least = old.precision - rules.precision_fall - _error(old.precision, old.called)
        yield from _at_least(f"{where}: precision of {label}", new.precision, least)


def _recent(pair: Pair | None, rules: ReleaseRules) -> Iterator[str]:
    if pair is None or pair.current is None:
        return
    new, old = pair.candidate, pair.current
    if old.wafers < rules.recent_least:
        return
    least = old.accuracy - rules.recent_fall - _error(old.accuracy, old.wafers)
    yield from _at_least("recently reviewed: accuracy", new.accuracy, least)
    for label, known in old.labels.items():
        if min(known.wafers, known.called) >= rules.recent_label_least:
            found = new.labels.get(label)
            yield from _label("recently reviewed", label, found, known, rules)


def _replay(replay: Replay | None, rules: ReleaseRules) -> Iterator[str]:
    if replay is None or not replay.wafers:
        return
    new, old = replay.candidate, replay.current
    for what, rise in (("reviews", rules.reviews_rise), ("refused", rules.refused_rise)):
        was = _routed(old, what) / replay.wafers
        limit = was + rise + _error(was, replay.wafers)
        yield from _at_most(f"replay: share {what}", _routed(new, what) / replay.wafers, limit)


def _routed(routed: Routed, what: str) -> int:
    return routed.reviews if what == "reviews" else routed.refused


def _cost(comparison: Comparison, rules: ReleaseRules) -> Iterator[str]:
    new, old = comparison.candidate_cost, comparison.current_cost
    if new.size_bytes > rules.size_most_bytes:
        yield f"size: {new.size_bytes} bytes, at most {rules.size_most_bytes} allowed"
    if old is None:
        return
    most = old.latency_ms * rules.latency_times + rules.latency_slack_ms
    if new.latency_ms > most:
        yield f"latency: {new.latency_ms:.2f} ms, at most {most:.2f} allowed"


def _no_better(comparison: Comparison, rules: ReleaseRules) -> Iterator[str]:
    """A candidate that is no better anywhere is not worth a rollout."""
    old = comparison.test.current
    if old is None or comparison.test.candidate.macro_f1 > old.macro_f1:
        return
    recent = comparison.recent
    if recent is not None and recent.current is not None:
        better = recent.candidate.accuracy > recent.current.accuracy
        if better and recent.current.wafers >= rules.recent_least:
            return
    yield "no better than the current model, neither on the test set nor on recent wafers"


def _at_least(what: str, value: float, least: float) -> Iterator[str]:
    if value < least:
        yield f"{what}: {value:.3f}, at least {least:.3f} asked for"


def _at_most(what: str, value: float, most: float) -> Iterator[str]:
    if value > most:
        yield f"{what}: {value:.4f}, at most {most:.4f} allowed"


def _error(share: float, wafers: int) -> float:
    """Return 1.64 standard errors of a share, as if one wafer more were right and one more wrong: none is certain."""
    likely = (share * wafers + 1) / (wafers + 2)
    return _CHANCE * sqrt(likely * (1 - likely) / (wafers + 2))
