"""1 to 3. Camera -> classifier -> outbox: the loop that must not lose a wafer.

The camera lets go of wafers only after the commit that holds them. With a backlog several wafers share
one commit; a single one is committed at once.
"""

from collections.abc import Callable
from threading import Event

from edge_component import logs
from edge_component.camera import Camera, WaferImage
from edge_component.decider import Decided, Decider
from edge_component.health import Health
from edge_component.outbox import Outbox
from fabwafer.errors import ContractError

_BATCH = 32
_MODEL_WAIT_S = 1.0


class Capture:
    """Takes wafers from a camera, decides and commits."""

    def __init__(
        self,
        camera: Camera,
        decider: Decider,
        outbox: Outbox,
        health: Health,
        committed: Callable[[], None] = lambda: None,
    ) -> None:
        """Wire a capture.

        Args:
            camera: Where wafers come from.
            decider: What they are.
            outbox: This thread's connection to the outbox.
            health: Told what fails.
            committed: Called after every commit.
        """
        self._camera = camera
        self._decider = decider
        self._outbox = outbox
        self._health = health
        self._committed = committed
        self._sequence = outbox.sequence
        self._forgettable: list[str] = []
        self._pending: list[Decided] = []

    def step(self, _stop: Event) -> float | None:
        """Carry the wafers that are ready into the outbox; return the seconds to wait.

        Raises:
            sqlite3.Error: If they cannot be committed; the next step tries the same ones again.
        """
        if not self._pending:
            if not self._decider.ready:
                return _MODEL_WAIT_S
            images = self._take()
            if not images:
                return self._camera.wait_s
            self._pending = self._decide(images)
        self._commit()
        return 0.0

    def _take(self) -> list[WaferImage]:
        try:
            images = self._camera.take(self._sequence + 1, _BATCH)
        except OSError as error:
            self._health.degrade("camera", str(error))
            return []
        self._health.recover("camera")
        return images

    def _decide(self, images: list[WaferImage]) -> list[Decided]:
        """Decide wafers up to the first bad one, which the camera hands out again as the first.

        So it takes no number, and the numbers have no gap. With a backlog the shadow sees one wafer of a batch.
        """
        decided: list[Decided] = []
        backlog = len(images) == _BATCH
        for image in images:
            try:
                hurried = backlog and image is not images[-1]
                decided.append(self._decider.decide(image, hurried=hurried))
            except ContractError as error:
                if not decided:
                    self._reject(image, error)
                break
        return decided

    def _reject(self, image: WaferImage, error: ContractError) -> None:
        if self._camera.reject(image, error):
            self._outbox.quarantined()
            self._log(image, "rejected", field=error.field, error=str(error))

    def _commit(self) -> None:
        if not self._pending:
            return
        dropped = self._outbox.commit([each.entry for each in self._pending], self._forgettable)
        decided, self._pending = self._pending, []
        self._sequence = decided[-1].image.sequence
        self._forgettable = list(self._camera.done([each.image for each in decided]))
        self._report(decided, dropped)
        self._committed()

    def _report(self, decided: list[Decided], dropped: int) -> None:
        if dropped:
            self._health.degrade("outbox", f"full: {dropped} of the oldest messages dropped")
        else:
            self._health.recover("outbox")
        last = decided[-1]
        edge_ms = round(last.decision.edge_ms, 2)
        self._health.classified(len(decided), last.image.timestamp, edge_ms)
        for each in decided:
            found = each.decision.found
            said: dict[str, object] = {"prediction": found.label, "probability": found.probability}
            if found.refused:
                self._log(each.image, "refused", reason=found.refused, **said)
            else:
                self._log(each.image, "accepted" if found.accepted else "doubtful", **said)
        self._report_dropped([each for each in decided if each.entry.dropped])

    def _report_dropped(self, pictureless: list[Decided]) -> None:
        limit = self._decider.address.max_payload_bytes
        for each in pictureless:
            size = len(each.image.picture)
            logs.warn("picture dropped", imgid=each.image.imgid, bytes=size, message_limit=limit)
        if pictureless:
            reason = (
                f"pictures dropped: in messages above {limit} bytes, and no images_bucket is set"
            )
            self._health.degrade("image", reason)
        else:
            self._health.recover("image")

    def _log(self, image: WaferImage, outcome: str, **fields: object) -> None:
        address = self._decider.address
        logs.info(
            "wafer",
            fab=address.fab,
            camera=address.camera,
            imgid=image.imgid,
            outcome=outcome,
            **fields,
        )
