"""A camera that is a folder: files appear half-written, get renamed, are no pictures, vanish.

The folder is scanned every `poll_s` rather than watched: inotify sees nothing on a network share
that another machine writes to, and a scan of a thousand names costs a few milliseconds.
"""

import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edge_component.camera import WaferImage
from edge_component.config import FolderSource
from edge_component.dates import FIRST_TIME_MS, now_ms
from edge_component.filing import DONE, REJECTED, Filing, Verdict
from edge_component.health import Health
from edge_component.pictures import MAX_BYTES
from edge_component.scan import File, escaped, scan
from fabwafer.errors import ContractError

_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_.-]+")
_READ_AGAIN_S, _MOVE_AGAIN_S = 10.0, 60.0


@dataclass(frozen=True)
class _Trouble:
    """What is wrong with a file, and when to try it again."""

    reason: str
    again_at: float


class FolderCamera:
    """The pictures in a folder, oldest first; `done/` and `rejected/` beneath it take what is finished."""

    exhausted = False

    def __init__(
        self,
        source: FolderSource,
        prefix: str,
        marks: Iterable[str],
        health: Health,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch a folder.

        Args:
            source: Which folder, and how patiently.
            prefix: Starts every imgid.
            marks: Files whose wafers are committed already, though they may still lie there.
            health: Told of files that cannot be read or moved.
            clock: Seconds; measures how long a file has not changed, whatever the share's clock says.
        """
        self._source = source
        self._folder = source.folder.absolute()
        self._prefix = prefix
        self._health = health
        self._clock = clock
        self._filing = Filing(self._folder, source.keep_files)
        own = escaped(str(self._folder))  # other folders' marks wait for their folder's return
        self._finished = {mark: Verdict(DONE) for mark in marks if mark.rpartition("/")[0] == own}
        self._forgettable: set[str] = set()
        self._since: dict[File, float] = {}
        self._doubtful: set[File] = set()
        self._troubles: dict[File, _Trouble] = {}
        self._taken: dict[str, File] = {}
        self.wait_s = source.poll_s

    def take(self, first: int, limit: int) -> list[WaferImage]:
        """Return the oldest pictures that have settled."""
        self._taken.clear()
        files, errors = scan(self._folder)
        if files and not errors:
            self._forget_all_but({file.mark for file in files})
        images: list[WaferImage] = []
        for file in self._settled(files):
            if len(images) == limit:
                break
            if file.mark in self._finished:
                self._put_away(file)  # the process died between commit and move, or it failed
            elif image := self._read(file, first + len(images)):
                images.append(image)
        self._tell(errors)
        return images

    def _forget_all_but(self, present: set[str]) -> None:
        """Let go of marks without a file; not of all at once: an unmounted share looks like that."""
        gone = self._finished.keys() - present
        for mark in gone:
            del self._finished[mark]
        self._forgettable |= gone

    def _settled(self, files: list[File]) -> list[File]:
        now = self._clock()
        self._since = {file: self._since.get(file, now) for file in files}
        self._doubtful.intersection_update(files)
        self._troubles = {file: self._troubles[file] for file in files if file in self._troubles}
        return [file for file in files if self._due(file) <= now]

    def _due(self, file: File) -> float:
        if file in self._troubles:
            return self._troubles[file].again_at
        doubtful = file in self._doubtful
        return self._since[file] + (self._source.patience_s if doubtful else self._source.settle_s)

    def _tell(self, errors: list[OSError]) -> None:
        reasons = [trouble.reason for trouble in self._troubles.values()] + list(map(str, errors))
        if reasons:
            self._health.degrade("files", reasons[0])
        else:
            self._health.recover("files")

    def _read(self, file: File, sequence: int) -> WaferImage | None:
        try:
            with file.path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)  # one more than allowed is refused by its size
        except FileNotFoundError:
            return None  # renamed or taken away since the scan
        except PermissionError:
            data = b""  # no picture: rejected in the end, instead of holding up the others
        except OSError as error:
            reason = f"{file.path.name!r} cannot be read: {error.strerror}"
            self._troubles[file] = _Trouble(reason, self._clock() + _READ_AGAIN_S)
            return None
        self._troubles.pop(file, None)
        self._taken[file.mark] = file
        stem = escaped(file.path.stem)
        lot, wafer = self._lot_and_wafer(stem)
        return WaferImage(
            imgid=f"{self._prefix}-{sequence:08d}-{_id_of(stem)}",
            sequence=sequence,
            timestamp=_captured_ms(file),
            picture=data,
            mark=file.mark,
            lot=lot,
            wafer=wafer,
        )

    def _lot_and_wafer(self, stem: str) -> tuple[str | None, int | None]:
        match = re.search(self._source.lot_pattern, stem) if self._source.lot_pattern else None
        groups = match.groupdict() if match else {}
        lot, wafer = groups.get("lot") or "", groups.get("wafer") or ""
        return lot[:64] or None, int(wafer) if re.fullmatch(r"[0-9]{1,4}", wafer) else None

    def done(self, images: Sequence[WaferImage]) -> list[str]:
        """Move the files away; what cannot be moved stays remembered."""
        for image in images:
            self._finished[image.mark] = Verdict(DONE)
            self._put_away(self._taken[image.mark])
        self._filing.keep_newest(DONE)
        forgettable = sorted(self._forgettable)
        self._forgettable.clear()
        return forgettable

    def reject(self, image: WaferImage, error: ContractError) -> bool:
        """Move a bad file away, the reason beside it, once it is sure that nobody is still writing it."""
        file = self._taken[image.mark]
        if self._clock() - self._since[file] < self._source.patience_s:
            self._doubtful.add(file)
            return False
        self._finished[file.mark] = Verdict(REJECTED, str(error))
        self._put_away(file)
        self._filing.keep_newest(REJECTED)
        return True

    def _put_away(self, file: File) -> None:
        verdict = self._finished[file.mark]
        try:
            self._filing.put(file, verdict)
        except OSError as error:
            reason = f"finished files cannot be moved to {verdict.folder}/: {error.strerror}"
            self._troubles[file] = _Trouble(reason, self._clock() + _MOVE_AGAIN_S)
        else:
            self._troubles.pop(file, None)
            del self._finished[file.mark]
            self._forgettable.add(file.mark)

    def close(self) -> None:
        """Nothing to release."""


def _id_of(stem: str) -> str:
    return _NOT_IN_AN_ID.sub("_", stem)[:32].strip(".") or "wafer"


def _captured_ms(file: File) -> int:
    """Return the file's time: now, if its clock runs ahead, or knows no date at all."""
    now, time_ms = now_ms(), file.mtime_ns // 1_000_000
    return time_ms if FIRST_TIME_MS <= time_ms <= now else now
