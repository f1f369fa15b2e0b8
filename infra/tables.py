"""What must not be lost: predictions, reviews and their events, cameras, what people wrote."""

from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from infra.settings import Settings

_STRING = dynamodb.AttributeType.STRING
_NUMBER = dynamodb.AttributeType.NUMBER
_SHOWN_OF_A_WAFER = [
    *("camera", "lot", "wafer", "prediction", "probability", "model", "novelty"),
    *("review", "alert", "image_key"),
]
"""What a list of wafers shows; a heat map in every index would double what a prediction costs."""
_ASKED_OF_AN_ITEM = ["prediction", "probability", "novelty", "camera", "lot"]
"""What the backlog is filtered by; a small index is also one that is counted quickly."""


class Tables(Construct):
    """The tables: on demand, encrypted, restorable to any second of the last 35 days."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings

        self.predictions = self._table(
            "Predictions", ("imgid", _STRING), ("timestamp", _NUMBER), expires="expires_at"
        )
        _index(self.predictions, "by_camera", "fab_camera", "timestamp")
        _index(self.predictions, "by_lot", "fab_lot", "timestamp")
        _index(self.predictions, "by_fab", "fab", "timestamp", _SHOWN_OF_A_WAFER)
        _index(self.predictions, "by_label", "fab_label", "timestamp", ["fab", *_SHOWN_OF_A_WAFER])

        self.reviews = self._table("Reviews", ("item", _STRING))
        _index(self.reviews, "by_state", "fab_state", "opened_at", _ASKED_OF_AN_ITEM)
        _index(self.reviews, "by_turn", "fab_queue", "turn")

        self.events = self._table("Events", ("item", _STRING), ("seq", _NUMBER))
        _index(self.events, "by_time", "fab", "at_ms")

        self.papers = self._table(
            "Papers", ("kind", _STRING), ("name", _STRING), expires="expires_at"
        )

        self.cameras = self._table("Cameras", ("fab", _STRING), ("camera", _STRING))

    def _table(
        self,
        name: str,
        partition: tuple[str, dynamodb.AttributeType],
        order: tuple[str, dynamodb.AttributeType] | None = None,
        expires: str | None = None,
    ) -> dynamodb.Table:
        return dynamodb.Table(
            self,
            name,
            partition_key=_attribute(*partition),
            sort_key=_attribute(*order) if order else None,
            time_to_live_attribute=expires,
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            deletion_protection=not self._settings.in_sandbox,
            removal_policy=self._settings.removal_policy,
        )


def index_arn(table: dynamodb.Table, name: str) -> str:
    """Return the resource that a query of one of a table's indexes is granted on."""
    return f"{table.table_arn}/index/{name}"


def _index(
    table: dynamodb.Table,
    name: str,
    partition: str,
    order: str,
    attributes: list[str] | None = None,
) -> None:
    included = dynamodb.ProjectionType.INCLUDE if attributes else dynamodb.ProjectionType.ALL
    table.add_global_secondary_index(
        index_name=name,
        partition_key=_attribute(partition, _STRING),
        sort_key=_attribute(order, _NUMBER),
        projection_type=included,
        non_key_attributes=attributes,
    )


def _attribute(name: str, kind: dynamodb.AttributeType) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=kind)
