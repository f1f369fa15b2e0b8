"""What somebody is woken by, of all stacks."""

from aws_cdk import Annotations, Stack
from constructs import Construct

from infra.loop_stack import LoopStack
from infra.observability import QUARANTINING, Alarms, alarm_topic, dashboard
from infra.settings import Settings
from infra.stacks import ServiceStack

_NOBODY = "Without alert_email in the context nobody hears alerts, alarms and notices, but who subscribes by hand"


class ObservabilityStack(Stack):
    """Alarms and the dashboard."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: Settings,
        service: ServiceStack,
        loop: LoopStack,
    ) -> None:
        super().__init__(scope, construct_id, description="FabWafer: alarms, dashboard")
        if settings.alert_email is None and not settings.in_sandbox:
            Annotations.of(self).add_warning_v2("fabwafer:alert-email", _NOBODY)
        alarms = Alarms(self, "Alarms", alarm_topic(self, settings))
        failures = service.failure_queues | {"FailedLoopInvocations": loop.failures}
        functions = service.functions | loop.functions
        for name, queue in failures.items():
            alarms.on_failures(name, queue)
        for name, work in service.work_queues.items():
            alarms.on_age(f"{name}Age", work.queue)
        for name, function in functions.items():
            alarms.on_function(name, function)
        alarms.on_executions("Rollout", loop.rollout)
        alarms.on_server_errors("ReviewApiServerErrors", service.review_api.api)
        alarms.on_quarantine(QUARANTINING)
        for camera in settings.cameras:
            alarms.on_silence(camera)
        dashboard(
            self,
            list(functions.values()),
            [work.queue for work in service.work_queues.values()],
            list(failures.values()),
            settings.cameras,
        )
