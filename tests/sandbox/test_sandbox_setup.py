import socket
from pathlib import Path
from types import ModuleType

import pytest

from sandbox import __main__ as command_line
from sandbox import launcher
from sandbox.demo import Options, plays
from sandbox.deploy import context_options
from sandbox.emulator import HOST, free_port
from sandbox.errors import SandboxError
from sandbox.parts import part, wrap


def test_a_taken_port_is_named() -> None:
    with socket.create_server((HOST, 0)) as owner:
        port = owner.getsockname()[1]
        with pytest.raises(SandboxError, match=f"port {port} .* is taken"):
            free_port(port)


def test_any_port_is_one_that_is_free() -> None:
    with socket.create_server((HOST, free_port())) as server:
        assert server.getsockname()[1] > 0


def test_what_an_account_is_told_in_cdk_json_the_sandbox_is_not() -> None:
    options = context_options(Path("fleet.json"), {"first_model": "wafer-map@0.1.0"})
    told = dict(option.split("=", 1) for option in options[1::2])
    assert set(options[::2]) == {"-c"}
    assert (told["stage"], told["fleet"]) == ("sandbox", "fleet.json")
    assert told["alert_email"] == told["portal_url"] == told["portal_certificate"] == ""
    assert told["first_model"] == "wafer-map@0.1.0"


@pytest.fixture
def emulator_module() -> ModuleType:
    module = ModuleType("ministack.services.iot")
    module.serve = lambda topic, payload: (topic, payload)  # type: ignore[attr-defined]
    return module


def test_a_part_that_is_gone_ends_the_start(emulator_module: ModuleType) -> None:
    with pytest.raises(SystemExit, match=r"ministack\.services\.iot\.gone is missing"):
        part(emulator_module, "gone")


def test_a_part_that_has_changed_ends_the_start(emulator_module: ModuleType) -> None:
    with pytest.raises(SystemExit, match="expected parameters topic, got topic payload"):
        wrap(emulator_module, "serve", "topic", lambda serve: serve)


def test_a_part_that_is_as_expected_is_replaced(emulator_module: ModuleType) -> None:
    wrap(emulator_module, "serve", "topic payload", lambda serve: lambda *args: [serve(*args)])
    assert emulator_module.serve("a", "b") == [("a", "b")]


def test_another_version_of_the_emulator_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.importlib.metadata, "version", lambda _: "9.9.9")
    with pytest.raises(SystemExit, match=rf"expected {launcher.VERSION}.*got 9\.9\.9"):
        launcher.main()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["demo", "--wafers", "0"], id="no wafers"),
        pytest.param(["demo", "--cameras", "none"], id="no number"),
        pytest.param(["demo", "--data", "/nowhere.npz"], id="no such file"),
        pytest.param([], id="no command"),
    ],
)
def test_a_wrong_command_line_is_an_error_of_its_own(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err


def test_a_folder_that_exists_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["demo", "--keep", str(tmp_path)]) == 2
    assert "expected a folder that does not exist yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--wafers", "3"], "--wafers: expected one for each of 4", id="fewer wafers"),
        pytest.param(
            ["--data", __file__], "expected flat, shapes, lot, wafer", id="nothing to play"
        ),
        pytest.param(
            ["--json", "nowhere/out.json"], "expected a folder that exists", id="no folder"
        ),
    ],
)
def test_a_demo_that_cannot_end_well_is_not_begun(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(["demo", *arguments]) == 2
    assert message in " ".join(capsys.readouterr().err.split())


def test_the_launcher_was_written_for_the_version_that_is_locked() -> None:
    locked = (Path(launcher.__file__).parents[1] / "requirements" / "emulator.txt").read_text()
    assert f"ministack=={launcher.VERSION}" in locked


def test_the_cameras_share_wafers_and_lots_without_rest() -> None:
    shared = plays(Options(wafers=10, cameras=4, data=Path("x.npz")))
    assert [play.wafers for play in shared] == [3, 3, 2, 2]
    assert [play.source()["offset"] for play in shared] == [0, 1, 2, 3]
    assert {play.source()["stride"] for play in shared} == {4}
