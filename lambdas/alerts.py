"""A defect on its way to people: what waits in the alerts queue, and how it reads in the end."""

import json
from urllib.parse import urlencode

from fabwafer.device_message import Message
from fabwafer.messages import Prediction
from fabwafer.notices import Alert, WaferRef

_SUMMARY = {"imgid", "timestamp", "fab", "camera", "lot", "wafer", "prediction", "probability"}
_SUBJECT_CHARACTERS = 99


class AlertDue(Message):
    """A wafer that somebody is to be told about.

    Attributes:
        claim: The random mark of this message; the first one written to the record may alert.
        prediction: The stored prediction's summary.
    """

    claim: str
    prediction: Prediction


def alert_due(prediction: Prediction, claim: str) -> AlertDue:
    """Return what the alerts queue gets to know of a prediction."""
    summary = prediction.model_dump(include=_SUMMARY)
    return AlertDue(claim=claim, prediction=Prediction(**summary))


def subject(alert: Alert) -> str:
    """Return the subject of an e-mail: ASCII and below 100 characters, as SNS asks for."""
    where = f"{alert.fab}/{alert.camera}" + (f" lot {alert.lot}" if alert.lot else "")
    text = f"[{alert.severity}] {alert.prediction} on {_wafers(alert)}, {where}"
    plain = _printable(text).encode("ascii", "replace").decode()
    return plain[:_SUBJECT_CHARACTERS]


def email_text(alert: Alert, portal_url: str) -> str:
    """Return the text for a person: what, where, how sure, link."""
    lines = [
        f"{alert.prediction} on {_wafers(alert)}.",
        "",
        f"Fab:      {alert.fab}",
        f"Camera:   {alert.camera}",
        f"Lot:      {_printable(alert.lot or 'not given')}",
        f"Severity: {alert.severity}",
        "",
        *(_wafer_line(wafer) for wafer in alert.wafers),
    ]
    if portal_url:
        lines += ["", _link(alert, portal_url)]
    return "\n".join(lines)


def sns_message(alert: Alert, portal_url: str) -> str:
    """Return the message for SNS: JSON for machines, text for e-mail."""
    return json.dumps(
        {
            "default": alert.model_dump_json(exclude_none=True),
            "email": email_text(alert, portal_url),
        }
    )


def sns_attributes(alert: Alert) -> dict[str, str]:
    """Return what a subscription's filter can ask for."""
    return {
        "fab": alert.fab,
        "camera": alert.camera,
        "prediction": alert.prediction,
        "severity": alert.severity,
    }


def _wafers(alert: Alert) -> str:
    return "1 wafer" if len(alert.wafers) == 1 else f"{len(alert.wafers)} wafers"


def _wafer_line(wafer: WaferRef) -> str:
    name = wafer.imgid if wafer.wafer is None else f"wafer {wafer.wafer} ({wafer.imgid})"
    return f"- {name}: {wafer.probability:.0%} sure"


def _link(alert: Alert, portal_url: str) -> str:
    query = {"fab": alert.fab, "camera": alert.camera, "prediction": alert.prediction}
    if alert.lot is not None:
        query["lot"] = alert.lot
    return f"{portal_url}/wafers?{urlencode(query)}"


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
