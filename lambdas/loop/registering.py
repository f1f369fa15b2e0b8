"""A finished training job -> a verdict; a candidate that passes is signed, gets its policy and a package, and goes on.

Every step may be done again: a fault costs a serial at most. The training is over only when all of them are done.
"""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fabwafer.bundle import MANIFEST
from fabwafer.errors import ConflictError, ContractError, FabWaferError
from fabwafer.release import Verdict
from fabwafer.release_rule import ReleaseRules, judge
from lambdas.loop.bundles import ZIP, pack
from lambdas.loop.candidates import Candidate, fetch_candidate
from lambdas.loop.following import Follower
from lambdas.loop.ledger import Ledger
from lambdas.loop.packaging import Origin, figures_key, package_request
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState
from lambdas.loop.signing import Signer
from lambdas.loop.training_end import Endings
from lambdas.loop.training_records import DatasetPaper, TrainingPaper, TrainingState
from lambdas.stores.channels import Parameters
from lambdas.stores.model_files import ModelBucket
from lambdas.stores.model_packages import ModelPackages
from lambdas.stores.training_jobs import JobStatus

_POLICY_BYTES = 4096
"""What a parameter of the standard tier holds."""
Launch = Callable[[str, int], object]
"""Starts the rollout of a model (name@version) at a time (epoch ms); again it starts nothing new."""


@dataclass(frozen=True)
class Registrar:
    """Registers candidates.

    Attributes:
        rules: What a candidate must be worth.
        approval: Whether a person decides about one that passes.
        image: The training image, which a package must name.
    """

    ledger: Ledger
    files: ModelBucket
    follower: Follower
    endings: Endings
    signer: Signer
    policies: Parameters
    packages: ModelPackages
    launch: Launch
    rules: ReleaseRules
    approval: bool
    image: str

    def handle(self, number: str, now_ms: int) -> str:
        """Bring a training to its end if its job is over; return what was done, in words."""
        training = self.ledger.read(TrainingPaper, number)
        if training is None:
            return f"{number} is no training"
        training, status = self.follower.look(training, now_ms)
        if status is not None:
            training = self._completed(training, status, now_ms)
        self._launch(training, now_ms)
        return f"{number} {training.state.value}"

    def _completed(self, training: TrainingPaper, status: JobStatus, now_ms: int) -> TrainingPaper:
        changes = self.follower.changes(status, now_ms)
        try:
            model = self._register(training, status, now_ms)
        except ConflictError:
            raise
        except FabWaferError as error:
            useless = changes | {"failure": f"its job left nothing of use: {error}"[:1024]}
            return self.endings.end(training.name, TrainingState.FAILED, useless)
        done = changes | {"model": model.name}
        return self.endings.end(training.name, TrainingState.COMPLETED, done)

    def _register(self, training: TrainingPaper, status: JobStatus, now_ms: int) -> ModelPaper:
        line = self.ledger.read(LinePaper, MODEL)
        if line is None:
            raise ContractError("line", None, f"the paper of {MODEL}")
        with tempfile.TemporaryDirectory() as scratch:
            candidate = fetch_candidate(self.files, training, Path(scratch))
            known = self._known(candidate, training)
            return known or self._new(candidate, training, status, line, now_ms)

    def _known(self, candidate: Candidate, training: TrainingPaper) -> ModelPaper | None:
        known = self.ledger.read(ModelPaper, candidate.manifest.model)
        if known is not None and known.training != training.name:
            raise ContractError("model", known.name, "a version that no other model has")
        return known

    def _new(
        self,
        candidate: Candidate,
        training: TrainingPaper,
        status: JobStatus,
        line: LinePaper,
        now_ms: int,
    ) -> ModelPaper:
        verdict = self._verdict(candidate, line)
        promise = candidate.manifest.metrics.get("promise")
        paper = ModelPaper(
            name=candidate.manifest.model,
            state=self._state(verdict),
            created_ms=now_ms,
            training=training.name,
            dataset=training.dataset,
            begun_from=line.current,
            key=f"bundles/{candidate.manifest.model}/refused/{ZIP}",
            manifest_sha256=_digest(candidate),
            comparison=candidate.comparison,
            verdict=verdict,
            promise=promise if isinstance(promise, dict) else {},
        )
        paper = self._kept(paper, candidate)
        dataset = self.ledger.read(DatasetPaper, training.dataset)
        origin = Origin(training, dataset, status.arn, self.image)
        package = self.packages.register(training.job, package_request(paper, origin, self.files))
        paper = paper.model_copy(update={"package": package})
        self.ledger.keep_new(paper)
        return self.ledger.read(ModelPaper, paper.name) or paper

    def _verdict(self, candidate: Candidate, line: LinePaper) -> Verdict:
        verdict = judge(candidate.comparison, self.rules, candidate.manifest.policy.normal)
        stale = candidate.comparison.stale(line.current)
        if stale is None:
            return verdict
        return Verdict(passed=False, reasons=(*verdict.reasons, stale))

    def _state(self, verdict: Verdict) -> ModelState:
        if not verdict.passed:
            return ModelState.REFUSED
        return ModelState.AWAITING if self.approval else ModelState.APPROVED

    def _kept(self, paper: ModelPaper, candidate: Candidate) -> ModelPaper:
        """Keep the bundle; one that is refused gets neither signature nor policy, so that no device may run it."""
        packed = pack(candidate.folder, candidate.manifest)
        figures = candidate.comparison.model_dump_json(indent=1).encode()
        self.files.put_new(figures_key(paper.name), figures, "application/json")
        if paper.state is ModelState.REFUSED:
            self.files.put_new(paper.key, packed, "application/zip")
            return paper
        policy = candidate.manifest.policy.model_dump_json(exclude_none=True)
        if len(policy.encode()) > _POLICY_BYTES:
            raise ContractError("policy", f"{len(policy)} bytes", f"at most {_POLICY_BYTES} bytes")
        self.policies.write(
            paper.name.replace("@", "/"), policy, f"Labels and thresholds of {paper.name}"
        )
        signed = self.signer.sign(packed)
        return paper.model_copy(update={"key": signed.key, "signing_key": signed.signature.key})

    def _launch(self, training: TrainingPaper, now_ms: int) -> None:
        """Start the rollout of an approved model; if another is under way, a later tick tries again; a stale one is refused.

        A refusal is told before it is kept: twice, if the function dies between, rather than never.
        """
        model = self.ledger.read(ModelPaper, training.model) if training.model else None
        line = self.ledger.read(LinePaper, MODEL)
        if model is None or line is None or model.state is not ModelState.APPROVED:
            return
        stale = model.comparison.stale(line.current) if model.comparison else None
        if stale is not None and line.rollout is None:
            self.endings.refused(training, model, stale)
        try:
            self.launch(model.name, now_ms)
        except ConflictError:
            latest = self.ledger.read(ModelPaper, model.name)
            if latest == model and line.rollout is None:
                raise


def _digest(candidate: Candidate) -> str:
    return hashlib.sha256((candidate.folder / MANIFEST).read_bytes()).hexdigest()
