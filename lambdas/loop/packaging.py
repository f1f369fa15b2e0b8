"""A registered model -> what SageMaker's registry is told of it: figures, all that it came from, what became of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fabwafer.release import COMPARISON
from lambdas.loop.jobs import artefact_key
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import ModelPaper, ModelState
from lambdas.loop.training_records import DatasetPaper, TrainingPaper
from lambdas.stores.model_files import ModelBucket
from lambdas.stores.model_packages import Approvals

if TYPE_CHECKING:
    from mypy_boto3_sagemaker.literals import ModelApprovalStatusType

_APPROVAL: dict[ModelState, "ModelApprovalStatusType"] = {
    ModelState.REFUSED: "Rejected",
    ModelState.AWAITING: "PendingManualApproval",
    ModelState.APPROVED: "Approved",
    ModelState.REJECTED: "Rejected",
    ModelState.ROLLING_OUT: "Approved",
    ModelState.CURRENT: "Approved",
    ModelState.ROLLED_BACK: "Rejected",
    ModelState.RETIRED: "Approved",
}


@dataclass(frozen=True)
class Origin:
    """What a model came of: its training, the dataset, the ARN of the job, the image that the job ran in."""

    training: TrainingPaper
    dataset: DatasetPaper | None
    job_arn: str
    image: str


def figures_key(model: str) -> str:
    """Return where a model's figures lie in the models bucket."""
    return f"bundles/{model}/{COMPARISON}"


def tell_registry(
    approvals: Approvals, ledger: Ledger, model: str, why: Callable[[ModelPaper], str] | None = None
) -> None:
    """Say in the registry what a model's paper says, until that stands still: of two who tell, the later word stays.

    Takes sagemaker:UpdateModelPackage.

    Args:
        approvals: The registry.
        ledger: Where the paper is.
        model: name@version; the first one has no package.
        why: The paper -> why it says so; who decided, if left out.
    """
    told = None
    while (paper := ledger.read(ModelPaper, model)) is not None and paper.state is not told:
        if paper.package is not None:
            approvals.tell(paper.package, _APPROVAL[paper.state], (why or by_whom)(paper))
        told = paper.state


def by_whom(paper: ModelPaper) -> str:
    """Return who decided about a model, in words."""
    return f"{paper.state.value}: decided by {paper.decided_by or 'the release rule'}"


def package_request(paper: ModelPaper, origin: Origin, files: ModelBucket) -> dict[str, Any]:
    """Return a model's package, for `CreateModelPackage`."""
    training, dataset = origin.training, origin.dataset
    told = {
        "model": paper.name,
        "training": training.name,
        "dataset": training.dataset,
        "dataset_sha256": dataset.sha256 if dataset else None,
        "begun_from": paper.begun_from,
        "bundle": files.address(paper.key),
        "manifest_sha256": paper.manifest_sha256,
        "signing_key": paper.signing_key,
    }
    statistics = {
        "ContentType": "application/json",
        "S3Uri": files.address(figures_key(paper.name)),
    }
    artefact = files.address(artefact_key(training.job))
    return {
        "ModelPackageDescription": f"{paper.name}, of training {training.name}",
        "InferenceSpecification": {
            "Containers": [{"Image": origin.image, "ModelDataUrl": artefact}],
            "SupportedContentTypes": ["image/png"],
            "SupportedResponseMIMETypes": ["application/json"],
        },
        "ModelApprovalStatus": _APPROVAL[paper.state],
        "ModelMetrics": {"ModelQuality": {"Statistics": statistics}},
        "MetadataProperties": {"GeneratedBy": origin.job_arn},
        "CustomerMetadataProperties": {name: value for name, value in told.items() if value},
    }
