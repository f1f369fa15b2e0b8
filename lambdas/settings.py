"""What each function is told through its environment; infra fills in the same classes."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)

    def environment(self) -> dict[str, str]:
        """Return the environment variables that carry these settings."""
        return {name.upper(): str(value) for name, value in self.model_dump().items()}


class RoutePredictionSettings(_Settings):
    """predictions queue -> table, alerts queue, review queue."""

    predictions_table: str
    alerts_queue_url: str
    review_queue_url: str
    quarantine_bucket: str
    models_parameter_prefix: str = "/fabwafer/models"
    audit_rate: float = Field(0.02, ge=0, le=1)
    keep_days: int = Field(0, ge=0, description="0 keeps predictions for ever")


class SendAlertsSettings(_Settings):
    """alerts queue -> alert topic, folded and paced."""

    predictions_table: str
    alert_topic_arn: str
    portal_url: str = ""
    alert_interval_s: float = Field(
        0.6, gt=0, description="pause between two messages of one instance"
    )
    critical_labels: str = "Near-full"


class OpenReviewSettings(_Settings):
    """review queue -> work items."""

    reviews_table: str


class ArchiveImageSettings(_Settings):
    """img messages -> images bucket."""

    images_bucket: str
    quarantine_bucket: str


class RecordHeartbeatSettings(_Settings):
    """status messages -> cameras table and metrics."""

    cameras_table: str
    quarantine_bucket: str


class ReviewApiSettings(_Settings):
    """the portal's requests -> work items, events, wafers, statistics."""

    predictions_table: str
    reviews_table: str
    events_table: str
    papers_table: str
    cameras_table: str
    images_bucket: str
    exports_bucket: str
    exports_queue_url: str
    models_parameter_prefix: str = "/fabwafer/models"
    fabs: str = Field("", description="every fab, with commas between: what `fab:*` stands for")
    second_share: float = Field(0.2, ge=0, le=1)
    honeypot_pool: float = Field(0.1, ge=0, le=1)
    honeypot_share: float = Field(0.02, ge=0, le=1)
    lease_s: int = Field(300, ge=5)
    undo_s: int = Field(20, ge=0)


class WriteExportSettings(_Settings):
    """exports queue -> a file in the exports bucket."""

    predictions_table: str
    reviews_table: str
    events_table: str
    papers_table: str
    images_bucket: str
    exports_bucket: str
