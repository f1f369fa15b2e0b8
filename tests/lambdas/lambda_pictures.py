"""Pictures of wafers, and what pretends to be one."""

import io
import struct
import zlib

import pytest
from PIL import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"


def png(grey: int = 127, size: tuple[int, int] = (26, 26)) -> bytes:
    """A plain grey picture."""
    return encoded(Image.new("L", size, grey), "PNG")


def encoded(image: Image.Image, kind: str) -> bytes:
    """A picture in one of Pillow's formats."""
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def header(width: int, height: int) -> bytes:
    """The first chunk of a grey PNG."""
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


def bomb(width: int, height: int) -> bytes:
    """A small file that is honest about being huge when decoded."""
    rows = zlib.compress(bytes(10_000_000), 9)
    return SIGNATURE + header(width, height) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def two_headers() -> bytes:
    """A file whose second header says that it is huge."""
    small = png()
    first = len(SIGNATURE) + len(header(1, 1))
    return small[:first] + header(60_000, 60_000) + small[first:]


def flipped() -> bytes:
    """A picture with one bit of its pixels changed on the way."""
    picture = bytearray(png())
    picture[picture.index(b"IDAT") + 6] ^= 1
    return bytes(picture)


def broken_pictures() -> list[object]:
    """Everything that must not be archived."""
    return [
        pytest.param(b"\x00", id="a byte"),
        pytest.param(b"<html>no picture</html>" * 9, id="a page"),
        pytest.param(encoded(Image.new("L", (26, 26)), "GIF"), id="a GIF"),
        pytest.param(encoded(Image.new("L", (26, 26)), "JPEG"), id="a JPEG"),
        pytest.param(SIGNATURE, id="a signature alone"),
        pytest.param(SIGNATURE + header(26, 26), id="a header alone"),
        pytest.param(SIGNATURE + b"\x00" * 40, id="zeros after the signature"),
        pytest.param(png()[:-20], id="a truncated PNG"),
        pytest.param(png(size=(400, 400))[:120], id="a PNG cut in its pixels"),
        pytest.param(flipped(), id="a damaged PNG"),
        pytest.param(bomb(60_000, 60_000), id="a decompression bomb"),
        pytest.param(bomb(1, 4097), id="a side too long"),
        pytest.param(two_headers(), id="a bomb behind a second header"),
        pytest.param(SIGNATURE + header(0, 26) + chunk(b"IEND", b""), id="no pixels"),
    ]
