import struct
import zlib
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from edge_component.pictures import (
    MAX_BYTES,
    PNG_MAGIC,
    _grey,
    as_png,
    check_grey,
    decode,
    encode,
    encode_dies,
    examine,
)
from fabwafer.errors import ContractError

DIES = np.array([[0, 1, 2], [2, 1, 0]], np.uint8)


def saved(form: str, mode: str = "L") -> bytes:
    buffer = BytesIO()
    Image.fromarray(np.zeros((20, 30), np.uint8)).convert(mode).save(buffer, form)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few bytes that says it is huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        PNG_MAGIC
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def test_a_die_grid_becomes_three_grey_levels() -> None:
    assert decode(encode_dies(DIES)).tolist() == [[0, 127, 255], [255, 127, 0]]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP"])
def test_the_usual_formats_are_read_and_sent_as_png(form: str) -> None:
    data = saved(form)
    assert decode(data).shape == (20, 30)
    assert as_png(data).startswith(PNG_MAGIC)


def test_a_png_is_sent_as_it_came() -> None:
    data = encode(DIES)
    assert as_png(data) is data


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "1", "I;16"])
def test_colours_and_depths_become_grey(mode: str) -> None:
    assert decode(saved("PNG", mode)).dtype == np.uint8


@pytest.mark.parametrize("mode", ["L", "LA", "1", "I;16"])
def test_a_grey_picture_has_no_colour(mode: str) -> None:
    assert examine(saved("PNG", mode)).colour == 0


@pytest.mark.parametrize(
    "pixel, share",
    [((200, 200, 200), 0.0), ((250, 240, 210), 0.0), ((200, 60, 60), 0.5)],
    ids=["grey", "in warm light", "red"],
)
def test_the_colour_of_a_picture_is_the_share_of_its_pixels_that_have_one(
    pixel: tuple[int, int, int], share: float
) -> None:
    picture = np.zeros((10, 10, 3), np.uint8)
    picture[:5] = pixel
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "PNG")
    assert examine(buffer.getvalue()).colour == share


@pytest.mark.parametrize(
    "data, field",
    [
        (b"", "image"),
        (b"no picture at all", "image"),
        (encode_dies(np.ones((50, 50), np.uint8))[:60], "image"),
        (encode(np.zeros((99, 99), np.uint8))[:-20], "image"),
        (saved("JPEG")[:200], "image"),
        (saved("GIF"), "image"),
        (bomb(5000, 10), "image.size"),
        (bomb(30_000, 30_000), "image.size"),
        (bomb(10_000, 10_000), "image.size"),
        (bomb(2049, 1025), "image.size"),
        (bomb(0, 10), "image"),
        (bomb(20, 20), "image"),
        (b"x" * (MAX_BYTES + 1), "image"),
    ],
    ids=[
        "empty", "text", "cut early", "cut late", "cut JPEG", "foreign format", "too wide",
        "bomb", "smaller bomb", "too many pixels", "no width", "no pixels", "too long",
    ],
)  # fmt: skip
def test_what_is_no_whole_picture_is_refused_before_it_costs_anything(
    data: bytes, field: str
) -> None:
    with pytest.raises(ContractError) as raised:
        decode(data)
    assert raised.value.field == field


@pytest.mark.parametrize(
    "grey",
    [
        np.zeros((2, 2, 3), np.uint8),
        np.zeros((2, 2), np.float32),
        np.zeros((0, 5), np.uint8),
        np.zeros((1, 5000), np.uint8),
        np.zeros((1025, 2049), np.uint8),
    ],
    ids=["colour", "floats", "empty", "too wide", "too many pixels"],
)
def test_an_array_of_another_shape_or_type_is_refused(grey: np.ndarray) -> None:
    with pytest.raises(ContractError):
        check_grey(grey)


def wide(levels: list[int], dtype: type = np.uint16) -> bytes:
    """A PNG of 16 bits a pixel."""
    buffer = BytesIO()
    Image.fromarray(np.array([levels], dtype)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "levels, read",
    [
        ([0, 32_767, 65_535], [0, 127, 255]),
        ([0, 300, 65_000], [0, 1, 253]),
        ([0, 127, 255], [0, 127, 255]),
        ([0, 1, 2], [0, 1, 2]),
    ],
    ids=["16 bits", "16 bits, other levels", "8 bits in 16", "die codes in 16"],
)
def test_levels_of_16_bits_were_clipped_so_that_good_dies_failed(
    levels: list[int], read: list[int]
) -> None:
    assert decode(wide(levels)).tolist() == [read]


def test_levels_that_no_png_can_have_are_refused() -> None:
    with pytest.raises(ContractError, match="levels"):
        _grey(Image.fromarray(np.array([[0, 70_000]], np.int32)))
