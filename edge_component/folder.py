"""A camera that is a folder: files appear half-written, get renamed, are no pictures, vanish.

The folder is scanned every `poll_s` rather than watched: inotify sees nothing on a network share
that another machine writes to, and a scan of a thousand names costs a few milliseconds.
"""

import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from edge_component import logs
from edge_component.camera import WaferImage
from edge_component.config import FolderSource
from edge_component.pictures import MAX_BYTES
from fabwafer.errors import ContractError

DONE, REJECTED = "done", "rejected"
_REASON = ".reason.txt"
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", "~")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class _File:
    """A file as one scan saw it: written on or replaced, it is another."""

    path: Path
    size: int
    mtime_ns: int

    @property
    def mark(self) -> str:
        return f"{self.path.name}|{self.size}|{self.mtime_ns}"


class FolderCamera:
    """The pictures in a folder, oldest first; `done/` and `rejected/` beneath it take what is finished."""

    exhausted = False

    def __init__(
        self,
        source: FolderSource,
        prefix: str,
        marks: Iterable[str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Watch a folder.

        Args:
            source: Which folder, and how patiently.
            prefix: Starts every imgid.
            marks: Files whose wafers are committed already, though they may still lie there.
            clock: Seconds; measures how long a file has not changed, whatever the share's clock says.
        """
        self._source = source
        self._prefix = prefix
        self._clock = clock
        self._finished = set(marks)
        self._forgettable: set[str] = set()
        self._since: dict[_File, float] = {}
        self._doubtful: set[_File] = set()
        self._taken: dict[str, _File] = {}
        self.wait_s = source.poll_s

    def take(self, first: int, limit: int) -> list[WaferImage]:
        """Return the oldest pictures that have settled."""
        self._taken.clear()
        images: list[WaferImage] = []
        for file in self._settled(_scan(self._source.folder)):
            if len(images) == limit:
                break
            if file.mark in self._finished:
                self._move(file, DONE)  # the process died between commit and move
            elif image := self._read(file, first + len(images)):
                images.append(image)
        return images

    def _settled(self, files: list[_File]) -> list[_File]:
        now = self._clock()
        self._since = {file: self._since.get(file, now) for file in files}
        self._doubtful.intersection_update(files)
        gone = self._finished.difference(file.mark for file in files)
        self._finished -= gone
        self._forgettable |= gone
        return [file for file in files if now - self._since[file] >= self._patience(file)]

    def _patience(self, file: _File) -> float:
        return self._source.patience_s if file in self._doubtful else self._source.settle_s

    def _read(self, file: _File, sequence: int) -> WaferImage | None:
        try:
            with file.path.open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)  # one more than allowed is refused by its size
        except FileNotFoundError:
            return None  # renamed or taken away since the scan
        except PermissionError:
            data = b""  # no picture: rejected in the end, instead of holding up the others
        stem = _NOT_IN_AN_ID.sub("_", file.path.stem)[:32].strip(".") or "wafer"
        lot, wafer = self._lot_and_wafer(file.path.stem)
        self._taken[file.mark] = file
        return WaferImage(
            imgid=f"{self._prefix}-{sequence:08d}-{stem}",
            sequence=sequence,
            timestamp=min(file.mtime_ns // 1_000_000, time.time_ns() // 1_000_000),
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
            self._finished.add(image.mark)
            self._move(self._taken[image.mark], DONE)
        self._keep_newest(DONE)
        forgettable = sorted(self._forgettable)
        self._forgettable.clear()
        return forgettable

    def reject(self, image: WaferImage, error: ContractError) -> bool:
        """Move a bad file away, the reason beside it, once it is sure that nobody is still writing it."""
        file = self._taken[image.mark]
        if self._clock() - self._since[file] < self._source.patience_s:
            self._doubtful.add(file)
            return False
        self._finished.add(file.mark)
        self._move(file, REJECTED, reason=str(error))
        self._keep_newest(REJECTED)
        return True

    def _move(self, file: _File, folder: str, reason: str | None = None) -> None:
        target = self._source.folder / folder / f"{file.mtime_ns}-{file.path.name}"
        try:
            target.parent.mkdir(exist_ok=True)
            if reason is not None:
                target.with_name(target.name + _REASON).write_text(f"{reason}\n")
            file.path.rename(target)
        except OSError as error:
            logs.warn("file not moved", file=str(file.path), folder=folder, error=str(error))
        else:
            self._finished.discard(file.mark)
            self._forgettable.add(file.mark)

    def _keep_newest(self, folder: str) -> None:
        """Bound the disk: names start with the time, so the oldest come first."""
        with suppress(OSError):
            names = sorted(
                name
                for name in os.listdir(self._source.folder / folder)  # noqa: PTH208 (names only)
                if not name.endswith(_REASON)
            )
            for name in names[: max(0, len(names) - self._source.keep_files)]:
                path = self._source.folder / folder / name
                path.unlink(missing_ok=True)
                path.with_name(name + _REASON).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing to release."""


def _scan(folder: Path) -> list[_File]:
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED):
                continue
            with suppress(FileNotFoundError):
                if entry.is_file(follow_symlinks=False):
                    stat = entry.stat(follow_symlinks=False)
                    files.append(_File(Path(entry.path), stat.st_size, stat.st_mtime_ns))
    return sorted(files, key=lambda file: (file.mtime_ns, file.path.name))
