from pathlib import Path

import pytest
from synthesized import Cloud, synthesize, text

DATA, SERVICE = "FabWaferData", "FabWaferService"
PORTAL = "https://portal.example.com"


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Cloud:
    return synthesize(tmp_path_factory.mktemp("portal"), stage="sandbox", portal_url=f"{PORTAL}/")


def one(cloud: Cloud, stack: str, kind: str) -> dict:
    [found] = cloud.resources(stack, kind).values()
    return found["Properties"]


def test_nobody_signs_up_alone_and_everybody_has_a_second_factor(prod: Cloud) -> None:
    pool = one(prod, DATA, "AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert pool["DeletionProtection"] == "ACTIVE"


def test_there_is_a_group_for_every_role_and_fab(prod: Cloud) -> None:
    groups = prod.resources(DATA, "AWS::Cognito::UserPoolGroup").values()
    assert {each["Properties"]["GroupName"] for each in groups} == {
        "reviewer",
        "engineer",
        "admin",
        "fab:faba",
        "fab:fabb",
        "fab:*",
    }


def test_the_portals_client_keeps_no_secret_and_takes_no_password(prod: Cloud) -> None:
    client = one(prod, SERVICE, "AWS::Cognito::UserPoolClient")
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert "ALLOW_USER_PASSWORD_AUTH" not in client["ExplicitAuthFlows"]
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_the_sandbox_signs_in_by_password(sandbox: Cloud) -> None:
    client = one(sandbox, SERVICE, "AWS::Cognito::UserPoolClient")
    assert "ALLOW_USER_PASSWORD_AUTH" in client["ExplicitAuthFlows"]


def test_people_come_back_to_the_portal_alone(portal: Cloud) -> None:
    client = one(portal, SERVICE, "AWS::Cognito::UserPoolClient")
    assert client["CallbackURLs"] == [f"{PORTAL}/signed-in"]
    assert client["LogoutURLs"] == [f"{PORTAL}/"]


def test_no_route_is_open_to_who_has_no_token(prod: Cloud) -> None:
    routes = prod.resources(SERVICE, "AWS::ApiGatewayV2::Route").values()
    keys = {each["Properties"]["RouteKey"] for each in routes}
    assert keys == {"GET /{proxy+}", "POST /{proxy+}", "PUT /{proxy+}"}
    assert {each["Properties"]["AuthorizationType"] for each in routes} == {"JWT"}


def test_a_token_is_the_pools_own_and_for_this_client(prod: Cloud) -> None:
    authorizer = one(prod, SERVICE, "AWS::ApiGatewayV2::Authorizer")
    jwt = authorizer["JwtConfiguration"]
    assert text(jwt["Issuer"]).startswith("https://cognito-idp.<AWS::Region>.amazonaws.com/")
    assert "PeoplePool" in text(jwt["Issuer"])
    assert [text(each)[:13] for each in jwt["Audience"]] == ["<SignInClient"]
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]


def test_the_api_is_throttled_and_its_access_logged(prod: Cloud) -> None:
    stage = one(prod, SERVICE, "AWS::ApiGatewayV2::Stage")
    throttle = stage["DefaultRouteSettings"]
    assert (throttle["ThrottlingRateLimit"], throttle["ThrottlingBurstLimit"]) == (200, 400)
    assert text(stage["AccessLogSettings"]["DestinationArn"]).startswith("<PortalAccessLogs")


def test_the_portals_page_may_call_and_no_other(portal: Cloud, prod: Cloud) -> None:
    cors = one(portal, SERVICE, "AWS::ApiGatewayV2::Api")["CorsConfiguration"]
    assert cors["AllowOrigins"] == [PORTAL]
    assert set(cors["AllowHeaders"]) == {"authorization", "content-type"}
    assert cors["ExposeHeaders"] == ["retry-after"]
    assert "CorsConfiguration" not in one(prod, SERVICE, "AWS::ApiGatewayV2::Api")


def test_exports_are_forgotten_after_a_week(prod: Cloud) -> None:
    buckets = prod.resources(DATA, "AWS::S3::Bucket")
    [exports] = [each["Properties"] for name, each in buckets.items() if "Exports" in name]
    assert [rule["ExpirationInDays"] for rule in exports["LifecycleConfiguration"]["Rules"]] == [7]


SHOWN = {
    *("camera", "lot", "wafer", "prediction", "probability", "model", "novelty"),
    *("review", "alert", "image_key"),
}


FILTERED = {"prediction", "probability", "novelty", "camera", "lot"}


@pytest.mark.parametrize(
    ("name", "index", "held"),
    [
        ("Predictions", "by_fab", SHOWN),
        ("Predictions", "by_label", SHOWN | {"fab"}),
        ("Reviews", "by_state", FILTERED),
    ],
)
def test_an_index_of_the_portal_holds_what_a_list_shows_and_no_heat_map(
    prod: Cloud, name: str, index: str, held: set[str]
) -> None:
    tables = prod.resources(DATA, "AWS::DynamoDB::Table")
    [table] = [each["Properties"] for key, each in tables.items() if name in key]
    [found] = [each for each in table["GlobalSecondaryIndexes"] if each["IndexName"] == index]
    assert set(found["Projection"]["NonKeyAttributes"]) == held


def test_how_items_are_handed_out_is_told_by_the_context(tmp_path: Path) -> None:
    cloud = synthesize(tmp_path, stage="sandbox", second_share="0.5", lease_s="9", undo_s="0")
    functions = cloud.resources(SERVICE, "AWS::Lambda::Function").values()
    [told] = [
        each["Properties"]["Environment"]["Variables"]
        for each in functions
        if each["Properties"]["Handler"] == "lambdas.review_api.handler"
    ]
    assert (told["SECOND_SHARE"], told["LEASE_S"], told["UNDO_S"]) == ("0.5", "9", "0")
    assert told["FABS"] == "faba,fabb"
