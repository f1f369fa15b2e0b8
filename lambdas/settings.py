"""What each function is told through its environment; infra fills in the same classes."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field
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


class ReviewRules(_Settings):
    """How items are handed out, read twice and settled."""

    draw_key_id: str = Field(description="the KMS key that draws depend on")
    second_share: float = Field(0.2, ge=0, le=1)
    honeypot_pool: float = Field(0.1, ge=0, le=1)
    honeypot_share: float = Field(0.02, ge=0, le=1)
    lease_s: int = Field(300, ge=5)
    undo_s: int = Field(20, ge=0)


class ReviewApiSettings(ReviewRules):
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
    loop_parameter_prefix: str = "/fabwafer/loop"
    fabs: str = Field("", description="every fab, with commas between: what `fab:*` stands for")


class LoopWiring(BaseModel):
    """What review_api calls in the loop: in a parameter, for the loop's stack comes after the API's."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: ClassVar[str] = "portal"

    start_training: str = Field(description="the function's name")
    rollout_machine: str = Field(description="the state machine's ARN")


class WriteExportSettings(ReviewRules):
    """exports queue -> a file in the exports bucket."""

    predictions_table: str
    reviews_table: str
    events_table: str
    papers_table: str
    images_bucket: str
    exports_bucket: str


class PickReviewsSettings(_Settings):
    """every hour -> review queue: novel and varied wafers among those that nobody is asked about."""

    predictions_table: str
    reviews_table: str
    papers_table: str
    review_queue_url: str
    fabs: str = Field("", description="every fab, with commas between")
    pick_budget: int = Field(40, ge=0, description="wafers of a fab on a day")
    pick_spread_h: int = Field(
        24, ge=0, le=24, description="hours over which a day's budget is released; 0 at once"
    )


class StartTrainingSettings(_Settings):
    """schedule or a person's wish -> dataset version, training job; what runs is followed."""

    predictions_table: str
    reviews_table: str
    events_table: str
    papers_table: str
    images_bucket: str
    models_bucket: str
    notices_topic_arn: str
    register_function: str
    fabs: str = Field("", description="every fab, with commas between")
    models_parameter_prefix: str = "/fabwafer/models"
    first_model: str = Field(description="name@version of the bundle that was deployed first")
    first_model_key: str = Field(description="its zip in the models bucket")
    training_code_key: str = "code/training.zip"
    training_role_arn: str
    training_image: str
    training_instance: str
    training_instances: int = Field(1, ge=1)
    training_volume_gb: int = Field(50, ge=1)
    training_spot: bool = True
    training_runtime_s: int = Field(6 * 3600, ge=60)
    training_wait_s: int = Field(12 * 3600, ge=60)
    training_hyperparameters: str = Field("{}", description="JSON: option -> value")
    training_hourly_usd: float = Field(0, ge=0, description="of one machine; 0 unknown")
    training_labels: int = Field(150, ge=1, description="new labels that start a training")
    training_new_class: int = Field(30, ge=1, description="answers of an unknown class that do")
    training_least: int = Field(20, ge=1, description="new labels that drift or calendar need")
    training_days: float = Field(7, ge=0, description="the calendar's interval; 0 for none")
    training_cap_usd: float = Field(0, ge=0, description="a month's; 0 for none")
    training_pause_h: float = Field(24, ge=0, description="after a failure")
    held_out: float = Field(0.2, ge=0, lt=1, description="share of lots no model learns from")
    recent_days: float = Field(7, ge=0)
    recent_wafers: int = Field(5000, ge=0)


class RegisterModelSettings(_Settings):
    """a training job's change -> verdict, signed bundle, model package, rollout."""

    papers_table: str
    models_bucket: str
    notices_topic_arn: str
    signing_key_id: str
    rollout_arn: str = Field(description="the state machine of rollouts")
    package_group: str = "FabWaferWaferMap"
    models_parameter_prefix: str = "/fabwafer/models"
    training_image: str
    training_instances: int = Field(1, ge=1)
    training_hourly_usd: float = Field(0, ge=0)
    approval: bool = Field(False, description="whether a person decides about a candidate")
    release_rules: str = Field("{}", description="JSON: limit -> value, see fabwafer.release_rule")


class ReleaseModelSettings(_Settings):
    """a rollout's step -> component versions, deployments, papers, notices."""

    papers_table: str
    predictions_table: str
    reviews_table: str
    cameras_table: str
    models_bucket: str
    signing_key: str = Field(description="id, ARN or alias of the KMS key that vouches for bundles")
    notices_topic_arn: str
    rollout_machine_arn: str
    thing_groups_arn: str = Field(description="arn:...:iot:<region>:<account>:thinggroup")
    components_arn: str = Field(description="arn:...:greengrass:<region>:<account>:components")
    canary_group: str
    early_group: str
    everyone_group: str
    model_component: str
    shadow_component: str
    models_parameter_prefix: str = "/fabwafer/models"
    rollout_poll_s: int = Field(60, ge=1, description="between two looks at a stage")
    rollout_shadow_wafers: int = Field(200, ge=1)
    rollout_canary_wafers: int = Field(200, ge=1)
    rollout_early_wafers: int = Field(500, ge=1)
    rollout_everyone_wafers: int = Field(500, ge=1)
    rollout_stage_s: int = Field(259_200, ge=1, description="the longest that a stage lasts")
    rollout_silent_s: int = Field(900, ge=1, description="without a heartbeat a device is silent")


class WatchDriftSettings(_Settings):
    """a schedule -> drift papers, burst audits, notices."""

    predictions_table: str
    reviews_table: str
    papers_table: str
    cameras_table: str
    review_queue_url: str
    notices_topic_arn: str
    models_parameter_prefix: str = "/fabwafer/models"
    fabs: str = Field("", description="every fab, with commas between")
    drift_lots_per_day: float = Field(20, gt=0, description="of one fab")
    drift_settle_s: int = Field(120, ge=0, description="how late a prediction may be stored")
