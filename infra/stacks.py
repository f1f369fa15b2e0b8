"""The stacks that are everywhere, in AWS and in the sandbox, split by whether data is lost when one goes."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from fabwafer.topics import Kind
from infra.alerting import Alerting
from infra.assets import lambda_code
from infra.buckets import Buckets
from infra.drawing import Drawing
from infra.fleet import CameraThing, Groups
from infra.functions import Functions
from infra.ingest import Ingest
from infra.model_policies import ModelPolicies
from infra.people import People
from infra.queues import last_resort
from infra.review_api import ReviewApi
from infra.reviewing import Reviewing
from infra.routing import Routing
from infra.settings import Settings
from infra.sign_in import SignIn
from infra.signing import Signing
from infra.tables import Tables
from infra.watching import archive_image, record_heartbeat


class DataStack(Stack):
    """What must not be lost."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(
            scope,
            construct_id,
            description="FabWafer: predictions, reviews, cameras, pictures, people, keys",
            termination_protection=not settings.in_sandbox,
        )
        self.tables = Tables(self, "Tables", settings)
        self.buckets = Buckets(self, "Buckets", settings)
        self.people = People(self, "People", settings)
        self.signing = Signing(self, "Signing", settings)
        self.drawing = Drawing(self, "Drawing", settings)
        ModelPolicies(self, "ModelPolicies", settings)
        _outputs(
            self,
            PredictionsTable=self.tables.predictions.table_name,
            ReviewsTable=self.tables.reviews.table_name,
            EventsTable=self.tables.events.table_name,
            PapersTable=self.tables.papers.table_name,
            CamerasTable=self.tables.cameras.table_name,
            ImagesBucket=self.buckets.images.bucket_name,
            QuarantineBucket=self.buckets.quarantine.bucket_name,
            ExportsBucket=self.buckets.exports.bucket_name,
            ModelsBucket=self.buckets.models.bucket_name,
            UserPoolId=self.people.pool.user_pool_id,
            SignInIssuer=self.people.issuer,
            SigningKeyId=self.signing.key.key_id,
        )


class ServiceStack(Stack):
    """Everything between a topic and the data: it can go and come back."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: Settings, data: DataStack
    ) -> None:
        super().__init__(
            scope, construct_id, description="FabWafer: rules, queues, functions, alerts"
        )
        functions = Functions(self, settings, lambda_code(settings), data.tables, data.buckets)

        self.rule_errors = last_resort(self, "RuleErrors")
        self.failed_invocations = last_resort(self, "FailedInvocations")

        self.alerting = Alerting(self, "Alerting", functions)
        self.reviewing = Reviewing(self, "Reviewing", functions)
        self.routing = Routing(
            self,
            "Routing",
            functions,
            alerts=self.alerting.work.queue,
            reviews=self.reviewing.work.queue,
        )
        self.archive_image = archive_image(functions, self.failed_invocations)
        self.record_heartbeat = record_heartbeat(functions, self.failed_invocations)

        self.sign_in = SignIn(self, "SignIn", settings, data.people)
        self.review_api = ReviewApi(self, "Portal", functions, self.sign_in, data.drawing)

        ingest = Ingest(self, "Ingest", self.rule_errors)
        ingest.to_queue(Kind.PREDICTION, self.routing.work.queue)
        ingest.to_function(Kind.IMAGE, self.archive_image)
        ingest.to_function(Kind.STATUS, self.record_heartbeat)

        self.work_queues = {
            "Predictions": self.routing.work,
            "Alerts": self.alerting.work,
            "Review": self.reviewing.work,
            "Exports": self.review_api.exports,
        }
        self.failure_queues = {
            "RuleErrors": self.rule_errors,
            "FailedInvocations": self.failed_invocations,
            **{f"{name}Dlq": work.dead_letters for name, work in self.work_queues.items()},
        }
        self.functions = {
            "RoutePrediction": self.routing.function,
            "SendAlerts": self.alerting.function,
            "OpenReview": self.reviewing.function,
            "ArchiveImage": self.archive_image,
            "RecordHeartbeat": self.record_heartbeat,
            "ReviewApi": self.review_api.function,
            "WriteExport": self.review_api.exporter,
        }
        _outputs(
            self,
            AlertTopicArn=self.alerting.topic.topic_arn,
            ReviewApiUrl=self.review_api.url,
            UserPoolClientId=self.sign_in.client.user_pool_client_id,
            SignInUrl=self.sign_in.url,
            **{f"{name}QueueUrl": work.queue.queue_url for name, work in self.work_queues.items()},
            RuleErrorsQueueUrl=self.rule_errors.queue_url,
            FailedInvocationsQueueUrl=self.failed_invocations.queue_url,
            **{
                f"{name}DlqUrl": work.dead_letters.queue_url
                for name, work in self.work_queues.items()
            },
            **{f"{name}Function": each.function_name for name, each in self.functions.items()},
        )


class FleetStack(Stack):
    """The cameras as AWS IoT knows them."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id, description="FabWafer: things, policies, groups")
        Groups(self, "Groups", settings.fabs)
        for camera in settings.cameras:
            CameraThing(self, camera.thing, camera, greengrass=not settings.in_sandbox)


def _outputs(stack: Stack, **values: str) -> None:
    for name, value in values.items():
        CfnOutput(stack, name, value=value)
