import pytest

from fabwafer.errors import ContractError
from fabwafer.labels import WM811K, LabelSet


@pytest.mark.parametrize("label", WM811K.names)
def test_every_label_is_known_in_any_case_and_punctuation(label):
    spellings = {
        label,
        label.upper(),
        label.lower(),
        label.replace("-", "_"),
        label.replace("-", " "),
    }
    assert {WM811K.canonical(spelling) for spelling in spellings} == {label}


def test_loc_is_not_edge_loc():
    assert WM811K.canonical("loc") == "Loc"


def test_an_unknown_label_is_refused_with_the_known_ones():
    with pytest.raises(
        ContractError, match="prediction: expected one of none, Center.*got 'Swirl'"
    ):
        WM811K.canonical("Swirl")


def test_only_the_normal_label_is_no_defect():
    assert [name for name in WM811K.names if not WM811K.is_defect(name)] == ["none"]


@pytest.mark.parametrize(
    ("names", "normal", "field"),
    [
        pytest.param(("good", "bad"), "none", "normal", id="no normal label"),
        pytest.param(("good", "Good"), "good", "labels", id="told apart by case only"),
    ],
)
def test_a_label_set_that_means_two_things_is_refused(names, normal, field):
    with pytest.raises(ContractError) as caught:
        LabelSet(names, normal)
    assert caught.value.field == field
