"""What the Pis run: one stack for the canaries, one for everyone else. The emulator has neither."""

from aws_cdk import Annotations, Stack
from constructs import Construct

from infra.camera_role import CameraRole
from infra.components import EDGE, MODEL, read_component
from infra.fleet import CANARIES, EVERYONE_ELSE, MODEL_CANARIES, MODEL_EARLY, MODEL_EVERYONE
from infra.greengrass import ComponentVersion, deploy, deploy_model
from infra.settings import Settings
from infra.stacks import DataStack

_NO_MODEL = (
    "Without first_model in the context no model is deployed to the rings:"
    " docs/operations.md, Deploy to AWS"
)
_ANY_MODEL = (
    "Without model_keys in the context key edge the Pis run any model, signed or not:"
    " docs/prepare-a-pi.md, Only signed models"
)


class GreengrassStack(Stack):
    """What the Pis run and may do; deployed to the canaries.

    The model that a fleet begins with is named by the context, not by what is shipped: a rollout's place is not taken by
    the next release of the software.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: Settings, data: DataStack
    ) -> None:
        super().__init__(
            scope, construct_id, description="FabWafer: components, roles of the Pis, canaries"
        )
        images = data.buckets.images
        for camera in settings.cameras:
            CameraRole(self, camera.thing, camera, images, data.buckets.models)
        components = [read_component(settings.components, name) for name in (EDGE, MODEL)]
        self.edge_version = components[0].version
        self.edge = settings.edge | {"images_bucket": images.bucket_name}
        created = {each.name: ComponentVersion(self, each.name, each) for each in components}
        if not self.edge.get("model_keys"):
            Annotations.of(self).add_warning_v2("fabwafer:model-keys", _ANY_MODEL)
        deploy(self, "Canaries", CANARIES, {EDGE: created[EDGE].created}, self.edge)
        if settings.first_model is None:
            Annotations.of(self).add_warning_v2("fabwafer:first-model", _NO_MODEL)
        else:
            first = deploy_model(self, "ModelCanaries", MODEL_CANARIES, settings.first_model)
            first.node.add_dependency(created[MODEL])


class RolloutStack(Stack):
    """The same for everyone else: deployed when the canaries have done well.

    The edge component's version is named here too: were it imported from the canaries' stack, no next version could be
    given there, for CloudFormation changes no export that is in use.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: Settings, canaries: GreengrassStack
    ) -> None:
        super().__init__(scope, construct_id, description="FabWafer: components for all Pis")
        self.add_stack_dependency(canaries)
        deploy(self, "Fleet", EVERYONE_ELSE, {EDGE: canaries.edge_version}, canaries.edge)
        if settings.first_model is not None:
            deploy_model(self, "ModelEarly", MODEL_EARLY, settings.first_model)
            deploy_model(self, "ModelEveryone", MODEL_EVERYONE, settings.first_model)
