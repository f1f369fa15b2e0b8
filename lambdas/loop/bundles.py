"""A model bundle as a flat zip <-> its folder: the same bytes from the same files, as the component's build makes it."""

import io
import zipfile
from pathlib import Path

from fabwafer.bundle import MANIFEST, Manifest, read_bundle
from fabwafer.errors import BundleError
from fabwafer.signature import SIGNATURE

ZIP = "wafer-map.zip"
MAX_BUNDLE_BYTES = 64 * 1024 * 1024
_MOST_FILES = 50
_EPOCH = (1980, 1, 1, 0, 0, 0)


def pack(folder: Path, manifest: Manifest) -> bytes:
    """Return the zip of a bundle: manifest, the files that it names, and a signature if it has one."""
    names = {MANIFEST, *manifest.files}
    if (folder / SIGNATURE).exists():
        names.add(SIGNATURE)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(names):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, (folder / name).read_bytes())
    return packed.getvalue()


def unpack(packed: bytes, folder: Path) -> Manifest:
    """Write a zip's files into a folder and check them against their manifest.

    Raises:
        BundleError: If it is no zip, not flat, too large, or a file is missing or altered.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            _require_flat(archive.infolist())
            archive.extractall(folder)
    except zipfile.BadZipFile as error:
        raise BundleError(f"bundle: expected a zip, got {len(packed)} bytes: {error}") from error
    return read_bundle(folder)


def _require_flat(entries: list[zipfile.ZipInfo]) -> None:
    nested = [each.filename for each in entries if {"/", "\\"} & set(each.filename)]
    if nested or len(entries) > _MOST_FILES:
        raise BundleError(
            f"bundle: expected a few files without folders, got {len(entries)}: {nested[:3]}"
        )
    size_bytes = sum(each.file_size for each in entries)
    if size_bytes > MAX_BUNDLE_BYTES:
        raise BundleError(f"bundle: expected at most {MAX_BUNDLE_BYTES} bytes, got {size_bytes}")
