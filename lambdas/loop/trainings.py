"""A tick, a person's wish -> at most one training job: claimed by its number, so that two who try start one.

The number after the latest training's is claimed only when that one has ended, by a paper that only one can keep. What
follows, the dataset's files, its paper, what its wafers are told and the job, belongs to whoever has the claim; a claim
without a paper of its dataset in the time a function may run is given up, and its number never used again. A dataset
whose job is not there yet is taken up again by any tick: its wafers may be told again, the job's name is its dataset's,
and SageMaker takes a name once.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fabwafer.errors import ConflictError, ContractError, FabWaferError
from lambdas.loop.datasets import Builder, Version
from lambdas.loop.following import Follower
from lambdas.loop.jobs import JobPlan, JobRequests, job_name
from lambdas.loop.ledger import Ledger
from lambdas.loop.lines import FirstModel, current_line
from lambdas.loop.needs import Asked, Needs, estimated_usd
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState
from lambdas.loop.training_end import Endings, has_ended
from lambdas.loop.training_records import DatasetPaper, TrainingPaper, TrainingState
from lambdas.stores.functions import AsyncFunction
from lambdas.stores.model_files import ModelBucket
from lambdas.stores.training_jobs import JobRefusedError, TrainingJobs

CLAIM_MS = 16 * 60_000
"""Longer than a function may run: who made an older claim is gone."""
_AVERAGED = 20
_ATTEMPTS = 8

Remember = Callable[[Iterable[str], str], None]
"""Keeps that a dataset (its number) holds these wafers."""
Tend = Callable[[int], None]
"""Sees at a time (epoch ms) to the rollout under way."""


@dataclass(frozen=True)
class Trainer:
    """Starts trainings and follows them."""

    ledger: Ledger
    files: ModelBucket
    first: FirstModel
    needs: Needs
    builder: Builder
    requests: JobRequests
    jobs: TrainingJobs
    follower: Follower
    endings: Endings
    registrar: AsyncFunction
    remember: Remember
    tend: Tend

    @property
    def plan(self) -> JobPlan:
        """Return what every job has in common."""
        return self.requests.plan

    def tick(self, by: str | None, now_ms: int) -> str:
        """Look at the training under way, or whether one is due, and start it; return what was done, in words.

        Args:
            by: The person who asks for a training, None for the schedule.
            now_ms: The time, epoch ms.
        """
        try:
            line = current_line(self.ledger, self.files, self.first, now_ms)
        except FabWaferError as error:
            self.needs.cannot(str(error), now_ms)
            return f"no line: {error}"
        followed = self.follow(now_ms)
        asked = Asked(line, by, now_ms)
        found = self.needs.look(asked, self.requests.lacking())
        return self._begin(asked, found.reasons) if found.due else followed

    def follow(self, now_ms: int) -> str:
        """Look at what is under way alone: the rollout; the latest training's job, its claim, its model."""
        self.tend(now_ms)
        latest = self._latest()
        if latest is None:
            return "no training"
        if latest.state is TrainingState.STARTING:
            return self._resume(latest, now_ms)
        training, completed = self.follower.look(latest, now_ms)
        if completed is not None or self._waits(training):
            self.registrar.send({"training": training.name})
            return f"{training.name} to be registered"
        return f"{training.name} {training.state.value}"

    def stop(self, number: str, by: str) -> str:
        """Ask a training's job to stop; one that has ended stays as it is.

        The wish is kept first: who is about to start the job reads it, and who looks at one that runs repeats it.

        Raises:
            ContractError: If there is no such training.
            ConflictError: If others were always faster.
        """
        wish = {"state": TrainingState.STOPPING, "stopped_by": by}
        version = 0
        for _ in range(_ATTEMPTS):
            training = self.ledger.read(TrainingPaper, number)
            if training is None:
                raise ContractError("stop", number, "the number of a training")
            version = training.version
            if has_ended(training):
                return f"{number} {training.state.value}"
            if self.ledger.revise(training.model_copy(update=wish)) is not None:
                self.jobs.stop(training.job)
                return f"{number} to be stopped for {by}"
        raise ConflictError("training", number, "a paper that stands still", version)

    def _latest(self) -> TrainingPaper | None:
        found = self.ledger.all(TrainingPaper, 1)
        return found[0] if found else None

    def _begin(self, asked: Asked, why: tuple[str, ...]) -> str:
        latest, now_ms = self._latest(), asked.now_ms
        if latest is not None and not has_ended(latest):
            return f"{latest.name} {latest.state.value}"
        number = f"{int(latest.name) + 1 if latest else 1:06}"
        datasets = self.ledger.all(DatasetPaper, 1)
        version = self.builder.build(number, datasets[0].name if datasets else None, now_ms)
        training = self._claim(version, asked, why)
        if training is None:
            return f"{number} is another's"
        self.builder.write(version)
        self.ledger.keep_new(version.paper)
        self.remember(version.items, number)
        return self._start(training, version.paper, asked.line, now_ms)

    def _claim(self, version: Version, asked: Asked, why: tuple[str, ...]) -> TrainingPaper | None:
        number = version.paper.name
        estimate = estimated_usd(self.ledger.all(TrainingPaper, _AVERAGED))
        training = TrainingPaper(
            name=number,
            job=job_name(number, version.paper.sha256),
            state=TrainingState.STARTING,
            why=why,
            by=asked.by,
            dataset=number,
            started_ms=asked.now_ms,
            estimated_cost_usd=self.plan.most_usd if estimate is None else estimate,
        )
        return training if self.ledger.keep_new(training) else None

    def _resume(self, training: TrainingPaper, now_ms: int) -> str:
        dataset = self.ledger.read(DatasetPaper, training.dataset)
        if dataset is not None:
            self.remember(self.builder.items(dataset), dataset.name)
            line = current_line(self.ledger, self.files, self.first, now_ms)
            return self._start(training, dataset, line, now_ms)
        if now_ms - training.started_ms < CLAIM_MS:
            return f"{training.name} is another's"
        given_up = {"ended_ms": now_ms, "failure": "its dataset was not written whole"}
        self.endings.end(training.name, TrainingState.FAILED, given_up)
        return f"{training.name} given up"

    def _start(
        self, training: TrainingPaper, dataset: DatasetPaper, line: LinePaper, now_ms: int
    ) -> str:
        latest = self.ledger.read(TrainingPaper, training.name) or training
        if has_ended(latest) or latest.stopped_by is not None:
            self.endings.end(training.name, TrainingState.STOPPED, {"ended_ms": now_ms})
            return f"{training.name} not started: {latest.stopped_by} stopped it"
        try:
            self.jobs.start(self.requests.request(training, dataset, line))
        except (JobRefusedError, ContractError) as error:
            refused = {"ended_ms": now_ms, "failure": str(error)[:1024]}
            self.endings.end(training.name, TrainingState.FAILED, refused)
            return f"{training.name} refused: {error}"
        self.ledger.revise(training.model_copy(update={"state": TrainingState.RUNNING}))
        return f"{training.name} started"

    def _waits(self, training: TrainingPaper) -> bool:
        """An approved model whose rollout did not start, for one was under way or the function died."""
        model = self.ledger.read(ModelPaper, training.model) if training.model else None
        if model is None or model.state is not ModelState.APPROVED:
            return False
        line = self.ledger.read(LinePaper, MODEL)
        return line is not None and line.rollout is None
