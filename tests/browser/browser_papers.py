"""A loop under way, as its papers tell it: something on every screen of models and machines."""

import time

from browser_drift import drift_paper

from fabwafer.labels import WM811K
from fabwafer.messages import Heartbeat
from fabwafer.release import Comparison, Cost, LabelWorth, Pair, Replay, Routed, Verdict, Worth
from lambdas.loop.figures import GuardFigures, StageFigures, WaferFigures
from lambdas.loop.ledger import Ledger
from lambdas.loop.records import MODEL, LinePaper, ModelPaper, ModelState, Paper
from lambdas.loop.rollout_records import RolloutPaper, Stage, StageLog
from lambdas.loop.training_records import DatasetPaper, NeedPaper, TrainingPaper, TrainingState
from lambdas.records import camera_item
from lambdas.stores.papers import PaperTable
from lambdas.stores.tables import CameraTable
from sandbox.cloud import Cloud

OLD, NEW = "wafer-map@1.2.0", "wafer-map@1.3.1"
_SHA = "ab" * 32
_MINUTE_MS = 60_000


def keep_loop(cloud: Cloud, fab: str) -> None:
    """Keep a candidate in its canary ring, what it learned from, what drifts, and the heartbeats."""
    now_ms = time.time_ns() // 1_000_000
    dynamodb = cloud.emulator.client("dynamodb")
    ledger = Ledger(PaperTable(cloud.outputs["PapersTable"], dynamodb))
    for paper in (*_papers(now_ms, fab), drift_paper(fab, OLD, now_ms)):
        assert ledger.keep_new(paper)
    cameras = CameraTable(cloud.outputs["CamerasTable"], dynamodb)
    for number in (1, 2, 3):
        beat = Heartbeat.of(
            fab=fab,
            camera=f"camera{number}",
            timestamp=now_ms,
            version="0.1.0",
            uptime_s=3600.0 * number,
            model=NEW if number == 1 else OLD,
            serial=2 if number == 1 else 1,
            degraded=["outbox: 12 messages wait"] if number == 3 else [],
            outbox_messages=12 * (number == 3),
            classified=1000 * number,
            last_wafer=now_ms - 5000,
            disk_free_bytes=8_000_000_000,
            temperature_c=51.5,
        )
        assert cameras.put_newer(camera_item(beat, now_ms))


def _papers(now_ms: int, fab: str) -> list[Paper]:
    began_ms = now_ms - 60 * _MINUTE_MS
    return [
        LinePaper(name=MODEL, current=OLD, serial=2, rollout="000001"),
        _model(OLD, ModelState.CURRENT, began_ms - 9000 * _MINUTE_MS),
        _model(
            NEW,
            ModelState.ROLLING_OUT,
            began_ms,
            training="000001",
            dataset="000001",
            begun_from=OLD,
            comparison=_comparison(fab, now_ms),
            verdict=Verdict(passed=True),
        ),
        DatasetPaper(
            name="000001",
            created_ms=began_ms,
            key="datasets/000001/manifest.jsonl",
            sha256=_SHA,
            labels={"Donut": 60, "Loc": 45, "none": 80},
            reviewers={"rita": 120, "rolf": 65},
            conflicting=3,
            unsettled=4,
            excluded={"bad image": 2},
            last_event_ms=began_ms,
        ),
        TrainingPaper(
            name="000001",
            job="fabwafer-000001-abcdefabcdef",
            state=TrainingState.COMPLETED,
            why=("185 new labels, 150 wanted",),
            dataset="000001",
            started_ms=began_ms,
            ended_ms=began_ms + 20 * _MINUTE_MS,
            progress=("epoch 4/4: done",),
            model=NEW,
            cost_usd=0.42,
        ),
        NeedPaper(
            name=MODEL,
            looked_ms=now_ms,
            due=False,
            reasons=("a rollout is under way", "needs 120 more labels: 30 new, 150 wanted"),
            new_labels={"Loc": 20, "Scratch": 10},
            wanted=150,
            next_run_ms=now_ms + 3 * 24 * 60 * _MINUTE_MS,
            spent_usd=0.42,
            cap_usd=20.0,
            estimated_cost_usd=0.42,
        ),
        RolloutPaper(
            name="000001",
            model=NEW,
            previous=OLD,
            stage=Stage.CANARY,
            serial=2,
            component_version="2.0.0",
            started_ms=began_ms + 21 * _MINUTE_MS,
            stages=(
                _stage(Stage.SHADOW, began_ms + 21 * _MINUTE_MS, began_ms + 40 * _MINUTE_MS),
                _stage(Stage.CANARY, began_ms + 40 * _MINUTE_MS, None),
            ),
        ),
    ]


def _model(name: str, state: ModelState, created_ms: int, **more: object) -> ModelPaper:
    told = {
        "name": name,
        "state": state,
        "created_ms": created_ms,
        "key": f"bundles/{name}/1/wafer-map.zip",
        "manifest_sha256": _SHA,
        "signing_key": _SHA,
    }
    return ModelPaper.model_validate(told | more)


def _comparison(fab: str, now_ms: int) -> Comparison:
    changed: dict[str, str | float] = {
        "item": f"{fab}-0003~{now_ms - _MINUTE_MS + 3}",
        "fab": fab,
        "camera": "camera1",
        "current": "none",
        "candidate": "Scratch",
        "probability": 0.93,
    }
    return Comparison(
        candidate=NEW,
        current=OLD,
        test=Pair(candidate=_worth(0.92), current=_worth(0.9)),
        replay=Replay(
            wafers=1000,
            candidate=Routed(alerts=61, reviews=40, refused=0, by_label={"Scratch": 61}),
            current=Routed(alerts=55, reviews=48, refused=0, by_label={"Scratch": 55}),
            changed=7,
            examples=(changed,),
        ),
        candidate_cost=Cost(size_bytes=1_240_000, latency_ms=0.7),
        current_cost=Cost(size_bytes=1_240_000, latency_ms=0.7),
    )


def _worth(f1: float) -> Worth:
    each = LabelWorth(wafers=40, called=38, recall=f1, precision=f1, f1=f1)
    return Worth(
        wafers=2000,
        macro_f1=f1,
        accuracy=0.98,
        ece=0.003,
        accepted=0.95,
        escapes=0.012,
        labels=dict.fromkeys(WM811K.names, each),
    )


def _stage(stage: Stage, entered_ms: int, left_ms: int | None) -> StageLog:
    seen = WaferFigures(
        wafers=140,
        labels={"none": 120, "Loc": 12, "Donut": 8},
        labels_current={"none": 122, "Loc": 18},
        reviews=0.05,
        alerts=0.12,
        agreement=0.94,
        edge_ms=0.8,
    )
    guard = GuardFigures(
        name="reviews", wafers=140, rate=0.05, expected=0.05, limit=0.2, wealth=1.2, needed=200
    )
    figures = StageFigures(state="140 of 200 wafers", wanted=200, seen=seen, guards=(guard,))
    outcome = None if left_ms is None else "go on"
    return StageLog(
        stage=stage, entered_ms=entered_ms, left_ms=left_ms, outcome=outcome, figures=figures.kept
    )
