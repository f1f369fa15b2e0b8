import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from awscrt.crypto import ECType  # type: ignore[import-untyped]
from edge_parts import Clock, write_bundle
from edge_signing import Signer

from edge_component.current_model import CurrentModel
from edge_component.health import Health
from edge_component.model_store import ModelStore
from edge_component.patterns import generate_label
from edge_component.trust import public_key
from fabwafer.errors import BundleError

RUINED = generate_label("Near-full", np.random.default_rng(1))


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


@pytest.fixture
def store(state: Path) -> ModelStore:
    return ModelStore(state)


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer()


@pytest.fixture
def strict(state: Path, signer: Signer) -> ModelStore:
    return ModelStore(state, signer.keys)


def kept_version(store: ModelStore) -> str | None:
    last_good = store.last_good()
    return None if last_good is None else last_good.classifier.manifest.version


class TestCopy:
    def test_a_loaded_model_outlives_its_files(self, store: ModelStore, tmp_path: Path) -> None:
        folder = write_bundle(tmp_path / "b")
        loaded = store.take_up(folder)
        shutil.rmtree(folder)
        assert loaded.classifier.classify([RUINED])[0].label == "Near-full"

    def test_a_new_version_takes_the_place_of_the_kept_one(
        self, store: ModelStore, tmp_path: Path
    ) -> None:
        store.take_up(write_bundle(tmp_path / "b", version="1"))
        store.take_up(write_bundle(tmp_path / "b", version="2"))
        assert kept_version(store) == "2"

    def test_a_crash_between_two_copies_leaves_one_that_can_be_used(
        self, store: ModelStore, state: Path, bundle: Path
    ) -> None:
        store.take_up(bundle)
        (state / "model").rename(state / "model.old")
        assert kept_version(store) == "1"

    def test_a_damaged_copy_was_never_repaired(
        self, store: ModelStore, state: Path, bundle: Path
    ) -> None:
        store.take_up(bundle)
        (state / "model" / "model.onnx").write_bytes(b"half")
        store.take_up(bundle)
        assert kept_version(store) == "1"

    def test_a_whole_copy_is_left_alone(self, store: ModelStore, state: Path, bundle: Path) -> None:
        store.take_up(bundle)
        copied = (state / "model").stat()
        store.take_up(bundle)
        assert (state / "model").stat().st_ino == copied.st_ino

    def test_a_copy_that_cannot_be_made_is_a_problem_and_no_obstacle(
        self, tmp_path: Path, bundle: Path
    ) -> None:
        (tmp_path / "in the way").write_text("")
        loaded = ModelStore(tmp_path / "in the way").take_up(bundle)
        assert loaded.problem is not None and "no copy" in loaded.problem

    def test_a_full_disk_costs_the_copy_and_neither_the_model_nor_the_last_good_one(
        self,
        strict: ModelStore,
        signer: Signer,
        tmp_path: Path,
        state: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        strict.take_up(signer.bundle(tmp_path / "b", 1))
        full = OSError(errno.ENOSPC, "No space left on device")

        def fail(*_arguments: object) -> None:
            raise full

        monkeypatch.setattr(shutil, "copyfile", fail)
        monkeypatch.setattr("edge_component.model_store.write_serials", fail)
        loaded = strict.take_up(signer.bundle(tmp_path / "b", 2))
        assert loaded.name == "tiny@2"
        assert loaded.problem is not None and "No space left" in loaded.problem
        assert kept_version(strict) == "1"
        assert not (state / "model.new").exists()

    def test_a_link_that_is_switched_while_loading_gives_no_mixture(
        self,
        strict: ModelStore,
        signer: Signer,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        link = tmp_path / "current"
        link.symlink_to(signer.bundle(tmp_path / "one", 1))
        other = signer.bundle(tmp_path / "two", 2)
        vouch = strict.keys.vouch

        def switching(folder: Path) -> object:
            link.unlink()
            link.symlink_to(other)
            return vouch(folder)

        monkeypatch.setattr(strict.keys, "vouch", switching)
        loaded = strict.take_up(link)
        assert (loaded.name, loaded.serial) == ("tiny@1", 1)
        assert kept_version(strict) == "1"


class TestSignature:
    def test_a_signed_bundle_runs_and_tells_its_serial(
        self, strict: ModelStore, signer: Signer, tmp_path: Path
    ) -> None:
        loaded = strict.take_up(signer.bundle(tmp_path / "b", 7))
        assert (loaded.name, loaded.serial, loaded.problem) == ("tiny@7", 7, None)

    def test_the_last_good_copy_is_vouched_for_too(
        self, strict: ModelStore, signer: Signer, tmp_path: Path, state: Path
    ) -> None:
        strict.take_up(signer.bundle(tmp_path / "b", 1))
        assert kept_version(strict) == "1"
        (state / "model" / "signature.json").unlink()
        assert kept_version(strict) is None

    def test_any_of_several_keys_may_sign(
        self, state: Path, signer: Signer, tmp_path: Path
    ) -> None:
        both = ModelStore(state, type(signer.keys)([Signer().der, signer.der]))
        assert both.take_up(signer.bundle(tmp_path / "b", 1)).serial == 1

    def test_an_unsigned_bundle_is_refused(self, strict: ModelStore, bundle: Path) -> None:
        with pytest.raises(BundleError, match=r"signature\.json: expected a signature .* got none"):
            strict.take_up(bundle)

    @pytest.mark.parametrize(
        "alter, match",
        [
            (lambda folder: (folder / "model.onnx").write_bytes(b"?"), "model.onnx: sha256"),
            (lambda folder: _rewrite(folder, version="9"), "manifest_sha256: expected"),
            (lambda folder: _resign(folder, serial=99), "value: expected"),
            (lambda folder: _resign(folder, model="tiny@9"), "value: expected"),
            (lambda folder: _resign(folder, value="AAAA"), "value: expected"),
            (lambda folder: _resign(folder, value="no base64!"), "value: expected"),
            (lambda folder: _resign(folder, key="0" * 64), "key: expected one of model_keys"),
            (lambda folder: _resign(folder, format=2), "format"),
            (lambda folder: (folder / "signature.json").write_text("{"), "signature"),
        ],
        ids=[
            *("model altered", "manifest altered", "serial raised", "model renamed"),
            *("value of no key", "value of no base64", "key unknown", "format unknown", "rubbish"),
        ],
    )
    def test_what_was_altered_is_refused(
        self,
        strict: ModelStore,
        signer: Signer,
        tmp_path: Path,
        alter: Callable[[Path], None],
        match: str,
    ) -> None:
        folder = signer.bundle(tmp_path / "b", 1)
        alter(folder)
        with pytest.raises(BundleError, match=match):
            strict.take_up(folder)

    def test_a_strangers_signature_is_refused(self, strict: ModelStore, tmp_path: Path) -> None:
        with pytest.raises(BundleError, match="key: expected one of model_keys"):
            strict.take_up(Signer().bundle(tmp_path / "b", 1))

    def test_a_signature_of_another_models_name_is_refused(
        self, strict: ModelStore, signer: Signer, tmp_path: Path
    ) -> None:
        folder = signer.sign(write_bundle(tmp_path / "b"), 1, signed_model="other@1")
        with pytest.raises(BundleError, match="model: expected tiny@1, got other@1"):
            strict.take_up(folder)

    def test_without_keys_an_unsigned_bundle_runs(self, store: ModelStore, bundle: Path) -> None:
        assert store.take_up(bundle).serial is None

    def test_without_keys_a_signature_is_told_and_binds_nobody(
        self, store: ModelStore, tmp_path: Path, state: Path
    ) -> None:
        assert store.take_up(Signer().bundle(tmp_path / "b", 9)).serial == 9
        assert store.take_up(Signer().bundle(tmp_path / "b", 3)).serial == 3
        assert not (state / "serials.json").exists()

    def test_without_keys_a_signature_of_another_manifest_is_not_told(
        self, store: ModelStore, tmp_path: Path
    ) -> None:
        folder = _rewrite(Signer().bundle(tmp_path / "b", 9), version="8")
        assert store.take_up(folder).serial is None

    @pytest.mark.parametrize(
        "text",
        ["", "no base64!", "AAAA", Signer().text[:-8], Signer(ECType.P_384).text],
        ids=["empty", "no base64", "no DER", "cut off", "another curve"],
    )
    def test_what_is_no_public_key_on_p256_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match="public key"):
            public_key(text)


def _rewrite(folder: Path, version: str) -> Path:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["version"], manifest["policy"]["model"] = version, f"tiny@{version}"
    path.write_text(json.dumps(manifest))
    return folder


def _resign(folder: Path, **changes: object) -> None:
    path = folder / "signature.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


class TestSerial:
    @pytest.mark.parametrize(
        "order, refused",
        [
            ([1, 2, 3], None),
            ([2, 1], 1),
            ([1, 2, 1], None),
            ([1, 2, 1, 2], None),
            ([1, 2, 3, 1], 1),
            ([1, 2, 3, 2, 1], 1),
            ([1, 3, 3, 3, 1], None),
            ([1, 5, 2], 2),
        ],
        ids=str,
    )
    def test_what_was_superseded_is_refused_but_for_the_one_directly_before(
        self,
        strict: ModelStore,
        signer: Signer,
        tmp_path: Path,
        order: list[int],
        refused: int | None,
    ) -> None:
        folders = {serial: signer.bundle(tmp_path / str(serial), serial) for serial in order}
        for serial in order[:-1]:
            strict.take_up(folders[serial])
        if refused is None:
            assert strict.take_up(folders[order[-1]]).serial == order[-1]
            return
        with pytest.raises(BundleError, match=f"serial: expected {max(order)} or more.* {refused}"):
            strict.take_up(folders[refused])

    def test_what_runs_starts_again_although_a_higher_serial_ran(
        self, strict: ModelStore, signer: Signer, tmp_path: Path, state: Path
    ) -> None:
        for serial in (1, 2, 1):
            strict.take_up(signer.bundle(tmp_path / "b", serial))
        restarted = ModelStore(state, signer.keys)
        assert restarted.take_up(tmp_path / "b").serial == 1
        assert kept_version(restarted) == "1"

    def test_the_way_back_is_an_old_model_under_a_new_serial(
        self, strict: ModelStore, signer: Signer, tmp_path: Path
    ) -> None:
        for serial, version in ((1, "1"), (2, "2"), (3, "1")):
            loaded = strict.take_up(signer.bundle(tmp_path / "b", serial, version))
        assert (loaded.name, loaded.serial) == ("tiny@1", 3)
        assert loaded.problem is None
        last_good = strict.last_good()
        assert last_good is not None and last_good.serial == 3

    def test_a_damaged_memory_keeps_no_model_from_running(
        self, strict: ModelStore, signer: Signer, tmp_path: Path, state: Path
    ) -> None:
        strict.take_up(signer.bundle(tmp_path / "b", 2))
        (state / "serials.json").write_bytes(b"\0\0")
        assert strict.take_up(signer.bundle(tmp_path / "b", 1)).serial == 1


class TestCurrentModel:
    @pytest.fixture
    def current(
        self, tmp_path: Path, strict: ModelStore, health: Health, clock: Clock
    ) -> CurrentModel:
        return CurrentModel(tmp_path / "b", strict, health, clock)

    def test_without_any_good_bundle_it_says_what_is_wrong(
        self, current: CurrentModel, health: Health
    ) -> None:
        assert current.get() is None
        assert "b/signature.json" in health.reasons["model"]

    def test_a_model_that_arrives_late_is_found(
        self, current: CurrentModel, signer: Signer, tmp_path: Path, health: Health, clock: Clock
    ) -> None:
        assert current.get() is None
        signer.bundle(tmp_path / "b", 1)
        assert current.get() is None
        clock.now += 30
        assert current.get() is not None
        assert (health.reasons, health.model, health.serial) == ({}, "tiny@1", 1)

    def test_a_good_model_is_loaded_once(
        self, current: CurrentModel, signer: Signer, tmp_path: Path, clock: Clock
    ) -> None:
        signer.bundle(tmp_path / "b", 1)
        first = current.get()
        clock.now += 100
        assert current.get() is first

    def test_the_last_good_one_serves_and_the_new_one_is_tried_again(
        self,
        current: CurrentModel,
        strict: ModelStore,
        signer: Signer,
        tmp_path: Path,
        health: Health,
        clock: Clock,
    ) -> None:
        strict.take_up(signer.bundle(tmp_path / "b", 1))
        (tmp_path / "b" / "model.onnx").write_bytes(b"corrupted on the way")
        serving = current.get()
        assert serving is not None
        assert "using tiny@1: " in health.reasons["model"]
        clock.now += 30
        assert current.get() is serving, "it was loaded anew at every attempt"
        signer.bundle(tmp_path / "b", 2)
        clock.now += 30
        current.get()
        assert (health.model, health.serial, health.reasons) == ("tiny@2", 2, {})

    def test_a_bundle_that_was_superseded_is_said_while_the_newer_one_serves(
        self,
        strict: ModelStore,
        current: CurrentModel,
        signer: Signer,
        tmp_path: Path,
        health: Health,
    ) -> None:
        for serial in (2, 3):
            strict.take_up(signer.bundle(tmp_path / "b", serial))
        signer.bundle(tmp_path / "b", 1)
        current.get()
        assert health.model == "tiny@3"
        assert "serial: expected 3 or more" in health.reasons["model"]
