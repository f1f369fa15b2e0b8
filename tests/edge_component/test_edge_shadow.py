import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from edge_parts import Clock, write_bundle
from edge_signing import Signer

from edge_component.camera import WaferImage
from edge_component.classifier import Classifier
from edge_component.decider import Decider
from edge_component.health import Health
from edge_component.model_store import LoadedModel, ModelStore
from edge_component.outgoing import Addressing
from edge_component.patterns import generate_label
from edge_component.pictures import encode_dies
from edge_component.shadow import ShadowModel
from edge_component.workers import Worker
from fabwafer.errors import ContractError
from fabwafer.messages import Shadow

PICTURE = encode_dies(generate_label("Near-full", np.random.default_rng(1)))
PATIENT_S, BRIEF_S = 10.0, 0.05
CURRENT = "tiny@1"


@pytest.fixture
def signer() -> Signer:
    return Signer()


@pytest.fixture
def shadow(tmp_path: Path, health: Health, clock: Clock, signer: Signer) -> ShadowModel:
    return ShadowModel(tmp_path / "s", ModelStore(tmp_path, signer.keys), health, clock)


@pytest.fixture
def at_work(shadow: ShadowModel) -> Iterator[Callable[[], ShadowModel]]:
    """Start the shadow's thread."""
    worker = Worker("shadowing", shadow.step, Health())
    shadow.wake = worker.wake

    def begin() -> ShadowModel:
        worker.start()
        return shadow

    yield begin
    worker.stop()


class Odd:
    """A classifier that does what the test says."""

    def __init__(self, bundle: Path, act: Callable[[], None]) -> None:
        self.manifest = Classifier.load(bundle).manifest
        self._act = act

    def classify(self, _images: object) -> Any:
        self._act()
        raise ContractError("image", None, "luck")


@pytest.fixture
def replaced(shadow: ShadowModel, tmp_path: Path) -> Callable[[Callable[[], None]], ShadowModel]:
    """Put an odd classifier in the shadow's place."""

    def put(act: Callable[[], None]) -> ShadowModel:
        odd = Odd(write_bundle(tmp_path / "odd", version="2"), act)
        shadow._model = LoadedModel(odd)  # type: ignore[arg-type]
        return shadow

    return put


def looked(shadow: ShadowModel, clock: Clock) -> ShadowModel:
    clock.now += 10
    shadow.step(Event())
    return shadow


def test_it_tells_what_the_other_model_says_of_the_same_wafer(
    at_work: Callable[[], ShadowModel], signer: Signer, tmp_path: Path, health: Health
) -> None:
    signer.bundle(tmp_path / "s", 2)
    shadow = at_work()
    deadline = time.monotonic() + 10
    while health.shadow is None and time.monotonic() < deadline:
        time.sleep(0.01)
    told = shadow.ask(PICTURE, CURRENT, PATIENT_S)
    assert told is not None
    assert (told.model, told.prediction, told.refused) == ("tiny@2", "Near-full", None)
    assert told.edge_ms is not None and told.edge_ms > 0
    assert health.reasons == {}


def test_where_there_is_none_nobody_is_asked_and_nothing_is_wrong(
    shadow: ShadowModel, clock: Clock, health: Health
) -> None:
    assert looked(shadow, clock).ask(PICTURE, CURRENT, PATIENT_S) is None
    assert (health.reasons, health.shadow) == ({}, None)


def test_it_is_not_asked_beside_itself(
    shadow: ShadowModel, signer: Signer, tmp_path: Path, clock: Clock
) -> None:
    signer.bundle(tmp_path / "s", 2)
    assert looked(shadow, clock).ask(PICTURE, "tiny@2", PATIENT_S) is None


def test_it_comes_changes_and_goes_without_a_restart(
    shadow: ShadowModel, signer: Signer, tmp_path: Path, health: Health, clock: Clock
) -> None:
    seen = []
    link = tmp_path / "s"
    for serial in (2, 3):
        link.unlink(missing_ok=True)
        link.symlink_to(signer.bundle(tmp_path / f"bundle-{serial}", serial))
        looked(shadow, clock)
        seen.append(health.shadow)
    link.unlink()
    looked(shadow, clock)
    assert [*seen, health.shadow] == ["tiny@2", "tiny@3", None]
    assert health.reasons == {}


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda folder, _: write_bundle(folder), "expected a signature"),
        (lambda folder, _: Signer().bundle(folder, 9), "key: expected one of model_keys"),
        (lambda folder, signer: signer.bundle(folder, 1), "serial: expected 2 or more"),
        (
            lambda folder, signer: (signer.bundle(folder, 3) / "model.onnx").write_bytes(b"?"),
            "sha256",
        ),
    ],
    ids=["unsigned", "a stranger's", "superseded", "altered"],
)
def test_it_is_verified_as_the_model_in_use_is(
    shadow: ShadowModel,
    signer: Signer,
    tmp_path: Path,
    health: Health,
    clock: Clock,
    make: Callable[[Path, Signer], object],
    match: str,
) -> None:
    store = ModelStore(tmp_path, signer.keys)
    for serial in (1, 2):
        store.take_up(signer.bundle(tmp_path / "running", serial))
    for serial in (3, 2):  # so that 1 is not the one directly before
        store.take_up(signer.bundle(tmp_path / "running", serial))
    (tmp_path / "serials.json").write_text(
        (tmp_path / "serials.json").read_text().replace('"highest":3', '"highest":2')
    )
    make(tmp_path / "s", signer)
    looked(shadow, clock)
    assert health.shadow is None
    assert match in health.reasons["shadow"]


