"""What the demonstration tells the app: minutes where a fab has days, and hundreds of wafers where it has thousands."""

import json
from collections.abc import Mapping

from lambdas.loop.records import MODEL
from sandbox.loop.first import VERSION, Recipes, recipe

CODE_KEY = "code/training.zip"
"""Where the training code lies in the models bucket."""


def context(recipes: Recipes) -> Mapping[str, str]:
    """Return the app's settings."""
    return {
        "audit_rate": "0.05",
        "second_share": "0.1",
        "undo_s": "2",
        "training_minutes": "1",
        "training_labels": "400",
        "training_new_class": "100",
        "training_least": "100",
        "training_pause_h": "0",
        "training_runtime_s": "1800",
        "training_wait_s": "1800",
        "training_options": json.dumps(recipe(recipes.again)),
        "training_code": CODE_KEY,
        "recent_wafers": "1000",
        "first_model": f"{MODEL}@{VERSION}",
        "first_model_key": f"bundles/{MODEL}@{VERSION}/1/wafer-map.zip",
        "rollout_poll_s": "5",
        "rollout_shadow_wafers": "120",
        "rollout_canary_wafers": "100",
        "rollout_early_wafers": "100",
        "rollout_everyone_wafers": "150",
        "rollout_stage_s": "600",
        "rollout_silent_s": "60",
        "pick_minutes": "1",
        "drift_minutes": "1",
    }
