"""The portal's API: HTTP API -> JWT authorizer -> review_api; exports are written by a function of their own."""

import json
from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.drawing import Drawing
from infra.functions import Functions
from infra.queues import Intake, work_queue
from infra.review_functions import EXPORTING, answering, exporting
from infra.settings import Settings
from infra.sign_in import SignIn

_INTAKE = Intake(batch=1, window_s=0, most_instances=2)
_RATE, _BURST = 200, 400
"""Requests a second: a hundred people who answer twice a second."""
_METHODS = [api.HttpMethod.GET, api.HttpMethod.POST, api.HttpMethod.PUT]
_PREFLIGHT_KEPT = Duration.hours(2)
_LOGGED = {
    "request": "requestId",
    "time": "requestTime",
    "ip": "identity.sourceIp",
    "method": "httpMethod",
    "path": "path",
    "status": "status",
    "bytes": "responseLength",
    "latency_ms": "responseLatency",
    "error": "authorizer.error",
}


class ReviewApi(Construct):
    """The API, what it may touch, and the exports queue."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        functions: Functions,
        sign_in: SignIn,
        drawing: Drawing,
    ) -> None:
        super().__init__(scope, construct_id)
        self.exports = work_queue(
            self,
            "Exports",
            consumer_timeout_s=EXPORTING.timeout_s,
            window_s=_INTAKE.window_s,
            attempts=3,
        )
        self.function = answering(functions, drawing, self.exports.queue.queue_url)
        self.exports.queue.grant_send_messages(self.function)
        self.exporter = exporting(functions, drawing)
        self.exports.feed(self.exporter, _INTAKE)
        self.api = _http_api(self, functions.settings, self.function, sign_in)
        self.stage = _stage(self, functions.settings, self.api)

    @property
    def url(self) -> str:
        """Return where the API answers, without a slash at its end."""
        return self.api.api_endpoint


def _http_api(
    scope: Construct, settings: Settings, function: lambda_.Function, sign_in: SignIn
) -> api.HttpApi:
    made = api.HttpApi(
        scope,
        "Api",
        description="FabWafer review",
        create_default_stage=False,
        cors_preflight=_cors(settings.portal_url),
        default_authorizer=authorizers.HttpJwtAuthorizer(
            "People", sign_in.issuer, jwt_audience=[sign_in.client.user_pool_client_id]
        ),
    )
    # Named methods: ANY would take the browser's OPTIONS, which carries no token, to the authorizer.
    made.add_routes(
        path="/{proxy+}",
        methods=_METHODS,
        integration=integrations.HttpLambdaIntegration("ReviewApi", function),
    )
    return made


def _cors(portal_url: str) -> api.CorsPreflightOptions | None:
    if not portal_url:
        return None
    return api.CorsPreflightOptions(
        allow_origins=[portal_url],
        allow_methods=[
            api.CorsHttpMethod.GET,
            api.CorsHttpMethod.POST,
            api.CorsHttpMethod.PUT,
        ],
        allow_headers=["authorization", "content-type"],
        expose_headers=["retry-after"],
        max_age=_PREFLIGHT_KEPT,
    )


def _stage(scope: Construct, settings: Settings, made: api.HttpApi) -> api.HttpStage:
    log_group = logs.LogGroup(
        scope,
        "AccessLogs",
        retention=logs.RetentionDays.THREE_MONTHS,
        removal_policy=settings.removal_policy,
    )
    stage = api.HttpStage(
        scope,
        "Stage",
        http_api=made,
        stage_name="$default",
        auto_deploy=True,
        throttle=api.ThrottleSettings(rate_limit=_RATE, burst_limit=_BURST),
    )
    logged = {name: f"$context.{path}" for name, path in _LOGGED.items()}
    cast(
        "api.CfnStage", stage.node.default_child
    ).access_log_settings = api.CfnStage.AccessLogSettingsProperty(
        destination_arn=log_group.log_group_arn, format=json.dumps(logged)
    )
    return stage
