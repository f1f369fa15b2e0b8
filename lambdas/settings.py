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
