import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lambda_pictures import broken_pictures, encoded, png
from PIL import Image

from fabwafer.errors import ContractError
from lambdas.pictures import MAX_SIDE_PIXELS, check_png


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(png(), id="grey"),
        pytest.param(encoded(Image.new("1", (26, 26)), "PNG"), id="black and white"),
        pytest.param(encoded(Image.new("P", (26, 26)), "PNG"), id="palette"),
        pytest.param(encoded(Image.new("RGBA", (26, 26)), "PNG"), id="colour"),
        pytest.param(encoded(Image.new("I;16", (26, 26)), "PNG"), id="16 bit"),
        pytest.param(png(size=(1, 1)), id="one pixel"),
        pytest.param(png(size=(MAX_SIDE_PIXELS, 2)), id="the longest side"),
    ],
)
def test_any_whole_png_is_a_picture(picture):
    check_png(picture)


@pytest.mark.parametrize("picture", broken_pictures())
def test_anything_else_is_refused(picture):
    with pytest.raises(ContractError, match=r"^bytes: expected"):
        check_png(picture)


@given(at=st.integers(0, len(png()) - 1), value=st.integers(0, 255), cut=st.integers(0, 40))
def test_no_damage_does_more_than_break_the_contract(at, value, cut):
    damaged = bytearray(png())
    damaged[at] = value
    try:
        check_png(bytes(damaged[: len(damaged) - cut]))
    except ContractError as error:
        assert error.field == "bytes"
    else:
        assert Image.open(io.BytesIO(damaged)).size == (26, 26)