def test_one_that_is_refused_is_tried_again(
    shadow: ShadowModel, signer: Signer, tmp_path: Path, health: Health, clock: Clock
) -> None:
    write_bundle(tmp_path / "s", version="2")
    looked(shadow, clock)
    signer.sign(tmp_path / "s", 2, signed_model="tiny@2")
    looked(shadow, clock)
    assert (health.shadow, health.reasons) == ("tiny@2", {})


def test_it_leaves_no_trace_among_what_ran(
    shadow: ShadowModel, signer: Signer, tmp_path: Path, clock: Clock
) -> None:
    signer.bundle(tmp_path / "s", 5)
    looked(shadow, clock)
    assert not (tmp_path / "serials.json").exists()
    assert not (tmp_path / "model").exists()


def test_one_that_fails_costs_only_its_own_say(
    replaced: Callable[[Callable[[], None]], ShadowModel],
    at_work: Callable[[], ShadowModel],
    health: Health,
) -> None:
    shadow = replaced(lambda: None)
    shadow._look_at = float("inf")
    at_work()
    assert shadow.ask(PICTURE, CURRENT, PATIENT_S) is None
    shadow._tell()
    assert health.reasons == {
        "shadow": "wafers not shown to the shadow: image: expected luck, got None"
    }
    shadow._tell()
    assert health.reasons == {}


def test_one_that_hangs_delays_nobody_twice(
    replaced: Callable[[Callable[[], None]], ShadowModel],
    at_work: Callable[[], ShadowModel],
    health: Health,
) -> None:
    release = Event()
    shadow = replaced(lambda: release.wait(10) and None)
    at_work()
    spent_s = []
    for _ in range(2):
        begin = time.monotonic()
        assert shadow.ask(PICTURE, CURRENT, BRIEF_S) is None
        spent_s.append(time.monotonic() - begin)
    release.set()
    assert BRIEF_S <= spent_s[0] < 5
    assert spent_s[1] < BRIEF_S
    shadow._tell()
    assert "too slow" in health.reasons["shadow"]


class Asked:
    """A shadow that notes what it is asked."""

    def __init__(self) -> None:
        self.patience_s: list[float] = []
        self.skipped: list[str] = []

    def ask(self, _picture: bytes, beside: str, patience_s: float) -> Shadow:
        self.patience_s.append(patience_s)
        return Shadow(model="tiny@2", prediction=beside, probability=1.0)

    def skip(self, reason: str) -> None:
        self.skipped.append(reason)


@pytest.mark.parametrize("hurried", [False, True])
def test_with_a_backlog_the_shadow_is_not_asked(bundle: Path, hurried: bool) -> None:
    asked = Asked()
    model = LoadedModel(Classifier.load(bundle))
    decider = Decider(lambda: model, Addressing("faba", "camera1", 5000, 7000), asked)  # type: ignore[arg-type]
    image = WaferImage("c-1", 1, 1_700_000_000_000, PICTURE, "m1")
    decided = decider.decide(image, hurried=hurried)
    assert (decided.decision.shadow is None) is hurried
    assert (len(asked.patience_s), asked.skipped) == (
        (0, ["the camera is ahead"]) if hurried else (1, [])
    )


def test_a_question_that_its_model_left_does_not_block_the_next(
    shadow: ShadowModel, replaced: Callable[[Callable[[], None]], ShadowModel]
) -> None:
    replaced(lambda: None)
    waiting = Thread(target=lambda: shadow.ask(PICTURE, CURRENT, PATIENT_S))
    waiting.start()
    while shadow._question is None:
        time.sleep(0.001)
    shadow._model = None
    shadow.step(Event())
    waiting.join(5)
    assert not waiting.is_alive()
    assert shadow._question is None
