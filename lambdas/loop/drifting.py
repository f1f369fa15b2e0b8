"""One look at a fab: new predictions through the detectors, suspicions into audits, alarms to people."""

from dataclasses import dataclass, replace

from fabwafer.burst_audit import Outcome
from fabwafer.fab_signals import Signal, rung, signals
from fabwafer.fab_watch import Fab, Rules, after_wafers
from fabwafer.release_rates import with_release
from lambdas.loop.drift_audits import Audits, Finding
from lambdas.loop.drift_notices import alarm, finding_notice, ring_notice
from lambdas.loop.drift_state import Known, known_of, with_known
from lambdas.loop.drift_wafers import seen_of
from lambdas.loop.ledger import Ledger
from lambdas.loop.notices import NoticeTopic, tell
from lambdas.loop.records import DriftPaper, ModelPaper
from lambdas.policies import Policies
from lambdas.records import Item, int_of
from lambdas.stores.channels import Queue
from lambdas.stores.pages import Page, Span
from lambdas.stores.tables import CameraTable
from lambdas.stores.wafers import WaferTable

_MOST_WAFERS = 2000
"""Of a camera in one look; what it has more waits for the next."""
_FIRST_LOOK_MS = 30 * 86_400_000
_PER_SEND = 10


class RequestsRefusedError(Exception):
    """The review queue did not take all of an audit; the next look sends them again."""


@dataclass(frozen=True)
class Looked:
    """What a look at a fab came to; `taken` is False if another look was faster."""

    fab: str
    wafers: int
    rang: tuple[Signal, ...]
    findings: tuple[Finding, ...]
    taken: bool


@dataclass(frozen=True)
class Watcher:
    """Looks at fabs.

    Attributes:
        settle_ms: How long a prediction may take to the index that it is read from.
    """

    wafers: WaferTable
    cameras: CameraTable
    ledger: Ledger
    policies: Policies
    reviews: Queue
    topic: NoticeTopic
    audits: Audits
    rules: Rules
    settle_ms: int

    def look(self, fab: str, now_ms: int) -> Looked:
        """Take in a fab's new predictions and act on what they show.

        The paper is revised before anything is sent, with what is owed in it, and once more when that is out: whoever
        dies between the two leaves it to the next look. Of two looks at once the second to write does nothing.
        """
        paper = self._paper(fab)
        known = known_of(paper)
        rows = self._new(fab, known, now_ms)
        before = signals(known.fab, self.rules)
        known = self._after(known, rows, now_ms)
        rang = rung(before, signals(known.fab, self.rules))
        known, findings = self.audits.after_look(fab, known, self.rules, now_ms)
        told = [ring_notice(fab, each) for each in rang if each.model is None]
        told += [
            finding_notice(fab, each)
            for each in findings
            if each.audit.outcome is not Outcome.DISMISSED
        ]
        alarms = [alarm(each, now_ms) for each in told]
        known = replace(known, notices=(*known.notices, *told))
        kept = self.ledger.revise(with_known(paper, known, signals(known.fab, self.rules), alarms))
        if kept is None:
            return Looked(fab, 0, (), (), taken=False)
        self._pay(kept, known)
        return Looked(fab, sum(map(len, rows.values())), tuple(rang), tuple(findings), taken=True)

    def _paper(self, fab: str) -> DriftPaper:
        found = self.ledger.read(DriftPaper, fab)
        if found is None:
            self.ledger.keep_new(DriftPaper(name=fab, cursor_ms=0))
            found = self.ledger.read(DriftPaper, fab)
        if found is None:
            raise LookupError(f"no drift paper of {fab}")
        return found

    def _new(self, fab: str, known: Known, now_ms: int) -> dict[str, list[Item]]:
        cameras = {str(row["camera"]) for row in self.cameras.of_fab(fab)} | known.cursors.keys()
        return {
            camera: rows
            for camera in sorted(cameras)
            if (rows := self._of_camera(fab, camera, known, now_ms))
        }

    def _of_camera(self, fab: str, camera: str, known: Known, now_ms: int) -> list[Item]:
        """A camera delivers its wafers in order, also after an outage: its own cursor misses none."""
        first = known.cursors.get(camera, now_ms - _FIRST_LOOK_MS) + 1
        last = now_ms - self.settle_ms
        if last < first:
            return []
        span = Span("by_camera", "fab_camera", f"{fab}/{camera}", "timestamp", first, last)
        rows, _ = self.wafers.find(span, Page(limit=_MOST_WAFERS, most_calls=50))
        return rows

    def _after(self, known: Known, rows: dict[str, list[Item]], now_ms: int) -> Known:
        every = sorted(
            (row for some in rows.values() for row in some),
            key=lambda row: int_of(row["timestamp"]),
        )
        seen = [seen_of(row) for row in every]
        models = {each.model for each in seen}
        policies = [self.policies.of(model) for model in models]
        labels = sorted(
            {label for each in policies for label in each.labels if label != each.normal}
        )
        fab = self._with_releases(known.fab, sorted(filter(None, models)))
        fab = after_wafers(fab, seen, labels, now_ms, self.rules)
        cursors = {camera: int_of(some[-1]["timestamp"]) for camera, some in rows.items()}
        return replace(known, fab=fab, cursors=known.cursors | cursors)

    def _with_releases(self, fab: Fab, models: list[str]) -> Fab:
        """What a release measured counts once, before its model's first lot in the fab."""
        for model in models:
            paper = self.ledger.read(ModelPaper, model)
            if paper is not None and paper.comparison is not None:
                fab = with_release(fab, paper.comparison, self.rules.process)
        return fab

    def _pay(self, kept: DriftPaper, known: Known) -> None:
        """Send what is owed; a notice may go out twice if the function dies here, never not at all."""
        if not known.notices and not known.requests:
            return
        for start in range(0, len(known.requests), _PER_SEND):
            if self.reviews.send(known.requests[start : start + _PER_SEND]):
                raise RequestsRefusedError(kept.name)
        for each in known.notices:
            tell(self.topic, each.subject, each.text, each.facts)
        paid = replace(known, notices=(), requests=())
        self.ledger.revise(with_known(kept, paid, signals(known.fab, self.rules), []))
