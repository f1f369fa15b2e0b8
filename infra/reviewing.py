"""Reviews: queue -> open_review -> work items."""

from constructs import Construct

from infra.functions import Functions, Sizing, allow
from infra.queues import Intake, work_queue
from lambdas.settings import OpenReviewSettings

_SIZING = Sizing(timeout_s=60)
_INTAKE = Intake(batch=100, window_s=1, most_instances=5)


class Reviewing(Construct):
    """The review queue and what turns it into work items."""

    def __init__(self, scope: Construct, construct_id: str, functions: Functions) -> None:
        super().__init__(scope, construct_id)
        reviews = functions.tables.reviews
        self.work = work_queue(
            self, "Review", consumer_timeout_s=_SIZING.timeout_s, window_s=_INTAKE.window_s
        )
        told = OpenReviewSettings(reviews_table=reviews.table_name)
        self.function = functions.make("open_review", told, _SIZING)
        self.work.feed(self.function, _INTAKE)
        allow(self.function, ["dynamodb:PutItem"], reviews.table_arn)
