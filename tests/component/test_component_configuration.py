"""The recipe's own configuration, as Greengrass hands it to the component."""

import pytest

from edge_component.config import parse_settings
from edge_component.configuration import GreengrassConfiguration, component_values
from edge_component.health import Health
from fabwafer.errors import ContractError

SOURCE = {"source": {"kind": "folder", "folder": "/var/lib/fabwafer/pictures"}}


@pytest.fixture
def delivered(edge_recipe):
    return edge_recipe["ComponentConfiguration"]["DefaultConfiguration"]


def test_a_deployment_to_a_group_says_nothing_of_a_pi_but_its_thing_does(delivered):
    settings = parse_settings(component_values(delivered | SOURCE, "faba--camera1"))
    assert (settings.fab, settings.camera) == ("faba", "camera1")


def test_what_a_deployment_says_of_a_pi_counts(delivered):
    said = delivered | SOURCE | {"fab": "fabb", "camera": "camera-of-old"}
    settings = parse_settings(component_values(said, "faba--camera1"))
    assert (settings.fab, settings.camera) == ("fabb", "camera-of-old")


@pytest.mark.parametrize("thing", ["", "somebody", "--camera1", "faba--"])
def test_a_thing_that_names_no_camera_is_said_to_the_operator(delivered, thing):
    with pytest.raises(ContractError, match="^(fab|camera): "):
        parse_settings(component_values(delivered | SOURCE, thing))


def test_a_component_that_no_deployment_gave_a_source_says_so(delivered):
    with pytest.raises(ContractError, match="^source: "):
        parse_settings(component_values(delivered, "faba--camera1"))


class NucleusOfOneAnswer:
    def __init__(self, values):
        self.configuration = lambda: values


def test_the_component_asks_the_nucleus_and_its_environment(delivered, monkeypatch):
    monkeypatch.setenv("AWS_IOT_THING_NAME", "faba--camera1")
    read = GreengrassConfiguration(NucleusOfOneAnswer(delivered | SOURCE), Health()).read()
    assert parse_settings(read).camera == "camera1"
