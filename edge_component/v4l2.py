"""A V4L2 or libcamera device through OpenCV, which the component ships."""

import importlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edge_component.camera import WaferImage
from edge_component.config import VideoSource
from edge_component.dates import now_ms
from edge_component.pictures import encode
from fabwafer.errors import ContractError


class VideoCamera:
    """Takes a grey picture every `interval_s`; opens the device anew after a failure."""

    exhausted = False

    def __init__(
        self,
        source: VideoSource,
        prefix: str,
        opencv: Any = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Know a device; it is opened by the first picture.

        Args:
            source: Which device, how often.
            prefix: Starts every imgid.
            opencv: The module `cv2`, or what stands in for it.
            clock: Seconds.
        """
        self._source = source
        self._prefix = prefix
        self._opencv = opencv
        self._clock = clock
        self._capture: Any = None
        self._due = clock()

    @property
    def wait_s(self) -> float:
        """Return the time until the next picture."""
        return max(0.0, self._due - self._clock())

    def take(self, first: int, limit: int) -> list[WaferImage]:
        """Return one picture when it is time."""
        if limit < 1 or self._clock() < self._due:
            return []
        self._due = self._clock() + self._source.interval_s
        return [
            WaferImage(
                imgid=f"{self._prefix}-{first:08d}",
                sequence=first,
                timestamp=now_ms(),
                picture=encode(self._grey_frame()),
                mark="video",
            )
        ]

    def _grey_frame(self) -> Any:
        opencv = self._opencv or _import_opencv()
        if self._capture is None:
            self._capture = opencv.VideoCapture(self._source.device)
        whole, frame = self._capture.read()
        if not whole:
            self.close()
            raise OSError(f"device {self._source.device}: no picture")
        if frame.ndim == 3:
            frame = opencv.cvtColor(frame, opencv.COLOR_BGR2GRAY)
        return np.ascontiguousarray(frame, np.uint8)

    def done(self, _images: Sequence[WaferImage]) -> list[str]:
        """Nothing to let go of: the picture was only in memory."""
        return []

    def reject(self, _image: WaferImage, _error: ContractError) -> bool:
        """Forget the picture."""
        return True

    def close(self) -> None:
        """Release the device."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None


def _import_opencv() -> Any:
    try:
        return importlib.import_module("cv2")
    except ImportError as error:
        raise OSError(
            "source.kind v4l2 needs OpenCV: pip install opencv-python-headless"
        ) from error
