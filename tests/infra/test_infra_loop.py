"""The loop's stack as the app has it; its parts have tests of their own."""

import json
import re

from synthesized import Cloud, text

from infra.review_functions import LOOP_PREFIX
from lambdas.settings import LoopWiring

LOOP = "FabWaferLoop"
_NOTICES = "NOTICES_TOPIC_ARN"


def imported_from(cloud: Cloud, stack: str) -> set[str]:
    """Return the stacks whose exports a stack's template reads."""
    found = re.findall(r'"Fn::ImportValue": ?"([A-Za-z]+):', json.dumps(cloud.template(stack)))
    return set(found)


def test_the_loop_can_be_taken_away_without_touching_the_service(prod: Cloud) -> None:
    readers = {stack for stack in prod.stacks if LOOP in imported_from(prod, stack)}
    assert readers == {"FabWaferObservability"}


def test_the_portals_api_finds_the_loop_by_a_parameter(prod: Cloud) -> None:
    [parameter] = prod.resources(LOOP, "AWS::SSM::Parameter").values()
    told = LoopWiring.model_validate_json(text(parameter["Properties"]["Value"]))
    assert parameter["Properties"]["Name"] == f"{LOOP_PREFIX}/{LoopWiring.name}"
    assert told.start_training.startswith("<StartTraining")
    assert told.rollout_machine.startswith("<RolloutMachine")


def test_notices_go_to_the_people_who_get_alerts(prod: Cloud) -> None:
    [subscription] = prod.resources(LOOP, "AWS::SNS::Subscription").values()
    assert subscription["Properties"]["Endpoint"] == "people@example.com"
    assert text(subscription["Properties"]["TopicArn"]).startswith("<Notices")


def test_every_function_that_tells_people_knows_the_notices(prod: Cloud) -> None:
    functions = prod.resources(LOOP, "AWS::Lambda::Function").values()
    variables = [each["Properties"]["Environment"]["Variables"] for each in functions]
    told = [text(each[_NOTICES]) for each in variables if _NOTICES in each]
    assert len(told) == 4
    assert all(topic.startswith("<Notices") for topic in told)


def test_the_machine_that_is_started_is_the_one_that_there_is(prod: Cloud) -> None:
    [machine] = prod.resources(LOOP, "AWS::StepFunctions::StateMachine").values()
    functions = prod.resources(LOOP, "AWS::Lambda::Function").values()
    [told] = [
        text(variables["ROLLOUT_MACHINE_ARN"])
        for each in functions
        if "ROLLOUT_MACHINE_ARN" in (variables := each["Properties"]["Environment"]["Variables"])
    ]
    assert told.endswith(f":stateMachine:{machine['Properties']['StateMachineName']}")
