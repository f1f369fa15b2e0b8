"""Settings -> a running component: its parts wired, its threads, its heartbeat."""

import sqlite3
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path

from edge_component.camera import Camera
from edge_component.capture import Capture
from edge_component.config import FolderSource, MqttPublisher, Settings, SimulatorSource
from edge_component.current_model import CurrentModel
from edge_component.database import heal
from edge_component.decider import Decider
from edge_component.folder import FolderCamera
from edge_component.health import Health
from edge_component.heart import Heart
from edge_component.ipc import TokenRefusedError
from edge_component.journal import Journal
from edge_component.model_store import ModelStore
from edge_component.mqtt import MqttConnection
from edge_component.outbox import Outbox
from edge_component.outgoing import Addressing
from edge_component.publisher import Delivery, Pace, Publisher
from edge_component.s3 import S3, Uploads
from edge_component.shadow import ShadowModel
from edge_component.simulator import Simulator
from edge_component.trust import Keys, public_key
from edge_component.v4l2 import VideoCamera
from edge_component.workers import Worker

_JOIN_S = 6.0
_PARTS = (
    "camera", "capture", "clock", "delivery", "files", "heartbeat", "image", "model", "mqtt", "outbox", "publish",
    "shadow", "shadowing", "status", "upload", "uploads",
)  # fmt: skip


class State(StrEnum):
    """How a running component fares."""

    RUNNING = "running"
    DONE = "done"
    DAMAGED = "damaged"
    REFUSED = "refused"


class Component:
    """Everything that one configuration sets up; another configuration gets another component."""

    def __init__(self, settings: Settings, nucleus: Publisher | None, health: Health) -> None:
        """Wire the parts.

        Args:
            settings: The configuration.
            nucleus: The connection to Greengrass, where there is one.
            health: Told by all parts.

        Raises:
            OSError: If the state folder or the source cannot be read.
            sqlite3.Error: If the outbox cannot be opened.
        """
        self._settings = settings
        self._health = health
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        path = settings.state_dir / "outbox.db"
        if problem := heal(path):
            health.degrade("damage", problem)
        self._outboxes: list[Outbox] = []
        try:
            self._wire(path, nucleus)
        except BaseException:
            self._close_outboxes()
            raise

    def _open(self, path: Path, *, durable: bool) -> Outbox:
        outbox = Outbox(path, self._settings.outbox_limit_bytes, durable=durable)
        self._outboxes.append(outbox)
        return outbox

    def _wire(self, path: Path, nucleus: Publisher | None) -> None:
        settings, health = self._settings, self._health
        self._publisher = _publisher(settings, nucleus, health)
        self._own_publisher = self._publisher is not nucleus
        captured = self._open(path, durable=True)
        self._reader = self._open(path, durable=False)
        self._camera = _camera(settings, captured, health)
        delivery = Delivery(
            self._open(path, durable=False),
            self._publisher,
            health,
            Pace(settings.messages_per_s),
        )
        delivering = Worker("delivery", delivery.step, health)
        self._journal = self._open_journal(path)
        keys = Keys([public_key(key) for key in settings.model_keys])
        store = ModelStore(settings.state_dir, keys, settings.threads)
        model = CurrentModel(settings.model_dir, store, health)
        shadow = self._open_shadow(store)

        def committed() -> None:
            delivering.wake()
            if self._journal:
                self._journal.flush()

        capture = Capture(
            self._camera,
            Decider(model.get, _addressing(settings, self._publisher), shadow),
            captured,
            health,
            committed,
        )
        self._workers = [Worker("capture", capture.step, health), delivering]
        if settings.images_bucket:
            uploads = Uploads(self._open(path, durable=False), S3(), health)
            self._workers.append(Worker("uploads", uploads.step, health))
        heart = Heart(settings, self._publisher, health, self._open(path, durable=False))
        self._workers.append(Worker("heartbeat", heart.step, health))

    def _open_shadow(self, store: ModelStore) -> ShadowModel | None:
        self._shadowing: Worker | None = None
        if self._settings.shadow_dir is None:
            return None
        shadow = ShadowModel(self._settings.shadow_dir, store, self._health)
        self._shadowing = Worker("shadowing", shadow.step, self._health)
        shadow.wake = self._shadowing.wake
        return shadow

    def _open_journal(self, path: Path) -> Journal | None:
        if self._settings.journal is None:
            return None
        return Journal(self._settings.journal, self._open(path, durable=False))

    def start(self) -> None:
        """Begin."""
        for worker in (*self._workers, self._shadowing):
            if worker:
                worker.start()

    def state(self) -> State:
        """Return how the component fares."""
        for worker in self._workers:
            if isinstance(worker.fatal, TokenRefusedError):
                return State.REFUSED
            if worker.fatal is not None:
                return State.DAMAGED
        return State.DONE if self._is_done() else State.RUNNING

    def _is_done(self) -> bool:
        if not self._settings.exit_when_done or not self._camera.exhausted:
            return False
        with suppress(sqlite3.Error):
            return self._reader.backlog().messages == 0
        return False

    def stop(self) -> bool:
        """End within seconds, what is not acknowledged staying in the outbox; return whether all parts have."""
        for worker in self._workers:
            worker.stop()
        if self._shadowing:
            self._shadowing.stop()  # not waited for: nothing that is closed here is in its hands
        deadline = time.monotonic() + _JOIN_S
        ended = [worker.join(max(0.0, deadline - time.monotonic())) for worker in self._workers]
        if not all(ended):
            return False  # nothing is closed under the hands of a part that still uses it
        self._camera.close()
        if self._own_publisher:
            self._publisher.close()
        if self._journal:
            self._journal.close()
        self._close_outboxes()
        for part in _PARTS:
            self._health.recover(part)
        return True

    def _close_outboxes(self) -> None:
        for outbox in self._outboxes:
            outbox.close()


def _publisher(settings: Settings, nucleus: Publisher | None, health: Health) -> Publisher:
    if isinstance(settings.publisher, MqttPublisher):
        return MqttConnection(settings.publisher, health)
    if nucleus is None:
        raise OSError("publisher.kind greengrass: not started by Greengrass")
    return nucleus


def _camera(settings: Settings, outbox: Outbox, health: Health) -> Camera:
    source = settings.source
    prefix = f"{settings.camera}-{outbox.epoch}"
    if isinstance(source, FolderSource):
        return FolderCamera(source, prefix, outbox.marks, health)
    if isinstance(source, SimulatorSource):
        return Simulator(source, prefix, outbox.marks)
    return VideoCamera(source, prefix)


def _addressing(settings: Settings, publisher: Publisher) -> Addressing:
    return Addressing(
        fab=settings.fab,
        camera=settings.camera,
        inline_limit_bytes=settings.inline_limit_bytes,
        max_payload_bytes=publisher.max_payload_bytes,
        images_bucket=settings.images_bucket,
        rules={str(kind): rule for kind, rule in (settings.basic_ingest_rules or {}).items()},
        journal=settings.journal is not None,
    )
