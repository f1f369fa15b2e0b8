import pytest

from fabwafer.triage import Policy
from lambdas.policies import Policies


class Store:
    def __init__(self, **texts):
        self.texts = {name.replace("__", "/"): text for name, text in texts.items()}
        self.asked = []

    def read(self, name):
        self.asked.append(name)
        return self.texts.get(name)


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_a_released_model_brings_its_thresholds():
    store = Store(wafers__2=Policy(alert=0.7).model_dump_json())

    assert Policies(store.read).of("wafers@2").alert == 0.7


@pytest.mark.parametrize("model", [None, "unknown@1", "unknown@1+build"])
def test_a_prediction_of_no_known_model_gets_the_defaults(model):
    assert Policies(Store().read).of(model) == Policy()


def test_an_unknown_model_costs_one_call_in_five_minutes():
    store, clock = Store(), Clock()
    policies = Policies(store.read, clock)

    for clock.now_s in (0, 1, 299):
        policies.of("unknown@1")
    assert store.asked == ["unknown/1"]

    clock.now_s = 300
    policies.of("unknown@1")
    assert store.asked == ["unknown/1", "unknown/1"]


def test_a_new_policy_is_seen_after_five_minutes():
    store, clock = Store(wafers__2=Policy(alert=0.7).model_dump_json()), Clock()
    policies = Policies(store.read, clock)
    policies.of("wafers@2")

    store.texts["wafers/2"] = Policy(alert=0.6).model_dump_json()
    clock.now_s = 301

    assert policies.of("wafers@2").alert == 0.6


def test_a_name_that_no_parameter_may_have_is_never_asked_for():
    store = Store()

    Policies(store.read).of("wafers@2+abc")

    assert store.asked == []


def test_made_up_names_do_not_fill_the_memory():
    store = Store()
    policies = Policies(store.read)

    for number in range(2_500):
        policies.of(f"made-up@{number}")

    assert len(policies._known) <= 1_000


def test_a_failing_store_is_not_taken_for_a_missing_policy():
    def read(name):
        raise ConnectionError(name)

    with pytest.raises(ConnectionError):
        Policies(read).of("wafers@2")
