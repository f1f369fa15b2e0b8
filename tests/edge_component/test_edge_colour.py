from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from edge_parts import write_bundle
from PIL import Image

from edge_component.classifier import Classifier
from edge_component.pictures import check_colours, decode_colours
from fabwafer.errors import BundleError, ContractError

LABELS = ("red", "green", "blue")
COLOURS = np.random.default_rng(1).integers(0, 256, (7, 9, 3), dtype=np.uint8)


def png(picture: np.ndarray, mode: str | None = None) -> bytes:
    buffer = BytesIO()
    image = Image.fromarray(picture)
    (image.convert(mode) if mode else image).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def classifier(tmp_path: Path) -> Classifier:
    model = Path(__file__).with_name("colour.onnx").read_bytes()
    folder = write_bundle(tmp_path / "b", model=model, labels=LABELS, normal="red")
    return Classifier.load(folder)


@pytest.mark.parametrize("label", LABELS)
def test_a_graph_that_takes_colours_is_given_them(classifier: Classifier, label: str) -> None:
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[..., LABELS.index(label)] = 200
    from_png, from_array = classifier.classify([png(picture), picture])
    assert from_png == from_array
    assert from_png.label == label
    assert from_png.refused is None


def test_colours_of_the_same_brightness_are_told_apart(classifier: Classifier) -> None:
    red, blue = ((100, 50, 50), (50, 50, 182))
    found = classifier.classify([png(np.full((5, 5, 3), each, np.uint8)) for each in (red, blue)])
    assert [each.label for each in found] == ["red", "blue"]


def test_a_grey_picture_has_the_same_of_all_colours(classifier: Classifier) -> None:
    (found,) = classifier.classify([png(np.full((5, 5), 90, np.uint8))])
    assert set(found.scores.values()) == {0.3333}


@pytest.mark.parametrize("mode", [None, "RGBA"])
def test_colours_are_decoded_as_they_are(mode: str | None) -> None:
    assert decode_colours(png(COLOURS, mode)).tolist() == COLOURS.tolist()


def test_16_bits_of_grey_become_colours_of_8() -> None:
    wide = np.array([[0, 65_535]], np.uint16)
    assert decode_colours(png(wide)).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_a_damaged_colour_picture_is_refused(classifier: Classifier) -> None:
    with pytest.raises(ContractError, match="a whole PNG"):
        classifier.classify([png(COLOURS)[:-20]])


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
    ids=["grey", "four channels", "floats", "empty"],
)
def test_an_array_without_three_colours_is_refused(picture: np.ndarray) -> None:
    with pytest.raises(ContractError, match="image"):
        check_colours(picture)


def test_a_colour_bundle_with_too_few_labels_is_refused(tmp_path: Path) -> None:
    model = Path(__file__).with_name("colour.onnx").read_bytes()
    folder = write_bundle(tmp_path / "b", model=model, labels=LABELS[:2], normal="red")
    with pytest.raises(BundleError, match="model.onnx"):
        Classifier.load(folder)
