"""Who may sign in to the portal: a user pool whose users an admin makes, with groups for roles and fabs."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.findings import accept
from infra.settings import Settings

ROLES = {
    "reviewer": "Answers what the model is unsure of",
    "engineer": "Looks, searches, compares, adjudicates, exports",
    "admin": "Frees items, writes the label book",
}
_EVERY_FAB = "fab:*"
_WHY_NO_PLUS = "Threat protection is billed for every user; nobody signs up here, and a second factor is required."
_PASSWORD = cognito.PasswordPolicy(
    min_length=12,
    require_digits=True,
    require_lowercase=True,
    require_symbols=True,
    require_uppercase=True,
)


class People(Construct):
    """The user pool. Its users are data: it outlives its stack, like the tables."""

    def __init__(self, scope: Construct, construct_id: str, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        self.pool = cognito.UserPool(
            self,
            "Pool",
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(username=True, email=True),
            sign_in_case_sensitive=False,
            password_policy=_PASSWORD,
            mfa=cognito.Mfa.OFF if settings.in_sandbox else cognito.Mfa.REQUIRED,
            mfa_second_factor=cognito.MfaSecondFactor(sms=False, otp=True),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            deletion_protection=not settings.in_sandbox,
            removal_policy=(RemovalPolicy.DESTROY if settings.in_sandbox else RemovalPolicy.RETAIN),
        )
        for finding in ("AwsSolutions-COG3", "AwsSolutions-COG8"):
            accept(self.pool, finding, _WHY_NO_PLUS)
        if settings.in_sandbox:
            accept(
                self.pool,
                "AwsSolutions-COG2",
                "Tests and a simulated reviewer sign in to the emulator, by a password drawn at every start.",
            )
        for name, meaning in ROLES.items():
            self._group(name, meaning)
        for fab in settings.fabs:
            self._group(f"fab:{fab}", f"Sees {fab}")
        self._group(_EVERY_FAB, "Sees every fab")

    @property
    def issuer(self) -> str:
        """Return who a token of this pool says that it is from."""
        region = Stack.of(self).region
        return f"https://cognito-idp.{region}.amazonaws.com/{self.pool.user_pool_id}"

    def _group(self, name: str, meaning: str) -> None:
        cognito.CfnUserPoolGroup(
            self,
            f"Group-{name.replace('*', 'every')}",
            group_name=name,
            description=meaning,
            user_pool_id=self.pool.user_pool_id,
        )
