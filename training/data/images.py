"""Picture files -> `Maps`: die codes where the pictures are wafer maps, else grey levels or colours.

Decodes as the edge does (`edge_component/pictures.py`), which training may not import; but larger pictures too, where the
edge refuses what has over 2.1 million pixels. Photographs are kept at the size that a network can tell apart.
"""

import hashlib
import math
import struct
import zlib
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from fabwafer.errors import ContractError
from training.data.maps import IS_DIE, IS_FAIL, Codes, Kind, Maps

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})
MAX_BYTES = 256 * 1024 * 1024
MAX_PIXELS = 50_000_000
LONGEST_SIDE = 512
"""Of a photograph as it is kept: five to ten times a usual network's input, which so averages what is average already."""
_FORMATS = ("PNG", "JPEG", "BMP")
_PNG_MAGIC, _PNG_END = b"\x89PNG\r\n\x1a\n", b"IEND\xaeB`\x82"
_GREY_MODES = frozenset({"1", "L", "LA"})
_TINT = 48
_MAX_8_BIT, _MAX_16_BIT = 255, 65_535
_DIE_LEVELS = ((0, 127, 255), (0, 1, 2))
_DAMAGED = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip


def read_picture(path: Path, sha256: str | None = None) -> Codes:
    """Return a picture's levels, uint8: (height, width) if it has no colour, else (height, width, 3).

    Raises:
        ContractError: If it is no whole PNG, JPEG or BMP, too large, or not the one that has the hash.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ContractError(str(path), f"{path.stat().st_size} bytes", f"at most {MAX_BYTES}")
        data = path.read_bytes()
    except OSError as error:
        raise ContractError(str(path), error.strerror, "a picture") from error
    digest = hashlib.sha256(data).hexdigest()
    if sha256 not in {None, digest}:
        raise ContractError(f"{path}: sha256", digest, f"{sha256}")
    if data.startswith(_PNG_MAGIC) and _PNG_END not in data:  # Pillow would fill up the rest
        raise ContractError(str(path), data[-24:], "a whole PNG")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            if math.prod(image.size) > MAX_PIXELS:
                raise ContractError(str(path), image.size, f"at most {MAX_PIXELS:,} pixels")
            return _levels(image)
    except _DAMAGED as error:
        expected = f"a whole picture as {', '.join(_FORMATS)} ({type(error).__name__})"
        raise ContractError(str(path), data[:24], expected) from error


def _levels(image: Image.Image) -> Codes:
    if image.mode.startswith("I"):  # 16 bits a pixel, which Pillow would clip
        wide = np.asarray(image).astype(np.int64)
        scale = _MAX_8_BIT / _MAX_16_BIT if wide.max() > _MAX_8_BIT else 1.0
        levels: Codes = np.rint(wide * scale).astype(np.uint8)
        return levels
    if image.mode in _GREY_MODES:
        return np.asarray(image.convert("L"))
    colours = np.asarray(image.convert("RGB"))
    return colours[..., 0] if (colours == colours[..., :1]).all() else colours


def read_part(path: Path, sha256: str | None, kind: Kind | None) -> Codes:
    """Return `read_picture`, shrunk at once if it is a photograph: a set of them at full size would fill any memory.

    Raises:
        ContractError: As `read_picture`.
    """
    picture = read_picture(path, sha256)
    return picture if kind is Kind.DIES or _die_levels(picture) else shrunk(picture)


def shrunk(photograph: Codes) -> Codes:
    """Return it with sides of at most `LONGEST_SIDE`, each pixel the mean of a block of whole ones."""
    height, width = photograph.shape[:2]
    factors = -(-width // LONGEST_SIDE), -(-height // LONGEST_SIDE)
    if factors == (1, 1):
        return photograph
    return np.asarray(Image.fromarray(photograph).reduce(factors))


def as_seen(picture: Codes, kind: Kind) -> Codes:
    """Return a picture as the edge gives it to a graph that knows `kind`: without its colours, or with three channels."""
    if kind is Kind.COLOUR:
        return np.repeat(picture[..., None], 3, 2) if picture.ndim == 2 else picture
    return picture if picture.ndim == 2 else np.asarray(Image.fromarray(picture).convert("L"))


def colour_of(picture: Codes) -> float:
    """Return the share (0..1) of pixels that have a colour, by which the edge refuses pictures of no wafer."""
    if picture.ndim == 2:
        return 0.0
    return float((picture.max(2) - picture.min(2) > _TINT).mean())


def as_maps(pictures: Sequence[Codes], names: Sequence[object], kind: Kind | None = None) -> Maps:
    """Put pictures together as what they are, or as what `kind` says they are.

    They are wafer maps if all have but the levels 0, 127, 255 (or the codes 0, 1, 2), and one has the middle level.
    Told that they are, colours are taken for their grey and other levels for the nearest, as edge and graph do.
    Other pictures are shrunk.

    Raises:
        ContractError: If only some are wafer maps and nothing is told, or one of grey photographs has colours, naming it.
    """
    kind = kind or _kind_of(pictures, names)
    for picture, name in zip(pictures, names, strict=True):
        if kind is Kind.GREY and picture.ndim != 2:
            raise ContractError(f"{name}", "colours", f"a picture of {kind.value}, as the others")
    seen = [as_seen(each, kind) for each in pictures]
    return Maps.of([die_codes(each) if kind is Kind.DIES else shrunk(each) for each in seen], kind)


def _kind_of(pictures: Sequence[Codes], names: Sequence[object]) -> Kind:
    levels = [_die_levels(each) for each in pictures]
    if any(found is not None and found[1] for found in levels):
        for name, found in zip(names, levels, strict=True):
            if found is None:
                raise ContractError(f"{name}", "other levels", "grey 0, 127, 255, as the others")
        return Kind.DIES
    return Kind.COLOUR if any(each.ndim == 3 for each in pictures) else Kind.GREY


def _die_levels(picture: Codes) -> tuple[bool, bool, bool] | None:
    """Return which of the three levels of dies occur; None if others do."""
    if picture.ndim != 2:
        return None
    counts = np.bincount(picture.ravel(), minlength=256)
    for levels in _DIE_LEVELS:
        found = counts[list(levels)]
        if found.sum() == picture.size:
            first, second, third = (found > 0).tolist()
            return first, second, third
    return None


def die_codes(grey: Codes) -> Codes:
    """Return the dies of a grey picture of them, drawn at any whole scale: 0 no die, 1 pass, 2 fail.

    A map whose every die has the same as its neighbours in blocks comes out smaller: to the network it is the same.
    """
    at = int(grey.max() > 2)
    codes = (grey > IS_DIE[at]).astype(np.uint8) + (grey > IS_FAIL[at])
    changes = [
        np.flatnonzero((codes[1:] != codes[:-1]).any(1)) + 1,
        np.flatnonzero((codes[:, 1:] != codes[:, :-1]).any(0)) + 1,
    ]
    scale = int(np.gcd.reduce(np.concatenate([*changes, codes.shape])))
    return codes[::scale, ::scale]
