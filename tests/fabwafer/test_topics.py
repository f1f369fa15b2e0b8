import pytest
from hypothesis import given
from hypothesis import strategies as st

from fabwafer.errors import ContractError
from fabwafer.topics import Kind, Topic, filters

names = st.from_regex(r"[A-Za-z0-9_.-]{1,64}", fullmatch=True).filter(lambda name: name.strip("."))


@given(
    fab=names,
    camera=names,
    kind=st.sampled_from([Kind.IMAGE, Kind.PREDICTION]),
    imgid=names | st.none(),
)
def test_every_topic_reads_back_as_it_was_written(fab, camera, kind, imgid):
    topic = Topic(fab, camera, kind, imgid)
    assert Topic.parse(str(topic)) == topic


@given(st.text(max_size=200))
def test_any_text_is_a_topic_or_a_contract_error(text):
    try:
        assert str(Topic.parse(text)) == text
    except ContractError as error:
        assert error.field in {"topic", "fab", "camera", "imgid"}


@pytest.mark.parametrize(
    ("text", "field"),
    [
        pytest.param("other/faba/camera1/img", "topic", id="foreign root"),
        pytest.param("fabwafer/faba/camera1", "topic", id="too short"),
        pytest.param("fabwafer/faba/camera1/video/img1", "topic", id="unknown kind"),
        pytest.param("fabwafer/faba/camera1/status/img1", "topic", id="status with an id"),
        pytest.param("fabwafer/faba/camera1/img/a/b", "topic", id="slash in the id"),
        pytest.param("fabwafer/faba/camera1/img/..", "imgid", id="parent folder"),
        pytest.param("fabwafer/./camera1/img/a", "fab", id="this folder"),
        pytest.param("fabwafer/faba/cam era/img/a", "camera", id="blank"),
        pytest.param("fabwafer/faba/camera1/img/a\n", "imgid", id="line end"),
        pytest.param(f"fabwafer/faba/{'c' * 65}/img/a", "camera", id="long camera"),
        pytest.param(f"fabwafer/faba/camera1/img/{'i' * 129}", "imgid", id="long id"),
        pytest.param("fabwafer/faba/camera1/img/", "imgid", id="empty id"),
    ],
)
def test_a_bad_topic_is_refused_by_the_level_that_is_wrong(text, field):
    with pytest.raises(ContractError) as caught:
        Topic.parse(text)
    assert caught.value.field == field


def test_the_short_form_needs_a_filter_of_its_own():
    assert filters(Kind.IMAGE) == ("fabwafer/+/+/img", "fabwafer/+/+/img/#")
    assert filters(Kind.STATUS) == ("fabwafer/+/+/status",)
