"""Suspicions against models: a burst audit for each, its answers counted, its end."""

from dataclasses import dataclass, replace

from fabwafer.burst_audit import Audit, Outcome, outcome, sample
from fabwafer.fab_signals import Signal, signals
from fabwafer.fab_watch import Rules, without_model
from fabwafer.history import Verdict
from fabwafer.model_drift import usual_error
from fabwafer.triage import ReviewReason
from lambdas.loop.drift_state import Known
from lambdas.loop.review_requests import request_body
from lambdas.records import item_of
from lambdas.stores.pages import Filter, Page, Span
from lambdas.stores.reviews import WorkTable
from lambdas.stores.wafers import WaferTable

_MOST_LOOKED_AT = 400


@dataclass(frozen=True)
class Finding:
    """An audit that has ended."""

    model: str
    audit: Audit


@dataclass(frozen=True)
class Audits:
    """Opens audits and counts their answers."""

    wafers: WaferTable
    works: WorkTable

    def after_look(
        self, fab: str, known: Known, rules: Rules, now_ms: int
    ) -> tuple[Known, list[Finding]]:
        """Open, count and end a fab's audits.

        A dismissed suspicion makes the model's doubt of these days its usual one: it is learned anew. Any other end
        stands until the sums are quiet, so that one suspicion is audited once; what nobody has answered may be answered
        as long.
        """
        known, findings = self._counted(known, now_ms)
        suspected = {
            each.model: each
            for each in signals(known.fab, rules)
            if each.model and each.cusum.rings
        }
        kept = {
            model: each
            for model, each in known.audits.items()
            if model in suspected or each.outcome is Outcome.OPEN
        }
        known = replace(known, audits=kept)
        for model, signal in suspected.items():
            if model not in known.audits and model in known.fab.models:
                known = self._begun(fab, known, model, signal, now_ms)
        return known, findings

    def _begun(self, fab: str, known: Known, model: str, signal: Signal, now_ms: int) -> Known:
        """Nothing yet if the model has decided about fewer than 40 wafers since: the next look asks again.

        A refused picture's label says nothing, and its doubt is in no sum.
        """
        since = signal.cusum.since_ms or 0
        span = Span("by_fab", "fab", fab, "timestamp", since, now_ms, newest_first=True)
        page = Page(_MOST_LOOKED_AT, wanted=Filter(equal={"model": model}))
        found, _ = self.wafers.find(span, page)
        rows = {
            item_of(row): row for row in found if row.get("review") != ReviewReason.REFUSED.value
        }
        items = sample(rows)
        if items is None:
            return known
        error = usual_error(known.fab.models[model].doubt)
        audit = Audit(signal.what, now_ms, items, error)
        requests = [request_body(rows[item], ReviewReason.SUSPECTED) for item in items]
        return replace(
            known,
            audits=known.audits | {model: audit},
            requests=(*known.requests, *requests),
        )

    def _counted(self, known: Known, now_ms: int) -> tuple[Known, list[Finding]]:
        findings = []
        for model, audit in known.audits.items():
            if audit.outcome is Outcome.CONFIRMED:
                continue
            counted = self._with_answers(audit)
            counted = replace(counted, outcome=outcome(counted, now_ms))
            known = replace(known, audits=known.audits | {model: counted})
            if counted.outcome is not audit.outcome:
                findings.append(Finding(model, counted))
        for each in findings:
            if each.audit.outcome is Outcome.DISMISSED:
                known = replace(known, fab=without_model(known.fab, each.model))
        return known, findings

    def _with_answers(self, audit: Audit) -> Audit:
        right = wrong = unusable = 0
        for work in self.works.read_all(list(audit.items)).values():
            answer = work.review.answer
            if answer is None:
                continue
            if answer.verdict is Verdict.BAD_IMAGE:
                unusable += 1
            elif answer.labels == (work.question.prediction,):
                right += 1
            else:
                wrong += 1
        return replace(audit, right=right, wrong=wrong, unusable=unusable)
