"""The key that vouches for models: asymmetric, in KMS, so that devices can check what nobody but KMS can sign."""

from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.functions import allow
from infra.settings import Settings

ALIAS = "alias/fabwafer-models"


class Signing(Construct):
    """The key, among the data: a fleet that checks signatures refuses every model that another one signed."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            description="Signs FabWafer's model bundles",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            removal_policy=settings.removal_policy,
        )
        self.key.add_alias(ALIAS)

    def allow_signing(self, function: lambda_.IFunction) -> None:
        """Let a function sign, and say which key it signed with."""
        allow(function, ["kms:Sign", "kms:GetPublicKey"], self.key.key_arn)
