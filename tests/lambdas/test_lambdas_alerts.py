import json

import pytest

from fabwafer.notices import Alert, WaferRef
from fabwafer.triage import MAX_WAFERS_PER_ALERT
from lambdas.alerts import email_text, sns_message, subject

SNS_LIMIT_BYTES = 256 * 1024


def alert(wafers=1, **changes):
    return Alert(
        **{
            "fab": "faba",
            "camera": "camera1",
            "lot": "lot47",
            "prediction": "Edge-Ring",
            "severity": "major",
            "wafers": tuple(
                WaferRef(imgid=f"img{n}", timestamp=1_554_134_552_946, probability=0.934, wafer=n)
                for n in range(1, wafers + 1)
            ),
        }
        | changes
    )


def test_the_text_tells_a_person_what_where_how_sure_and_where_to_look():
    assert email_text(alert(2), "https://portal.example").splitlines() == [
        "Edge-Ring on 2 wafers.",
        "",
        "Fab:      faba",
        "Camera:   camera1",
        "Lot:      lot47",
        "Severity: major",
        "",
        "- wafer 1 (img1): 93% sure",
        "- wafer 2 (img2): 93% sure",
        "",
        "https://portal.example/wafers?fab=faba&camera=camera1&prediction=Edge-Ring&lot=lot47",
    ]


def test_a_text_without_portal_lot_and_wafer_number_still_reads():
    bare = alert(lot=None, wafers=0).model_copy(
        update={"wafers": (WaferRef(imgid="img1", timestamp=2_000_000_000_000, probability=0.5),)}
    )

    text = email_text(bare, "")

    assert "Lot:      not given" in text
    assert text.endswith("- img1: 50% sure")


def test_the_link_has_no_lot_where_there_is_none():
    assert "lot=" not in email_text(alert(lot=None), "https://portal.example")


@pytest.mark.parametrize("lot", ["Lös", "\uffff", "x" * 64])
def test_a_subject_is_one_short_line_of_ascii(lot):
    line = subject(alert(lot=lot, fab="f" * 64, camera="c" * 64))

    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 100
    assert line.startswith("[major] Edge-Ring on 1 wafer, ")


def test_only_printable_characters_reach_a_mailbox():
    assert "Lot:      a?b\n" in email_text(alert(lot="a\uffffb"), "")


def test_the_largest_alert_fits_into_one_message():
    wafers = tuple(
        WaferRef(imgid="i" * 128, timestamp=253_402_300_799_999, probability=1 / 3, wafer=9999)
        for _ in range(MAX_WAFERS_PER_ALERT)
    )
    message = sns_message(alert().model_copy(update={"wafers": wafers}), "https://portal.example")

    assert len(message.encode()) < SNS_LIMIT_BYTES - 1024
    assert set(json.loads(message)) == {"default", "email"}
