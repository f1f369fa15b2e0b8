"""The key that draws depend on: in KMS, so that who knows an item's id cannot tell whether two people read it."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.functions import allow
from infra.settings import Settings


class Drawing(Construct):
    """The key, among the data: with another one, items that are open would be drawn anew."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Draws which of FabWafer's reviews are read twice",
            key_spec=kms.KeySpec.HMAC_256,
            key_usage=kms.KeyUsage.GENERATE_VERIFY_MAC,
            removal_policy=settings.removal_policy,
        )

    def allow_drawing(self, function: lambda_.IFunction) -> None:
        """Let a function draw as the others do."""
        allow(function, ["kms:GenerateMac"], self.key.key_arn)
