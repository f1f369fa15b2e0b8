"""What the cloud hands on about predictions: alerts to people and machines, requests to reviewers."""

from fabwafer.device_message import Message
from fabwafer.fields import (
    Finite,
    Fraction,
    ImageId,
    Lot,
    ModelName,
    Name,
    Reason,
    Timestamp,
    Wafer,
)


class WaferRef(Message):
    """One wafer named in an alert."""

    imgid: ImageId
    timestamp: Timestamp
    probability: Fraction
    wafer: Wafer | None = None


class Alert(Message):
    """The alert for machines: one fab, camera, lot and class, with every wafer it stands for."""

    fab: Name
    camera: Name
    lot: Lot | None = None
    prediction: str
    severity: str
    wafers: tuple[WaferRef, ...]


class ReviewRequest(Message):
    """A wafer that a person should look at."""

    imgid: ImageId
    timestamp: Timestamp
    fab: Name
    camera: Name
    prediction: str
    probability: Fraction
    reason: str
    lot: Lot | None = None
    wafer: Wafer | None = None
    model: ModelName | None = None
    novelty: Finite | None = None
    refused: Reason | None = None
