"""How the portal signs people in: Cognito's hosted page with an authorization code and PKCE; a password in the sandbox."""

from aws_cdk import Duration, Stack
from aws_cdk import aws_cognito as cognito
from constructs import Construct

from infra.people import People
from infra.settings import Settings

CALLBACK = "/signed-in"
"""Where the hosted page sends people back to; portal/src/auth/hosted.ts."""
_NOWHERE = "https://localhost"
"""Cognito wants an address; without a portal's nobody gets one that leads anywhere."""


class SignIn(Construct):
    """The portal's client of the user pool. It has no secret, for a browser keeps none; PKCE is in its place."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: Settings, people: People
    ) -> None:
        super().__init__(scope, construct_id)
        stack = Stack.of(self)
        home = settings.portal_url or _NOWHERE
        self.client = cognito.UserPoolClient(
            self,
            "Client",
            user_pool=people.pool,
            generate_secret=False,
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            auth_flows=cognito.AuthFlow(user_password=settings.in_sandbox),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[
                    cognito.OAuthScope.OPENID,
                    cognito.OAuthScope.EMAIL,
                    cognito.OAuthScope.PROFILE,
                ],
                callback_urls=[f"{home}{CALLBACK}"],
                logout_urls=[f"{home}/"],
            ),
            access_token_validity=Duration.hours(1),
            id_token_validity=Duration.hours(1),
            refresh_token_validity=Duration.days(1),
        )
        self.domain = cognito.UserPoolDomain(
            self,
            "Domain",
            user_pool=people.pool,
            cognito_domain=cognito.CognitoDomainOptions(domain_prefix=f"fabwafer-{stack.account}"),
        )
        self.issuer = people.issuer

    @property
    def url(self) -> str:
        """Return where the hosted page is."""
        return self.domain.base_url()
