"""A rollout on moto's tables and a stand-in for Greengrass, with cameras that predict and beat as a test says."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError
from fake_greengrass import MODEL, RECIPE, FakeGreengrass
from review_parts import START_MS, make_portal
from training_parts import FIRST, FIRST_KEY, REGION, bundle, comparison

from fabwafer.history import Answer, Reading, Verdict
from fabwafer.messages import Heartbeat, Prediction
from fabwafer.release import Comparison
from fabwafer.triage import Decision, ReviewReason, review_request
from lambdas.loop.launching import LaunchDesk, launch
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL as LINE
from lambdas.loop.records import LinePaper, ModelPaper, ModelState
from lambdas.loop.rollout_records import RolloutPaper, Stage, Wish
from lambdas.loop.rollouts import Roller
from lambdas.policies import Policies
from lambdas.records import camera_item, prediction_item, review_item
from lambdas.release_model import roller_of
from lambdas.settings import ReleaseModelSettings
from lambdas.stores import clients
from lambdas.stores.executions import Executions
from lambdas.stores.model_packages import Approvals
from lambdas.stores.papers import PaperTable
from lambdas.stores.values import serialized
from lambdas.work_records import work_of

SECOND = "wafer-map@1.2.0"
CANARY, EARLY, EVERYONE = "FabWaferModelCanary", "FabWaferModelEarly", "FabWaferModelEveryone"
THINGS = {
    CANARY: ("faba--camera1", "fabb--camera1"),
    EARLY: ("faba--camera2",),
    EVERYONE: ("faba--camera3",),
}
WAFERS, LONGEST_S, SILENT_S, POLL_S = 40, 3600, 600, 60
ACCOUNT = "eu-central-1:123456789012"


@dataclass(frozen=True)
class Started(Executions):
    """Remembers which executions were started, each name once."""

    names: dict[str, str] = field(default_factory=dict)

    def start(self, name, body):
        self.names.setdefault(name, body)


@dataclass(frozen=True)
class OutOfOrder(Executions):
    """A Step Functions that answers nobody."""

    def start(self, name, body):
        raise ClientError({"Error": {"Code": "InternalServerError", "Message": name}}, body)


@dataclass(frozen=True)
class Registry(Approvals):
    """Remembers what was said of each package last."""

    client: None = None
    told: dict[str, tuple[str, str]] = field(default_factory=dict)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    """What happens before it answers, call by call."""

    def tell(self, arn, approval, why):
        if self.meanwhile:
            self.meanwhile.pop(0)()
        self.told[arn] = (approval, why)


@dataclass
class Fleet:
    """A rollout under way, its devices, and the time."""

    roller: Roller
    greengrass: FakeGreengrass
    ledger: Ledger
    executions: Started
    subscriber: str
    now_ms: int = START_MS
    number: str = "000001"
    wafers: int = 0
    obeys: bool = True
    """Whether devices that are online take up the way back at once."""

    def launch(self, model: str = SECOND) -> RolloutPaper:
        return launch(LaunchDesk(self.ledger, self.executions), model, self.now_ms)

    def step(self, after_s: float = 1) -> int | None:
        self.now_ms += round(after_s * 1000)
        wait_s = self.roller.step(self.number, self.now_ms)
        if self.obeys and self.paper.stage in (Stage.ROLLED_BACK, Stage.ABORTED):
            self._come_off()
        return wait_s

    def _come_off(self) -> None:
        """Have the devices that were heard of lately say that they run the model before."""
        cameras = self.roller.watcher.cameras
        for row in [row for fab in ("faba", "fabb") for row in cameras.of_fab(fab)]:
            is_online = self.now_ms - int(row["received_ms"]) <= SILENT_S * 1000
            if is_online and self.paper.model in (row["model"], row.get("shadow")):
                self.beat(f"{row['fab']}--{row['camera']}", model=self.paper.previous)

    def steps(self, most: int = 30, after_s: float = 1) -> None:
        """Take steps until the rollout has to wait for its devices, or is over."""
        for _ in range(most):
            wait_s = self.step(after_s)
            if wait_s is None or wait_s == POLL_S:
                return

    @property
    def paper(self) -> RolloutPaper:
        return self.ledger.read(RolloutPaper, self.number)

    @property
    def stage(self) -> str:
        return self.paper.stage.value

    @property
    def line(self) -> LinePaper:
        return self.ledger.read(LinePaper, LINE)

    def state(self, model: str) -> str:
        return self.ledger.read(ModelPaper, model).state.value

    @property
    def registered(self) -> dict[str, tuple[str, str]]:
        """What SageMaker's registry was told last, by package."""
        return self.roller.ending.approvals.told

    @property
    def figures(self) -> dict[str, Any]:
        return self.paper.stages[-1].figures

    def wish(self, wish: Wish) -> None:
        self.ledger.revise(self.paper.model_copy(update={"wish": wish, "wished_by": "ann"}))

    def beat(self, thing: str, **changes: Any) -> None:
        """Have a device's last heartbeat arrive now."""
        fab, camera = thing.split("--")
        told = {"timestamp": self.now_ms, "version": "0.1.0", "uptime_s": 3600.0, "model": FIRST}
        heartbeat = Heartbeat.of(fab=fab, camera=camera, **(told | changes))
        _put("cameras", [camera_item(heartbeat, self.now_ms)])

    def beat_all(self, group: str, **changes: Any) -> None:
        for thing in THINGS[group]:
            self.beat(thing, **changes)

    def join(self, thing: str, group: str) -> None:
        """Have another device in a ring."""
        clients.iot().create_thing(thingName=thing)
        clients.iot().add_thing_to_thing_group(thingGroupName=group, thingName=thing)

    def take_up(self, group: str, **changes: Any) -> None:
        """Have a ring's devices report that they have what was deployed to it last."""
        [*_, latest] = self.greengrass.to(group)
        beside = self.stage == "shadow"
        runs = {"shadow": SECOND} if beside else {"model": SECOND, "uptime_s": 5.0}
        for thing in THINGS[group]:
            self.greengrass.on_devices.setdefault(thing, {})[latest] = "SUCCEEDED"
            self.beat(thing, **(runs | changes))

    def play(self, count: int, group: str = CANARY, **changes: Any) -> list[str]:
        """Have a ring's cameras decide wafers, one after the other; every tenth is a sure Loc."""
        rows, items = [], []
        for n in range(count):
            self.wafers += 1
            fab, camera = THINGS[group][n % len(THINGS[group])].split("--")
            said = {"prediction": "Loc" if n % 10 == 0 else "none", "probability": 0.97}
            said |= {"model": FIRST, "edge_ms": 8.0, "timestamp": self.now_ms}
            told = {name: each(said) if callable(each) else each for name, each in changes.items()}
            wafer = Prediction.of(
                fab=fab,
                camera=camera,
                imgid=f"w{self.wafers:05}",
                **(said | told),
            )
            decision = Decision(alert=False, review=None)
            rows.append(prediction_item(wafer, decision, "d", self.now_ms, self.now_ms))
            items.append(wafer)
        _put("predictions", rows)
        return items

    def shown(self, count: int, behind_ms: int = 0, **said: Any) -> list[Prediction]:
        """Have the canaries' cameras decide wafers while the candidate says the same, unless told otherwise."""
        return self.play(count, shadow=_same(SECOND, said), timestamp=self.now_ms - behind_ms)

    def beside(self, count: int, **said: Any) -> list[Prediction]:
        """Have the canaries' candidate decide wafers while the model before says the same, unless told otherwise."""
        return self.play(count, model=SECOND, shadow=_same(FIRST, said))

    def settle(self, wafer: Prediction, label: str) -> None:
        """Have a person answer about a wafer."""
        request = review_request(wafer, ReviewReason.AUDIT)
        work = work_of(review_item(request, Decimal("0.5"), self.now_ms))
        reading = Reading("ann", Answer(Verdict.LABELS, (label,)), self.now_ms, 1)
        _put("reviews", [work.after(replace(work.review, readings=(reading,))).row])

    def through_shadow(self) -> None:
        """Launch, and have the candidate agree with the model in use until it is the canaries'."""
        self.launch()
        self.steps()
        self.take_up(CANARY)
        self.shown(WAFERS)
        self.steps()

    def through_canary(self) -> None:
        self.through_shadow()
        self.now_ms += 30_000
        self.take_up(CANARY)
        self.play(WAFERS, model=SECOND)
        self.steps()

    def through_early(self) -> None:
        self.through_canary()
        self.take_up(EARLY)
        self.play(WAFERS, EARLY, model=SECOND)
        self.steps()

    def told(self) -> list[dict[str, Any]]:
        """Return the notices that were sent since the last call."""
        found = clients.sqs().receive_message(
            QueueUrl=self.subscriber, MaxNumberOfMessages=10, WaitTimeSeconds=0
        )
        bodies = [json.loads(each["Body"])["Message"] for each in found.get("Messages", [])]
        return [json.loads(body) for body in bodies]


