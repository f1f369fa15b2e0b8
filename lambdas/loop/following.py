"""A training that runs -> how its job fares, by SageMaker's word; an event is only a reason to look."""

from dataclasses import dataclass

from lambdas.loop.jobs import Price
from lambdas.loop.ledger import Ledger
from lambdas.loop.training_end import Endings, has_ended
from lambdas.loop.training_records import TrainingPaper, TrainingState
from lambdas.stores.training_jobs import JobStatus, TrainingJobs

_LINES = 20
_LINE_CHARACTERS = 300
_FAILURE_CHARACTERS = 1024
_UNDER_WAY = {"InProgress": TrainingState.RUNNING, "Stopping": TrainingState.STOPPING}


@dataclass(frozen=True)
class Follower:
    """Looks at jobs, and ends those trainings that came to nothing."""

    ledger: Ledger
    jobs: TrainingJobs
    endings: Endings
    price: Price

    def look(self, training: TrainingPaper, now_ms: int) -> tuple[TrainingPaper, JobStatus | None]:
        """Return a training as it is now; its job's status only if it completed, and is to be registered."""
        if has_ended(training):
            return self.endings.end(training.name, training.state, {}), None
        status = self.jobs.status(training.job)
        if status is None:
            return self._gone(training, now_ms), None
        if training.stopped_by is not None and status.state == "InProgress":
            self.jobs.stop(training.job)
            return training, None
        progress = tuple(
            line[:_LINE_CHARACTERS] for line in self.jobs.last_lines(training.job, _LINES)
        )
        state = _UNDER_WAY.get(status.state)
        if state is not None:
            return self._revised(training, state, progress), None
        changes = self.changes(status, now_ms) | {"progress": progress or training.progress}
        if status.state == "Completed":
            return self._revised(training, training.state, progress), status
        return self.endings.end(training.name, _end_of(status), changes), None

    def _gone(self, training: TrainingPaper, now_ms: int) -> TrainingPaper:
        """A training that was stopped before its job started has none."""
        if training.stopped_by is not None:
            return self.endings.end(training.name, TrainingState.STOPPED, {"ended_ms": now_ms})
        failure = {"ended_ms": now_ms, "failure": f"SageMaker knows no job {training.job}"}
        return self.endings.end(training.name, TrainingState.FAILED, failure)

    def changes(self, status: JobStatus, now_ms: int) -> dict[str, object]:
        """Return what a paper learns from a job that is over."""
        reason = status.failure or ("its time was up" if status.time_over else None)
        return {
            "ended_ms": status.ended_ms or now_ms,
            "failure": reason[:_FAILURE_CHARACTERS] if reason else None,
            "cost_usd": self.price.cost_usd(status.billable_s),
        }

    def _revised(
        self, training: TrainingPaper, state: TrainingState, progress: tuple[str, ...]
    ) -> TrainingPaper:
        """Whoever looked at the same time has kept as good a paper."""
        newer = training.model_copy(
            update={"state": state, "progress": progress or training.progress}
        )
        return training if newer == training else self.ledger.revise(newer) or training


def _end_of(status: JobStatus) -> TrainingState:
    if status.state == "Failed":
        return TrainingState.FAILED
    return TrainingState.TIMED_OUT if status.time_over else TrainingState.STOPPED
