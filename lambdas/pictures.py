"""Is it a picture of a wafer, and can it be opened without harm?"""

import io
import struct
import zlib

from PIL import Image

from fabwafer.errors import ContractError

MAX_PICTURE_BYTES = 16 * 1024 * 1024
MAX_SIDE_PIXELS = 4096
"""Far beyond any wafer map, and 64 MB at most when decoded."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">8s4x4sII")
_UNREADABLE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


def check_png(picture: bytes) -> None:
    """Decode a picture completely, after a look at its size.

    Raises:
        ContractError: If it is no PNG, too large, or damaged.
    """
    if len(picture) < _HEADER.size:
        raise ContractError("bytes", picture, "a PNG picture")
    signature, chunk, width, height = _HEADER.unpack_from(picture)
    if signature != _SIGNATURE or chunk != b"IHDR":
        raise ContractError("bytes", picture[: _HEADER.size], "a PNG picture")
    _check_size(width, height)
    try:
        with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
            image.verify()
        with Image.open(io.BytesIO(picture), formats=["PNG"]) as image:
            _check_size(*image.size)
            image.load()
    except _UNREADABLE as error:
        raise ContractError("bytes", f"{len(picture)} bytes", f"a whole PNG ({error})") from error


def _check_size(width: int, height: int) -> None:
    if not (1 <= width <= MAX_SIDE_PIXELS and 1 <= height <= MAX_SIDE_PIXELS):
        raise ContractError(
            "bytes", f"{width} x {height} pixels", f"1 to {MAX_SIDE_PIXELS} pixels a side"
        )
