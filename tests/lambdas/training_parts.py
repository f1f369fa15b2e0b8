"""The loop's training half on moto, with a SageMaker whose jobs end as a test says; people answer through the portal's API."""

import io
import json
import tarfile
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import boto3
from botocore.exceptions import ClientError
from botocore.validate import validate_parameters
from review_parts import ALWAYS_ONE, START_MS, Portal, make_portal

from fabwafer.bundle import read_bundle
from fabwafer.deeds import Deed
from fabwafer.history import Answer, Verdict
from fabwafer.release import Comparison, Cost, LabelWorth, Pair, Worth
from fabwafer.release_rule import ReleaseRules
from fabwafer.retraining import TrainingRules
from fabwafer.review import answer
from lambdas.loop.answers import Answers
from lambdas.loop.bundles import pack
from lambdas.loop.datasets import Builder
from lambdas.loop.following import Follower
from lambdas.loop.jobs import JobPlan, JobRequests, Price, artefact_key
from lambdas.loop.ledger import Ledger
from lambdas.loop.lineage import remember
from lambdas.loop.lines import FirstModel
from lambdas.loop.needs import Needs
from lambdas.loop.recents import Recents
from lambdas.loop.records import LinePaper, ModelPaper, Paper
from lambdas.loop.registering import Registrar
from lambdas.loop.signing import Signer
from lambdas.loop.training_end import Endings
from lambdas.loop.training_records import TrainingPaper
from lambdas.loop.trainings import Trainer
from lambdas.policies import Policies
from lambdas.stores import clients
from lambdas.stores.channels import AlertTopic, Parameters
from lambdas.stores.functions import AsyncFunction
from lambdas.stores.keys import SigningKey
from lambdas.stores.model_files import ModelBucket, PictureArchive
from lambdas.stores.model_packages import ModelPackages
from lambdas.stores.training_jobs import TrainingJobs
from lambdas.stores.wafers import WaferTable