def _same(model: str, said: dict[str, Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda decided: {
        "model": model,
        "prediction": decided["prediction"],
        "probability": 0.97,
        "edge_ms": 9.0,
        **said,
    }


def make_fleet(tmp_path, figures: Comparison | None = None) -> Fleet:
    """Create tables, buckets, key, topic and groups; a first model runs everywhere, a second one is approved."""
    make_portal()
    clients.s3().create_bucket(Bucket="models", **REGION)
    second_key = f"bundles/{SECOND}/2/wafer-map.zip"
    for name, key in ((FIRST, FIRST_KEY), (SECOND, second_key)):
        clients.s3().put_object(Bucket="models", Key=key, Body=bundle(tmp_path / name, name))
    topic = clients.sns().create_topic(Name="notices")["TopicArn"]
    queue = clients.sqs().create_queue(QueueName="told")["QueueUrl"]
    clients.sns().subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{ACCOUNT}:told")
    key_id = clients.kms().create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")[
        "KeyMetadata"
    ]["KeyId"]
    for group in THINGS:
        clients.iot().create_thing_group(thingGroupName=group)
    ledger = Ledger(PaperTable("papers"))
    ledger.keep_new(LinePaper(name=LINE, current=FIRST, serial=2))
    ledger.keep_new(_model(FIRST, FIRST_KEY, ModelState.CURRENT))
    second = _model(SECOND, second_key, ModelState.APPROVED)
    ledger.keep_new(second.model_copy(update={"comparison": figures or comparison(SECOND)}))
    greengrass = FakeGreengrass()
    _deploy_first(greengrass)
    roller = _with(roller_of(_settings(topic, key_id)), greengrass)
    fleet = Fleet(roller, greengrass, ledger, Started("machine"), queue)
    for group, things in THINGS.items():
        for thing in things:
            fleet.join(thing, group)
    return fleet


def with_wafers(roller: Roller, wanted: int) -> Roller:
    """Return the same with stages that take so many wafers."""
    rules = {
        stage: replace(rule, wanted=wanted, least=wanted // 2)
        for stage, rule in roller.watcher.rules.items()
    }
    return replace(roller, watcher=replace(roller.watcher, rules=rules))


def _settings(topic: str, key_id: str) -> ReleaseModelSettings:
    return ReleaseModelSettings(
        papers_table="papers",
        predictions_table="predictions",
        reviews_table="reviews",
        cameras_table="cameras",
        models_bucket="models",
        signing_key=key_id,
        notices_topic_arn=topic,
        rollout_machine_arn="machine",
        thing_groups_arn=f"arn:aws:iot:{ACCOUNT}:thinggroup",
        components_arn=f"arn:aws:greengrass:{ACCOUNT}:components",
        canary_group=CANARY,
        early_group=EARLY,
        everyone_group=EVERYONE,
        model_component=MODEL,
        shadow_component="com.fabwafer.ShadowModel",
        rollout_poll_s=POLL_S,
        rollout_shadow_wafers=WAFERS,
        rollout_canary_wafers=WAFERS,
        rollout_early_wafers=WAFERS,
        rollout_everyone_wafers=WAFERS,
        rollout_stage_s=LONGEST_S,
        rollout_silent_s=SILENT_S,
    )


def _with(roller: Roller, greengrass: FakeGreengrass) -> Roller:
    """Return the same with the stand-in in the place of Greengrass."""
    fleet = replace(roller.deployer.fleet, client=greengrass)
    deployer = replace(roller.deployer, fleet=fleet)
    sighter = replace(roller.watcher.sighter, policies=Policies(lambda _: None))
    return replace(
        roller,
        deployer=deployer,
        watcher=replace(roller.watcher, fleet=fleet, sighter=sighter),
        ending=replace(
            roller.ending,
            way_back=replace(roller.ending.way_back, deployer=deployer),
            approvals=Registry(),
        ),
    )


def _deploy_first(greengrass: FakeGreengrass) -> None:
    """What CDK does: one version everywhere, in one group beside a component of somebody else's."""
    greengrass.create_component_version(
        inlineRecipe=json.dumps(RECIPE).encode(), clientToken="first"
    )
    others = {"com.example.Logs": {"componentVersion": "3.0.0"}}
    for group in THINGS:
        greengrass.create_deployment(
            targetArn=f"arn:aws:iot:{ACCOUNT}:thinggroup/{group}",
            components={
                MODEL: {"componentVersion": "1.1.0"},
                **(others if group == CANARY else {}),
            },
            clientToken=f"first-{group}",
        )


def _model(name: str, key: str, state: ModelState) -> ModelPaper:
    return ModelPaper(
        name=name,
        state=state,
        created_ms=START_MS,
        key=key,
        manifest_sha256="0" * 64,
        package=None if name == FIRST else f"arn:{name}",
    )


def _put(table: str, rows: list[dict[str, Any]]) -> None:
    for start in range(0, len(rows), 25):
        some = [{"PutRequest": {"Item": serialized(row)}} for row in rows[start : start + 25]]
        clients.dynamodb().batch_write_item(RequestItems={table: some})
