"""The whole of FabWafer's cloud. Synthesize with `npx cdk synth`; docs/operations.md deploys it."""

import os
import sys
from pathlib import Path

from aws_cdk import App

from fabwafer.errors import FabWaferError
from infra import findings
from infra.greengrass_stacks import GreengrassStack, RolloutStack
from infra.loop_stack import LoopStack
from infra.observability_stack import ObservabilityStack
from infra.portal_stack import PortalStack
from infra.settings import read_settings
from infra.stacks import DataStack, FleetStack, ServiceStack


def build(app: App, root: Path) -> None:
    """Put the stacks into the app, as its context asks for."""
    settings = read_settings(app.node, root)
    data = DataStack(app, "FabWaferData", settings)
    service = ServiceStack(app, "FabWaferService", settings, data)
    loop = LoopStack(app, "FabWaferLoop", settings, data, service)
    ObservabilityStack(app, "FabWaferObservability", settings, service, loop)
    fleet = FleetStack(app, "FabWaferFleet", settings)
    if not settings.in_sandbox:  # the emulator knows no Greengrass, and serves the portal itself
        canaries = GreengrassStack(app, "FabWaferGreengrass", settings, data)
        canaries.add_stack_dependency(fleet)
        RolloutStack(app, "FabWaferRollout", settings, canaries)
        if settings.portal_build is not None:
            PortalStack(app, "FabWaferPortal", settings, data, service)
    findings.check(app)


if __name__ == "__main__":
    # Run by hand, without the CDK's command line, the assembly would go to a temporary folder.
    app = App(outdir=os.environ.get("CDK_OUTDIR", "cdk.out"))
    try:
        build(app, Path(__file__).parent)
    except FabWaferError as error:
        sys.exit(f"app.py: {error}")
    app.synth()
