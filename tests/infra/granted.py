"""What the synthesized roles may do, and the names by which the tables of grants say what they should."""

import re
from collections.abc import Iterator

from synthesized import Cloud, text

DATA = "<FabWaferData:ExportsOutputFnGetAtt{}>"
QUEUE_SEND = {"sqs:SendMessage", "sqs:GetQueueAttributes", "sqs:GetQueueUrl"}
QUEUE_TAKE = {
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
}
LOG = {"logs:CreateLogStream", "logs:PutLogEvents"}
PREDICTIONS, REVIEWS, EVENTS, PAPERS, CAMERAS = (
    DATA.format(f"Tables{name}Arn")
    for name in ("Predictions", "Reviews", "Events", "Papers", "Cameras")
)
IMAGES, QUARANTINE, EXPORTS = (
    DATA.format(f"Buckets{name}Arn") for name in ("Images", "Quarantine", "Exports")
)
MODELS = DATA.format("BucketsModelsArn")
SIGNING_KEY, DRAWING_KEY = (DATA.format(f"{name}KeyArn") for name in ("Signing", "Drawing"))
QUERY = {"dynamodb:Query"}
PARAMETERS = "arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/fabwafer"

Grants = dict[str, dict[str, set[str]]]
"""Role -> resource -> actions."""


def granted(cloud: Cloud, stack: str) -> Grants:
    """Return what a stack's policies allow: the roles' own and those attached to any role."""
    found: Grants = {}
    for role, statement in statements(cloud, stack):
        assert statement["Effect"] == "Allow"
        for resource in listed(statement["Resource"]):
            actions = found.setdefault(role, {}).setdefault(without_hashes(text(resource)), set())
            actions.update(listed(statement["Action"]))
    return found


def statements(cloud: Cloud, stack: str) -> Iterator[tuple[str, dict]]:
    """Return each statement with its role."""
    for policy in cloud.resources(stack, "AWS::IAM::Policy").values():
        for role in policy["Properties"]["Roles"]:
            for each in policy["Properties"]["PolicyDocument"]["Statement"]:
                yield without_hashes(text(role)).strip("<>"), each
    for name, role in cloud.resources(stack, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            for each in policy["PolicyDocument"]["Statement"]:
                yield without_hashes(name), each


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def without_hashes(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?:[0-9A-F]{8}){1,2}(?=\b|Arn)", "", name)