FIRST = "wafer-map@1.1.0"
FIRST_KEY = f"bundles/{FIRST}/1/wafer-map.zip"
KNOWN = ("none", "Center", "Loc")
REGION = {"CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}}
HOUR_MS = 3_600_000


class FakeSageMaker:
    """Takes what SageMaker would take, and ends a job when a test says so."""

    def __init__(self) -> None:
        self.service = boto3.client("sagemaker", "eu-central-1").meta.service_model
        self.exceptions = boto3.client("sagemaker", "eu-central-1").exceptions
        self.jobs: dict[str, dict[str, Any]] = {}
        self.requests: list[dict[str, Any]] = []
        self.packages: list[dict[str, Any]] = []
        self.group_made = False
        self.refusal: tuple[str, str] | None = None

    def create_training_job(self, **request: Any) -> dict[str, str]:
        self._check("CreateTrainingJob", request)
        if self.refusal:
            raise self._error(*self.refusal)
        name = request["TrainingJobName"]
        if name in self.jobs:
            raise self.exceptions.ResourceInUse({"Error": {"Code": "ResourceInUse"}}, "Create")
        self.requests.append(request)
        arn = f"arn:aws:sagemaker:eu-central-1:123456789012:training-job/{name}"
        self.jobs[name] = {
            "TrainingJobArn": arn,
            "TrainingJobStatus": "InProgress",
            "SecondaryStatus": "Training",
            "ResourceConfig": request["ResourceConfig"],
        }
        return {"TrainingJobArn": arn}

    def describe_training_job(self, *, TrainingJobName: str) -> dict[str, Any]:  # noqa: N803
        if TrainingJobName not in self.jobs:
            raise self._error("ValidationException", "Requested resource not found.")
        return self.jobs[TrainingJobName]

    def stop_training_job(self, *, TrainingJobName: str) -> None:  # noqa: N803
        self.describe_training_job(TrainingJobName=TrainingJobName)
        self.jobs[TrainingJobName] |= {"TrainingJobStatus": "Stopping"}

    def create_model_package_group(self, **request: Any) -> None:
        self._check("CreateModelPackageGroup", request)
        if self.group_made:
            raise self._error("ValidationException", "Model Package Group already exists: x")
        self.group_made = True

    def create_model_package(self, **request: Any) -> dict[str, str]:
        self._check("CreateModelPackage", request)
        if not self.group_made:
            raise self._error("ValidationException", "ModelPackageGroup x does not exist.")
        self.packages.append(request)
        return {"ModelPackageArn": str(len(self.packages))}

    def list_model_packages(self, **request: Any) -> dict[str, Any]:
        self._check("ListModelPackages", request)
        if not self.group_made:
            raise self._error("ValidationException", "ModelPackageGroup x does not exist.")
        numbers = range(len(self.packages), 0, -1)
        return {"ModelPackageSummaryList": [{"ModelPackageArn": str(n)} for n in numbers]}

    def describe_model_package(self, *, ModelPackageName: str) -> dict[str, Any]:  # noqa: N803
        return self.packages[int(ModelPackageName) - 1]

    def end(self, status: str, secondary: str = "", **more: Any) -> None:
        """End the latest job."""
        job = self.jobs[self.requests[-1]["TrainingJobName"]]
        job |= {
            "TrainingJobStatus": status,
            "SecondaryStatus": secondary or status,
            "BillableTimeInSeconds": 1800,
            **more,
        }

    def _check(self, operation: str, request: dict[str, Any]) -> None:
        validate_parameters(request, self.service.operation_model(operation).input_shape)

    def _error(self, code: str, message: str) -> ClientError:
        return ClientError({"Error": {"Code": code, "Message": message}}, "operation")


@dataclass(frozen=True)
class Asked(AsyncFunction):
    """Remembers what a function was asked."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def send(self, event):
        self.events.append(dict(event))


@dataclass
class Loop:
    """Both functions, and all around them."""

    portal: Portal
    sagemaker: FakeSageMaker
    trainer: Trainer
    registrar: Registrar
    ledger: Ledger
    launched: list[str]
    subscriber: str
    key_id: str
    now_ms: int = START_MS

    def answers(self, label: str, count: int, *, by: str = "ann", **changes: Any) -> list[str]:
        """Have wafers come, be archived and settled, long enough ago to count."""
        items = []
        for n in range(count):
            said = {"imgid": f"{label}-{n:04}", "lot": f"{label}-{n // 2}"}
            item = self.portal.store(**({"timestamp": START_MS - 9_000} | said | changes))
            archive(item)
            self.answer(item, by, label)
            items.append(item)
        self.later(minutes=1)
        return items

    def enough(self) -> list[str]:
        """Have as many answers as start a training."""
        return self.answers("Loc", 2) + self.answers("Center", 2)

    def answer(self, item: str, by: str, *labels: str, batch: str | None = None) -> None:
        """Give an answer, as the API does."""
        work = self.portal.desk.work.read(item)
        version = work.review.version
        deed = Deed(f"{by}-{item}-{version}", by, version, self.now_ms, batch=batch)
        verdict = Verdict.LABELS if labels else Verdict.UNKNOWN
        given = Answer(verdict, tuple(sorted(labels)))
        change = answer(work.review, deed, given, work.question, self.portal.desk.rules)
        assert self.portal.desk.work.append(work, work.after(change.review), change.event)

    def later(self, *, minutes: float) -> None:
        self.now_ms += round(minutes * 60_000)
        self.portal.now_ms = self.now_ms

    def tick(self, by: str | None = None) -> str:
        return self.trainer.tick(by, self.now_ms)

    def register(self, number: str = "000001") -> str:
        return self.registrar.handle(number, self.now_ms)

    def complete(self, **changes: Any) -> str:
        """End the job with a candidate in its model folder; return the candidate's name."""
        request = self.sagemaker.requests[-1]
        model = f"wafer-map@{request['HyperParameters']['version']}"
        job = request["TrainingJobName"]
        clients.s3().put_object(
            Bucket="models",
            Key=artefact_key(job),
            Body=artefact(model, comparison(model, **changes)),
        )
        self.sagemaker.end("Completed")
        return model

    def papers(self, sort: type[Paper]) -> list[Any]:
        return self.ledger.all(sort)

    @property
    def training(self) -> TrainingPaper:
        return self.papers(TrainingPaper)[0]

    def model(self, name: str) -> ModelPaper | None:
        return self.ledger.read(ModelPaper, name)

    @property
    def line(self) -> LinePaper:
        return self.papers(LinePaper)[0]

    def notices(self) -> list[dict[str, Any]]:
        found = clients.sqs().receive_message(
            QueueUrl=self.subscriber, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        bodies = [json.loads(each["Body"]) for each in found.get("Messages", [])]
        return [json.loads(body["Message"]) for body in bodies]

    def keys(self, prefix: str = "") -> list[str]:
        found = clients.s3().list_objects_v2(Bucket="models", Prefix=prefix).get("Contents", [])
        return [each["Key"] for each in found]

    def read(self, key: str) -> bytes:
        return clients.s3().get_object(Bucket="models", Key=key)["Body"].read()


def archive(item: str, content: bytes = b"a picture") -> None:
    """Put the picture of a wafer where its prediction says."""
    imgid, _, timestamp = item.rpartition("~")
    found = clients.dynamodb().get_item(
        TableName="predictions", Key={"imgid": {"S": imgid}, "timestamp": {"N": timestamp}}
    )["Item"]
    clients.s3().put_object(
        Bucket="images",
        Key=found["image_key"]["S"],
        Body=content,
        Metadata={"sha256": sha256(content).hexdigest()},
    )


def bundle(folder, model: str, labels: tuple[str, ...] = KNOWN) -> bytes:
    """Write a bundle and return its zip."""
    name, version = model.split("@")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(model.encode())
    manifest = {
        "name": name,
        "version": version,
        "policy": {"model": model, "labels": labels, "accept": {"Loc": 0.9}},
        "files": {"model.onnx": sha256(model.encode()).hexdigest()},
        "metrics": {"promise": {"confidence": 0.95}},
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return pack(folder, read_bundle(folder))


def artefact(model: str, figures: Comparison | None, labels: tuple[str, ...] = KNOWN) -> bytes:
    """Return what SageMaker packs of a job's model folder."""
    name, version = model.split("@")
    manifest = {
        "name": name,
        "version": version,
        "policy": {"model": model, "labels": labels},
        "files": {"model.onnx": sha256(model.encode()).hexdigest()},
        "metrics": {"promise": {"confidence": 0.95}},
    }
    files = {
        "run/checkpoint.pt": b"weights",
        "bundle/model.onnx": model.encode(),
        "bundle/manifest.json": json.dumps(manifest).encode(),
    }
    if figures is not None:
        files["release.json"] = figures.model_dump_json().encode()
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive_:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive_.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def worth(macro_f1: float = 0.9, accuracy: float = 0.97, **recalls: float) -> Worth:
    """Return figures of 1,000 wafers, the recall of each label 0.9 unless told."""
    told = {"none": 0.99, "Center": 0.9, "Loc": 0.9} | recalls
    labels = {
        name: LabelWorth(
            wafers=700 if name == "none" else 150,
            called=150,
            recall=recall,
            precision=0.9 if recall else None,
            f1=recall,
        )
        for name, recall in told.items()
    }
    return Worth(
        wafers=1000,
        macro_f1=macro_f1,
        accuracy=accuracy,
        ece=0.005,
        accepted=0.95,
        escapes=0.01,
        labels=labels,
    )


def comparison(model: str, current: str = FIRST, **changes: Any) -> Comparison:
    """Return figures of a candidate that is a little better, unless told otherwise."""
    told = {
        "candidate": model,
        "current": current,
        "test": Pair(candidate=worth(0.91), current=worth()),
        "candidate_cost": Cost(size_bytes=1_000_000, latency_ms=1.0),
        "current_cost": Cost(size_bytes=1_000_000, latency_ms=1.0),
    }
    return Comparison(**(told | changes))


def make_loop(
    tmp_path,
    rules: TrainingRules | None = None,
    *,
    approval: bool = False,
    held_out: float = 0.0,
) -> Loop:
    """Create tables, buckets, key and topic, with a first model in place and base data there."""
    portal = make_portal(ALWAYS_ONE)
    clients.s3().create_bucket(Bucket="models", **REGION)
    for key in ("base/wafers.npz", "test/wafers.npz", "code/training.zip"):
        clients.s3().put_object(Bucket="models", Key=key, Body=b"data")
    clients.s3().put_object(Bucket="models", Key=FIRST_KEY, Body=bundle(tmp_path / "first", FIRST))
    policy = json.dumps({"model": FIRST, "labels": KNOWN})
    Parameters("/fabwafer/models").write("wafer-map/1.1.0", policy, "first")
    topic = clients.sns().create_topic(Name="notices")["TopicArn"]
    queue = clients.sqs().create_queue(QueueName="told")["QueueUrl"]
    clients.sns().subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-central-1:123456789012:told"
    )
    key_id = clients.kms().create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")[
        "KeyMetadata"
    ]["KeyId"]
    return _wired(portal, rules or RULES, topic, queue, key_id, approval, held_out)


RULES = TrainingRules(wanted=4, new_class=3, least=2, every_days=7, pause_h=24)


def _wired(portal, rules, topic, queue, key_id, approval, held_out) -> Loop:
    sagemaker = FakeSageMaker()
    fabs = ("faba", "fabb")
    papers, files = portal.desk.papers, ModelBucket("models")
    ledger, jobs = Ledger(papers), TrainingJobs(sagemaker)
    answers = Answers(portal.desk.work, fabs, held_out)
    recents = Recents(WaferTable("predictions"), PictureArchive("images"), fabs, 7, 50)
    plan = JobPlan(
        role_arn="arn:aws:iam::123456789012:role/training",
        image="registry/pytorch-training:tag",
        instance="ml.g5.xlarge",
        volume_gb=50,
        spot=True,
        most_runtime_s=7200,
        most_wait_s=14400,
        hyperparameters={"epochs": "4"},
        code_key="code/training.zip",
        price=Price(2.0, 1),
    )
    parameters = Parameters("/fabwafer/models")
    endings = Endings(ledger, AlertTopic(topic))
    follower = Follower(ledger, jobs, endings, plan.price)
    trainer = Trainer(
        ledger=ledger,
        files=files,
        first=FirstModel(FIRST, FIRST_KEY),
        needs=Needs(ledger, answers, Policies(parameters.read), plan, rules, fabs),
        builder=Builder(answers, recents, files),
        requests=JobRequests(plan, ledger, files),
        jobs=jobs,
        follower=follower,
        endings=endings,
        registrar=Asked("register_model", None),
        remember=lambda items, number: remember(papers, items, number),
        tend=lambda _: None,
    )
    launched: list[str] = []
    registrar = Registrar(
        ledger=ledger,
        files=files,
        follower=follower,
        endings=endings,
        signer=Signer(ledger, files, SigningKey(key_id)),
        policies=parameters,
        packages=ModelPackages("FabWaferWaferMap", sagemaker),
        launch=lambda model, _now_ms: launched.append(model),
        rules=ReleaseRules(),
        approval=approval,
        image=plan.image,
    )
    return Loop(portal, sagemaker, trainer, registrar, ledger, launched, queue, key_id)
