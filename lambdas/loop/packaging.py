"""A registered model -> what SageMaker's registry is told of it: figures, and all that it came from."""

from dataclasses import dataclass
from typing import Any

from fabwafer.release import COMPARISON
from lambdas.loop.jobs import artefact_key
from lambdas.loop.records import DatasetPaper, ModelPaper, ModelState, TrainingPaper
from lambdas.stores.model_files import ModelBucket

_APPROVAL = {
    ModelState.REFUSED: "Rejected",
    ModelState.AWAITING: "PendingManualApproval",
    ModelState.APPROVED: "Approved",
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
