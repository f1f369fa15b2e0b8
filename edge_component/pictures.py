"""Bytes of a picture <-> grey levels or colours, with every limit checked before anything is decoded."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
from PIL import Image

from fabwafer.errors import ContractError

Grey: TypeAlias = npt.NDArray[np.uint8]
"""Shape (height, width): die codes 0 / 1 / 2, or a grey picture of them."""
Colours: TypeAlias = npt.NDArray[np.uint8]
"""Shape (height, width, 3): red, green and blue."""
_Read = TypeVar("_Read")

PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp"})
MAX_BYTES = 8 * 1024 * 1024
MAX_SIDE = 4096
MAX_PIXELS = 2_100_000
"""A Full HD camera's picture; a graph that measures grey levels takes some 35 bytes a pixel while it runs."""
_GREY_MODES = frozenset({"1", "L", "LA"})
_TINT = 48
"""Levels that red, green and blue of a grey picture may differ by: a warm light, a JPEG's blocks."""
_MAX_8_BIT, _MAX_16_BIT = 255, 65_535
_FORMATS = ("PNG", "JPEG", "BMP")
# What Pillow raises for damaged data, depending on the format and on where it is damaged.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


@dataclass(frozen=True)
class Decoded:
    """What a model is given of a picture, and the share (0..1) of its pixels that have a colour nobody asked for."""

    levels: Grey | Colours
    colour: float = 0.0


def decode(data: bytes) -> Grey:
    """Return a picture's grey levels, as `examine` does."""
    return _opened(data, _grey)


def examine(data: bytes) -> Decoded:
    """Return a picture's grey levels, and how much of it has a colour.

    Raises:
        ContractError: If it is no picture, of a foreign format, truncated or too large.
    """
    return _opened(data, lambda image: Decoded(_grey(image), _colour(image)))


def decode_colours(data: bytes) -> Colours:
    """Return a picture's colours; a grey one has three times the same.

    Raises:
        ContractError: As `examine`.
    """
    return _opened(data, _colours)


def _opened(data: bytes, read: Callable[[Image.Image], _Read]) -> _Read:
    if len(data) > MAX_BYTES:
        raise ContractError("image", f"{len(data)} bytes", f"at most {MAX_BYTES} bytes")
    if (
        data.startswith(PNG_MAGIC) and _PNG_END not in data
    ):  # Pillow would fill up what is cut off late
        raise ContractError("image", data[-24:], "a whole PNG")
    try:
        with Image.open(BytesIO(data), formats=_FORMATS) as image:
            _check_size(image.size)
            return read(image)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ContractError("image.size", str(error), f"at most {MAX_SIDE} a side") from error
    except _DAMAGED as error:
        expected = f"a whole picture as {', '.join(_FORMATS)} ({type(error).__name__})"
        raise ContractError("image", data[:24], expected) from error


def _grey(image: Image.Image) -> Grey:
    if not image.mode.startswith("I"):
        return np.asarray(image if image.mode == "L" else image.convert("L"))
    # 16 bits a pixel, which Pillow would clip: it takes what is above 255 for white.
    levels = np.asarray(image).astype(np.int64)
    if not 0 <= levels.min() <= levels.max() <= _MAX_16_BIT:
        raise ContractError(
            "image", (int(levels.min()), int(levels.max())), f"levels of 0 to {_MAX_16_BIT}"
        )
    if levels.max() > _MAX_8_BIT:  # else 8 bits a pixel in a wider file
        levels = np.rint(levels * (_MAX_8_BIT / _MAX_16_BIT))
    return levels.astype(np.uint8)


def _colour(image: Image.Image) -> float:
    if image.mode in _GREY_MODES or image.mode.startswith("I"):
        return 0.0
    channels = np.asarray(image.convert("RGB"))
    spread = channels.max(2) - channels.min(2)
    return float((spread > _TINT).mean())


def _colours(image: Image.Image) -> Colours:
    if image.mode.startswith("I"):
        return np.repeat(_grey(image)[..., None], 3, 2)
    return np.asarray(image.convert("RGB"))


def check_grey(grey: Grey) -> Grey:
    """Return a die grid or grey picture that was handed over as an array.

    Raises:
        ContractError: If it is not uint8 of shape (height, width) within the limits.
    """
    if grey.ndim != 2 or grey.dtype != np.uint8:
        raise ContractError(
            "image", f"{grey.dtype} of shape {grey.shape}", "uint8 of shape (height, width)"
        )
    _check_size((grey.shape[1], grey.shape[0]))
    return grey


def check_colours(colours: Colours) -> Colours:
    """Return a colour picture that was handed over as an array.

    Raises:
        ContractError: If it is not uint8 of shape (height, width, 3) within the limits.
    """
    if colours.ndim != 3 or colours.shape[2] != 3 or colours.dtype != np.uint8:
        shown = f"{colours.dtype} of shape {colours.shape}"
        raise ContractError("image", shown, "uint8 of shape (height, width, 3)")
    _check_size((colours.shape[1], colours.shape[0]))
    return colours


def _check_size(size: tuple[int, int]) -> None:
    if not all(1 <= side <= MAX_SIDE for side in size):
        raise ContractError("image.size", size, f"1 to {MAX_SIDE} a side")
    if size[0] * size[1] > MAX_PIXELS:
        raise ContractError("image.size", size, f"at most {MAX_PIXELS:,} pixels")


def encode(grey: Grey) -> bytes:
    """Return the PNG of grey levels."""
    buffer = BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    return buffer.getvalue()


def encode_dies(dies: Grey) -> bytes:
    """Return the PNG of a die grid (0 no die, 1 pass, 2 fail): grey 0 / 127 / 255, one pixel a die."""
    return encode(np.array([0, 127, 255], np.uint8)[dies])


def as_png(data: bytes) -> bytes:
    """Return a picture as PNG: untouched if it is one.

    Raises:
        ContractError: If it is of another format and damaged.
    """
    return data if data.startswith(PNG_MAGIC) else encode(decode(data))
