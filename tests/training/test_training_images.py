from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from edge_component import pictures
from edge_component.pictures import decode_colours, encode_dies, examine
from fabwafer.errors import ContractError
from training.data import images
from training.data.images import (
    as_maps,
    as_seen,
    colour_of,
    die_codes,
    read_part,
    read_picture,
    shrunk,
)
from training.data.maps import Kind
from training.network.model import Planes

GREYS = np.array([0, 127, 255], np.uint8)
DIES = np.random.default_rng(3).integers(0, 3, (11, 7), dtype=np.uint8)
PHOTO = np.random.default_rng(4).integers(0, 256, (9, 6), dtype=np.uint8)
COLOURS = np.random.default_rng(5).integers(0, 256, (9, 6, 3), dtype=np.uint8)


def save(path: Path, picture: np.ndarray, mode: str | None = None) -> Path:
    image = Image.fromarray(picture)
    (image.convert(mode) if mode else image).save(path)
    return path


@given(st.integers(1, 6), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_dies_drawn_at_any_whole_scale_are_found_again(
    scale: int, height: int, width: int, seed: int
) -> None:
    dies = np.random.default_rng(seed).integers(0, 3, (height, width), dtype=np.uint8)
    drawn = np.kron(GREYS[dies], np.ones((scale, scale), np.uint8))
    found = die_codes(drawn)
    again = np.kron(found, np.ones((len(dies) // len(found),) * 2, np.uint8))
    assert again.tolist() == dies.tolist()


def test_a_map_that_is_no_enlargement_keeps_its_size() -> None:
    assert die_codes(GREYS[DIES]).tolist() == DIES.tolist()


@pytest.mark.parametrize("suffix", ["png", "bmp", "jpg"])
def test_the_usual_formats_are_read(tmp_path: Path, suffix: str) -> None:
    flat = np.full((12, 8), 90, np.uint8)
    assert read_picture(save(tmp_path / f"x.{suffix}", flat)).tolist() == flat.tolist()


SIXTEEN_BITS = np.random.default_rng(1).integers(0, 65_536, (5, 5), dtype=np.uint16)
ODD = [
    *((COLOURS, mode, "png") for mode in ("1", "L", "LA", "P", "RGB", "RGBA")),
    *((COLOURS, mode, "jpg") for mode in ("L", "RGB", "CMYK")),
    *((COLOURS, mode, "bmp") for mode in ("1", "L", "P", "RGB")),
    (SIXTEEN_BITS, None, "png"),
    (SIXTEEN_BITS % 256, None, "png"),
    (PHOTO, "RGBA", "png"),
]


@pytest.mark.parametrize("picture, mode, suffix", ODD)
def test_a_picture_is_read_as_the_edge_reads_it(
    tmp_path: Path, picture: np.ndarray, mode: str | None, suffix: str
) -> None:
    path = save(tmp_path / f"x.{suffix}", picture, mode)
    found, edge = read_picture(path), examine(path.read_bytes())
    assert as_seen(found, Kind.DIES).tolist() == edge.levels.tolist()
    assert as_seen(found, Kind.COLOUR).tolist() == decode_colours(path.read_bytes()).tolist()
    assert colour_of(found) == edge.colour


def test_training_reads_the_files_that_the_edge_reads() -> None:
    assert images.SUFFIXES == pictures.SUFFIXES
    assert images.MAX_BYTES > pictures.MAX_BYTES
    assert images.MAX_PIXELS > pictures.MAX_PIXELS


def test_colours_stay(tmp_path: Path) -> None:
    assert read_picture(save(tmp_path / "x.png", COLOURS)).tolist() == COLOURS.tolist()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        encode_dies(np.ones((60, 60), np.uint8))[:70],
        encode_dies(np.ones((60, 60), np.uint8))[:-20],
        BytesIO(b"GIF89a").getvalue(),
    ],
    ids=["empty", "text", "cut early", "cut late", "foreign format"],
)
def test_what_is_no_whole_picture_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "bad.png").write_bytes(content)
    with pytest.raises(ContractError, match=r"bad\.png: expected a whole"):
        read_picture(tmp_path / "bad.png")


def test_an_absent_picture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"x\.png: expected a picture, got 'No such file"):
        read_picture(tmp_path / "x.png")


