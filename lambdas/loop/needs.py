"""Papers, answers and drift -> how things stand for training, and the paper that says whether one is due."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from fabwafer.datasets import SETTLE_MS
from fabwafer.retraining import Need, Situation, TrainingRules, need
from lambdas.loop.answers import Answers
from lambdas.loop.drift_notices import can_be_learned
from lambdas.loop.jobs import JobPlan
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, DriftPaper, LinePaper, ModelPaper
from lambdas.loop.training_end import has_ended
from lambdas.loop.training_records import DatasetPaper, NeedPaper, TrainingPaper, TrainingState
from lambdas.policies import Policies

_MOST_TRAININGS = 200
_AVERAGED = 3


@dataclass(frozen=True)
class Asked:
    """One look: at which line, for whom (None for the schedule), when (epoch ms)."""

    line: LinePaper
    by: str | None
    now_ms: int


@dataclass(frozen=True)
class Needs:
    """Looks whether a training is due.

    Attributes:
        ledger: Papers.
        answers: What people said.
        policies: The labels that a model knows.
        plan: What a job may cost.
        rules: When to train.
        fabs: Whose drift counts.
    """

    ledger: Ledger
    answers: Answers
    policies: Policies
    plan: JobPlan
    rules: TrainingRules
    fabs: tuple[str, ...]

    def look(self, asked: Asked, lacking: tuple[str, ...]) -> Need:
        """Decide whether to train, and keep why (not); `lacking` is what a job would want for, in words."""
        trainings = self.ledger.all(TrainingPaper, _MOST_TRAININGS)
        situation = replace(self._situation(asked, trainings), lacking=lacking)
        found = need(situation, self.rules)
        self._keep(
            NeedPaper(
                name=MODEL,
                looked_ms=asked.now_ms,
                due=found.due,
                reasons=found.reasons,
                new_labels=dict(sorted(situation.new_labels.items())),
                wanted=self.rules.wanted,
                next_run_ms=found.next_run_ms,
                spent_usd=situation.spent_usd,
                cap_usd=self.rules.cap_usd,
                estimated_cost_usd=estimated_usd(trainings),
            )
        )
        return found

    def cannot(self, why: str, now_ms: int) -> None:
        """Keep that there can be no training, and why."""
        paper = NeedPaper(
            name=MODEL,
            looked_ms=now_ms,
            due=False,
            reasons=(why,),
            new_labels={},
            wanted=self.rules.wanted,
        )
        self._keep(paper)

    def _situation(self, asked: Asked, trainings: Sequence[TrainingPaper]) -> Situation:
        line, now_ms = asked.line, asked.now_ms
        learned = next((each for each in trainings if _is_done(each)), None)
        dataset = self.ledger.read(DatasetPaper, learned.dataset) if learned else None
        since_ms = dataset.last_event_ms if dataset else 0
        started_ms = learned.started_ms if learned else self._begun_ms(line)
        failed = _failed_in_a_row(trainings)
        new_labels = self.answers.new_labels(since_ms, now_ms - SETTLE_MS)
        estimate = estimated_usd(trainings)
        return Situation(
            now_ms=now_ms,
            new_labels=new_labels,
            settled=sum(new_labels.values()) + (dataset.wafers if dataset else 0),
            known=frozenset(self.policies.of(line.current).labels),
            since_ms=started_ms,
            running=next((each.name for each in trainings[:1] if not has_ended(each)), None),
            rollout=line.rollout,
            failures=len(failed),
            failed_ms=(failed[0].ended_ms or failed[0].started_ms) if failed else 0,
            drift=self._drift(started_ms),
            spent_usd=_spent_usd(trainings, now_ms),
            estimate_usd=self.plan.most_usd if estimate is None else estimate,
            asked_by=asked.by,
        )

    def _begun_ms(self, line: LinePaper) -> int:
        first = self.ledger.read(ModelPaper, line.current)
        return first.created_ms if first else 0

    def _drift(self, since_ms: int) -> tuple[str, ...]:
        found = []
        for fab in self.fabs:
            paper = self.ledger.read(DriftPaper, fab)
            for alarm in paper.alarms if paper else ():
                at_ms = alarm.get("at_ms")
                if isinstance(at_ms, int) and at_ms > since_ms and can_be_learned(alarm):
                    found.append(f"{fab}: {alarm.get('detector')}, {alarm.get('what')}")
        return tuple(dict.fromkeys(found))

    def _keep(self, paper: NeedPaper) -> None:
        """Whoever looked at the same time has kept as good a paper."""
        known = self.ledger.read(NeedPaper, paper.name)
        if known is None:
            self.ledger.keep_new(paper)
        else:
            self.ledger.revise(paper.model_copy(update={"version": known.version}))


def estimated_usd(trainings: Sequence[TrainingPaper]) -> float | None:
    """Return what the next training will cost by the last ones that came to an end, None before the first."""
    costs = [each.cost_usd for each in trainings if _is_done(each) and each.cost_usd is not None]
    return sum(costs[:_AVERAGED]) / len(costs[:_AVERAGED]) if costs else None


def _is_done(training: TrainingPaper) -> bool:
    return training.state is TrainingState.COMPLETED


def _failed_in_a_row(trainings: Sequence[TrainingPaper]) -> list[TrainingPaper]:
    """A training that a person stopped is no failure, and none that a later one made good."""
    failed: list[TrainingPaper] = []
    for each in trainings:
        if _is_done(each):
            break
        if each.state in {TrainingState.FAILED, TrainingState.TIMED_OUT}:
            failed.append(each)
    return failed


def _spent_usd(trainings: Sequence[TrainingPaper], now_ms: int) -> float:
    """What has no bill yet counts by its estimate."""
    month = _month(now_ms)
    spent = (
        each.estimated_cost_usd if each.cost_usd is None and not has_ended(each) else each.cost_usd
        for each in trainings
        if _month(each.started_ms) == month
    )
    return round(sum(each or 0.0 for each in spent), 4)


def _month(at_ms: int) -> tuple[int, int]:
    at = datetime.fromtimestamp(at_ms / 1000, UTC)
    return at.year, at.month
