"""What the component is told, by a JSON file or by Greengrass: parsed once, every scalar possibly a string."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from edge_component.trust import public_key
from fabwafer.fields import Name, contract_error
from fabwafer.messages import MAX_PREDICTION_BYTES


def _empty_is_absent(value: object) -> object:
    """Greengrass configuration cannot hold a null: a recipe's empty string means "not set"."""
    return None if value == "" else value


def _split(value: object) -> object:
    """A recipe's default is one string, empty or of keys with spaces or commas between them."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


def _is_key(text: str) -> str:
    public_key(text)
    return text


class _Section(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        coerce_numbers_to_str=True,
        regex_engine="python-re",
        allow_inf_nan=False,
    )


_DAY_S = 86_400.0
Seconds = Annotated[float, Field(gt=0, le=_DAY_S)]
OptionalText = Annotated[str | None, BeforeValidator(_empty_is_absent)]
OptionalPath = Annotated[Path | None, BeforeValidator(_empty_is_absent)]
PublicKey = Annotated[str, AfterValidator(_is_key)]


class FolderSource(_Section):
    """Pictures that a tool writes into a folder, local or on a share."""

    kind: Literal["folder"]
    folder: Path
    lot_pattern: OptionalText = None
    settle_s: Annotated[Seconds, Field(description="unchanged for so long means written")] = 1.0
    patience_s: Annotated[
        float, Field(ge=0, le=_DAY_S, description="before an unreadable file is rejected")
    ] = 10.0
    poll_s: Seconds = 0.5
    keep_files: Annotated[int, Field(ge=0, description="kept in done/ and rejected/ each")] = 1000

    @field_validator("lot_pattern")
    @classmethod
    def _names_a_lot(cls, pattern: str | None) -> str | None:
        try:
            groups = re.compile(pattern or "").groupindex
        except re.error as error:
            raise ValueError(f"a regular expression ({error})") from error
        if pattern and not set(groups) & {"lot", "wafer"}:
            raise ValueError("a group (?P<lot>...) or (?P<wafer>...)")
        return pattern


class SimulatorSource(_Section):
    """Generated wafers, or real ones replayed from an npz file, lot by lot."""

    kind: Literal["simulator"]
    npz: OptionalPath = None
    wafers: Annotated[int, Field(ge=0, description="0 is endless")] = 100
    rate_per_s: Annotated[float, Field(ge=0, le=10_000, description="0 is as fast as possible")] = 0
    seed: Annotated[int, Field(ge=0)] = 1
    offset: Annotated[int, Field(ge=0, description="first lot of the npz")] = 0
    stride: Annotated[int, Field(ge=1, description="takes every so many-th lot of the npz")] = 1


class VideoSource(_Section):
    """A V4L2 or libcamera device, one picture every `interval_s`."""

    kind: Literal["v4l2"]
    device: Annotated[int, Field(ge=0)] = 0
    interval_s: Seconds = 1.0


class GreengrassPublisher(_Section):
    """Through the Greengrass nucleus beside us."""

    kind: Literal["greengrass"]


class MqttPublisher(_Section):
    """Straight to a broker by MQTT5 with mutual TLS."""

    kind: Literal["mqtt"]
    endpoint: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65_535)] = 8883
    ca: OptionalPath = None
    certificate: Path
    key: Path
    client_id: Annotated[str, Field(min_length=1, max_length=128)]


class Settings(_Section):
    """The component's configuration; field names are the keys of the JSON file and of Greengrass."""

    fab: Name
    camera: Name
    model_dir: Path
    state_dir: Path
    model_keys: Annotated[
        tuple[PublicKey, ...],
        BeforeValidator(_split),
        Field(description="base64 of DER; without any, unsigned bundles run"),
    ] = ()
    shadow_dir: OptionalPath = Path("../com.fabwafer.ShadowModel/current")
    source: Annotated[FolderSource | SimulatorSource | VideoSource, Field(discriminator="kind")]
    publisher: Annotated[GreengrassPublisher | MqttPublisher, Field(discriminator="kind")]
    messages_per_s: Annotated[float, Field(ge=0.01, le=100)] = 20.0
    basic_ingest_rules: Annotated[
        dict[Literal["prediction", "img"], Annotated[str, Field(pattern=r"^\w{1,128}$")]] | None,
        BeforeValidator(_empty_is_absent),
    ] = None
    inline_limit_bytes: Annotated[int, Field(ge=0, le=128 * 1024)] = MAX_PREDICTION_BYTES
    images_bucket: Annotated[
        Annotated[str, Field(pattern=r"^[a-z0-9.-]{3,63}$(?!\n)")] | None,
        BeforeValidator(_empty_is_absent),
    ] = None
    outbox_limit_bytes: Annotated[int, Field(ge=64 * 1024)] = 256 * 1024 * 1024
    heartbeat_s: Seconds = 60.0
    threads: Annotated[int, Field(ge=1, le=16)] = 1
    journal: OptionalPath = None
    exit_when_done: bool = False

    @model_validator(mode="after")
    def _can_end(self) -> Self:
        endless = not isinstance(self.source, SimulatorSource) or self.source.wafers == 0
        if self.exit_when_done and endless:
            raise ValueError("exit_when_done only with a simulator of a finite number of wafers")
        return self


def parse_settings(values: Mapping[str, Any]) -> Settings:
    """Read a configuration.

    Raises:
        ContractError: If a value is wrong; it names the field and the value.
    """
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        # A union's branch ("source.folder.folder") is no key that anybody wrote: leave its tag out.
        path = [str(part) for part in first["loc"]]
        if len(path) > 1 and path[0] in ("source", "publisher"):
            del path[1]
        raise contract_error(first, ".".join(path) or "configuration") from error