def test_a_picture_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "x.png", np.zeros((5001, 10_000), np.uint8), "1")
    with pytest.raises(ContractError, match="at most 50,000,000 pixels, got .10000, 5001."):
        read_picture(path)


def test_the_photograph_of_a_telephone_ended_a_training(tmp_path: Path) -> None:
    photo = np.kron(COLOURS, np.ones((448, 504, 1), np.uint8))
    path = save(tmp_path / "x.png", photo)
    found = read_part(path, None, None)
    assert found.shape == (504, 504, 3)
    assert found[::56, ::84].tolist() == COLOURS.tolist()


@pytest.mark.parametrize("size", [(1, 1024), (600, 512), (777, 1999)], ids=str)
def test_a_shrunk_photograph_looks_the_same_to_a_network(size: tuple[int, int]) -> None:
    smooth = np.random.default_rng(6).integers(0, 256, (8, 8), dtype=np.uint8)
    photo = np.asarray(Image.fromarray(smooth).resize(size[::-1]))
    small = shrunk(photo)
    assert max(small.shape) <= images.LONGEST_SIDE
    planes = [
        Planes(25, Kind.GREY)(torch.from_numpy(np.array(each))[None]) for each in (photo, small)
    ]
    assert planes[0].numpy() == pytest.approx(planes[1].numpy(), abs=0.01)


def test_a_wafer_map_drawn_large_is_read_as_it_is(tmp_path: Path) -> None:
    drawn = np.kron(GREYS[DIES], np.ones((100, 100), np.uint8))
    path = save(tmp_path / "x.png", drawn)
    assert as_maps([read_part(path, None, None)], "a")[0].tolist() == DIES.tolist()
    assert as_maps([drawn], "a", Kind.GREY)[0].shape == (367, 350)


def test_a_picture_is_the_one_that_has_the_hash(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"x\.png: sha256: expected 00"):
        read_picture(save(tmp_path / "x.png", PHOTO), "0" * 64)


def test_pictures_of_dies_become_die_codes() -> None:
    maps = as_maps([GREYS[DIES], np.kron(GREYS[DIES], np.ones((3, 3), np.uint8)), DIES], "abc")
    assert maps.kind is Kind.DIES
    assert [maps[n].tolist() for n in range(3)] == [DIES.tolist()] * 3


def test_other_grey_pictures_stay_as_they_are() -> None:
    black = np.zeros((4, 4), np.uint8)
    maps = as_maps([PHOTO, black], "ab")
    assert maps.kind is Kind.GREY
    assert [maps[n].tolist() for n in range(2)] == [PHOTO.tolist(), black.tolist()]


def test_black_and_white_alone_is_no_wafer_map() -> None:
    assert as_maps([np.eye(5, dtype=np.uint8) * 255], "a").kind is Kind.GREY


def test_one_colour_picture_makes_all_of_them_colour() -> None:
    maps = as_maps([PHOTO, COLOURS], "ab")
    assert maps.kind is Kind.COLOUR
    assert maps[0][..., 2].tolist() == PHOTO.tolist()
    assert maps[1].tolist() == COLOURS.tolist()


def test_a_photograph_between_wafer_maps_is_refused_by_name() -> None:
    with pytest.raises(ContractError, match="odd: expected grey 0, 127, 255, as the others"):
        as_maps([GREYS[DIES], PHOTO], ["one", "odd"])


def test_told_that_they_are_dies_greys_a_little_off_are_taken_for_the_nearest() -> None:
    off = np.array([20, 140, 240], np.uint8)[DIES]
    assert as_maps([off], "a", Kind.DIES)[0].tolist() == DIES.tolist()


def test_one_picture_in_colour_stopped_every_training_until_it_was_old() -> None:
    logo = np.repeat(GREYS[DIES][..., None], 3, 2)
    logo[0, 0] = (250, 10, 10)
    grey = np.asarray(Image.fromarray(logo).convert("L"))
    found = as_maps([GREYS[DIES], logo], "ab", Kind.DIES)
    assert found[1].tolist() == die_codes(grey).tolist()


def test_colours_among_grey_photographs_are_refused() -> None:
    with pytest.raises(ContractError, match="odd: expected a picture of grey"):
        as_maps([COLOURS], ["odd"], Kind.GREY)


def test_told_that_they_are_in_colour_grey_pictures_get_channels() -> None:
    assert as_maps([PHOTO], "a", Kind.COLOUR)[0].shape == (9, 6, 3)
