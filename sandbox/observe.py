"""Looking into the cloud while wafers travel through it, and once they have arrived."""

import hashlib
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sandbox.cameras import Camera
from sandbox.cloud import DEAD_LETTER_QUEUES, WORK_QUEUES, Cloud
from sandbox.subscriber import Subscriber
from sandbox.verify import Found, Picture, Played

_POLL_S = 1.0
_SHARE_OF_LOOKING = 0.05
"""How much of the time goes into looking: it takes the emulator's time from the wafers."""

_PATIENCE_S = 45.0
_READERS = 4


@dataclass(frozen=True)
class Progress:
    """How far the wafers of a run are; `waiting` counts messages in the queues between the functions."""

    captured: int
    stored: int
    archived: int
    alerted: int
    reviews: int
    waiting: int
    playing: int

    @property
    def settled(self) -> bool:
        """Tell whether nothing is on its way any more."""
        arrived = self.stored >= self.captured and self.archived >= self.captured
        return arrived and not self.waiting and not self.playing


def progress(cloud: Cloud, cameras: Sequence[Camera], subscriber: Subscriber) -> Progress:
    """Return how far a run is.

    Raises:
        SandboxError: If a camera ended with an error.
    """
    playing = sum(not camera.done for camera in cameras)  # before the counts: none may rise after
    return Progress(
        captured=sum(len(camera.journal()) for camera in cameras),
        waiting=sum(cloud.depth(queue) for queue in WORK_QUEUES),
        stored=cloud.count("PredictionsTable"),
        archived=len(cloud.keys("ImagesBucket")),
        alerted=sum(len(message.alert.wafers) for message in subscriber.collect()),
        reviews=cloud.count("ReviewsTable"),
        playing=playing,
    )


def look_and_rest(look: Callable[[], Progress]) -> tuple[Progress, float]:
    """Return how far a run is, and the seconds to wait before the next look."""
    started = time.monotonic()
    now = look()
    return now, max(_POLL_S, (time.monotonic() - started) / _SHARE_OF_LOOKING)


def watch(
    look: Callable[[], Progress],
    show: Callable[[Progress], None] = lambda _: None,
    patience_s: float = _PATIENCE_S,
) -> bool:
    """Wait until a run has settled; False if for `patience_s` nothing moved although it had not."""
    last, moved = look(), time.monotonic()
    pause_s = _POLL_S
    while True:
        show(last)
        time.sleep(pause_s)
        now, pause_s = look_and_rest(look)
        if now.settled and now == last:
            return True
        if now != last:
            last, moved = now, time.monotonic()
        elif time.monotonic() - moved > patience_s:
            return False


def played(cameras: Sequence[Camera]) -> list[Played]:
    """Return every wafer that the cameras say they captured."""
    return [
        Played(camera.device.fab, camera.device.camera, logged)
        for camera in cameras
        for logged in camera.journal()
    ]


def find(cloud: Cloud, subscriber: Subscriber, prefixes: Sequence[str] = ("",)) -> Found:
    """Return everything the cloud ended up with; of the pictures those whose key starts with one of `prefixes`."""
    return Found(
        stored=cloud.items("PredictionsTable"),
        archived=pictures(cloud, prefixes),
        alerts=subscriber.collect(),
        reviews=cloud.items("ReviewsTable"),
        quarantined=cloud.objects("QuarantineBucket"),
        leftovers={queue: cloud.depth(queue) for queue in (*WORK_QUEUES, *DEAD_LETTER_QUEUES)},
    )


def pictures(cloud: Cloud, prefixes: Sequence[str] = ("",)) -> dict[str, Picture]:
    """Return every archived picture whose key starts with one of `prefixes`, hashed anew, by its key."""
    s3, bucket = cloud.emulator.client("s3"), cloud.outputs["ImagesBucket"]

    def picture(key: str) -> Picture:
        answer = s3.get_object(Bucket=bucket, Key=key)
        digest = hashlib.sha256(answer["Body"].read()).hexdigest()
        return Picture(digest, round(answer["LastModified"].timestamp() * 1000))

    keys = [key for prefix in prefixes for key in cloud.keys("ImagesBucket", prefix)]
    with ThreadPoolExecutor(_READERS) as pool:
        return dict(zip(keys, pool.map(picture, keys), strict=True))
