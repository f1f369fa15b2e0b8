"""What SageMaker tells a training container, by files under /opt/ml and by variables -> `Job`.

The variables are those that the framework containers' toolkit sets; without it the files alone say the same.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fabwafer.errors import ContractError
from training.container.job import TRAIN, Job

BASE = "SAGEMAKER_BASE_DIR"
"""The toolkit's own variable for another place than /opt/ml."""
_OWN = ("export", "processes", "version")
_CHOICE = ("least", "lots", "without")
_LIMIT = "limit-"
_PORT = "29500"


def failure_file(environment: Mapping[str, str]) -> Path:
    """Return the file whose first 1,024 characters become the job's FailureReason."""
    return _base(environment) / "output" / "failure"


def read_job(environment: Mapping[str, str] = os.environ) -> Job:
    """Read variables and files.

    Raises:
        ContractError: If a file is no JSON, a value is of no use, or there is no channel with wafers.
    """
    base = _base(environment)
    if environment.get("WORLD_SIZE", "1") != "1":
        raise ContractError("WORLD_SIZE", environment["WORLD_SIZE"], "unset: a job starts torchrun")
    resources = _json(base / "input" / "config" / "resourceconfig.json")
    hosts, host = _hosts(resources, environment)
    told = _parameters(base, environment)
    limits = {name: value for name, value in told.items() if name.startswith(_LIMIT)}
    choice = {name: value for name, value in told.items() if name in _CHOICE}
    rest = told.keys() - {*_OWN, *limits, *choice}
    return Job(
        base=base,
        channels=_channels(base, environment),
        parameters={name: value for name, value in told.items() if name in rest},
        limits=limits,
        choice=choice,
        version=told.get("version", ""),
        hosts=hosts,
        host=host,
        interface=str(resources.get("network_interface_name", "")),
        processes=_processes(told, environment),
        export=_flag("export", told.get("export", "true")),
        model=Path(environment.get("SM_MODEL_DIR") or base / "model"),
        port=environment.get("MASTER_PORT", _PORT),
    )


def _base(environment: Mapping[str, str]) -> Path:
    return Path(environment.get(BASE, "/opt/ml"))


def _json(path: Path) -> dict[str, Any]:
    """Return the object in a file, an empty one without a file."""
    try:
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    except ValueError as error:
        raise ContractError(str(path), str(error), "JSON") from error
    return found


def _list(text: str | None) -> list[str]:
    try:
        found: list[str] = json.loads(text) if text else []
    except ValueError as error:
        raise ContractError("SM_HOSTS", text, "a JSON list") from error
    return found


def _hosts(
    resources: Mapping[str, Any], environment: Mapping[str, str]
) -> tuple[tuple[str, ...], str]:
    hosts = _list(environment.get("SM_HOSTS")) or resources.get("hosts") or ["localhost"]
    host = environment.get("SM_CURRENT_HOST") or resources.get("current_host") or hosts[0]
    if host not in hosts:
        raise ContractError("SM_CURRENT_HOST", host, f"one of {', '.join(hosts)}")
    return tuple(hosts), host


def _channels(base: Path, environment: Mapping[str, str]) -> dict[str, Path]:
    folders = (base / "input" / "data").glob("*/")
    prefix = "SM_CHANNEL_"
    told = {
        name.removeprefix(prefix).lower(): Path(value)
        for name, value in environment.items()
        if name.startswith(prefix)
    }
    channels = {folder.name: folder for folder in folders if folder.is_dir()} | told
    if TRAIN not in channels:
        raise ContractError("channels", sorted(channels), f"one of the name {TRAIN}")
    return channels


def _parameters(base: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """Return hyperparameters, all of them text; those of the toolkit itself begin with `sagemaker_`."""
    prefix = "SM_HP_"
    told = {
        name.removeprefix(prefix).lower(): value
        for name, value in environment.items()
        if name.startswith(prefix)
    }
    found = _json(base / "input" / "config" / "hyperparameters.json") | told
    return {
        name.replace("_", "-"): _text(value)
        for name, value in found.items()
        if not name.startswith("sagemaker_")
    }


def _text(value: object) -> str:
    """Undo the JSON that SageMaker's SDK wraps text in."""
    text = str(value)
    return str(json.loads(text)) if len(text) > 1 and text[0] == text[-1] == '"' else text


def _processes(parameters: Mapping[str, str], environment: Mapping[str, str]) -> int:
    """Return how many are wanted, else one a GPU, at least one."""
    gpus = len(list(Path("/dev").glob("nvidia[0-9]*")))
    wanted = parameters.get("processes") or environment.get("SM_NUM_GPUS") or str(gpus)
    if not wanted.isdecimal():
        raise ContractError("processes", wanted, "a whole number")
    return max(int(wanted), 1)


def _flag(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ContractError(name, text, "true or false")
    return text.lower() == "true"
