"""scripts/sign_bundle, against a KMS in memory."""

import importlib.machinery
import importlib.util
import json
import shutil

import boto3
import pytest
from greengrass_runtime import ROOT
from moto import mock_aws

from edge_component.trust import Keys, public_key
from fabwafer.errors import BundleError


@pytest.fixture
def kms(monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield boto3.client("kms")


@pytest.fixture
def key_of(kms):
    def make(spec="ECC_NIST_P256"):
        return kms.create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]

    return make


@pytest.fixture
def sign_bundle():
    path = str(ROOT / "scripts" / "sign_bundle")
    loader = importlib.machinery.SourceFileLoader("sign_bundle", path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("sign_bundle", loader))
    loader.exec_module(module)
    return module.main


@pytest.fixture
def unsigned(bundle, tmp_path):
    return shutil.copytree(bundle, tmp_path / "bundle")


def test_a_device_that_knows_the_printed_key_takes_the_bundle(
    sign_bundle, key_of, unsigned, capsys
):
    assert sign_bundle([str(unsigned), "--key", key_of(), "--serial", "7"]) == 0
    printed = capsys.readouterr().out.splitlines()[-1]
    signature = Keys([public_key(printed)]).vouch(unsigned)
    assert (signature.model, signature.serial) == ("wafer-map@1.2.3", 7)


def test_a_device_that_knows_another_key_refuses_it(sign_bundle, key_of, kms, unsigned):
    assert sign_bundle([str(unsigned), "--key", key_of(), "--serial", "1"]) == 0
    other = kms.get_public_key(KeyId=key_of())["PublicKey"]
    with pytest.raises(BundleError, match="key: expected one of model_keys"):
        Keys([other]).vouch(unsigned)


def test_signing_anew_replaces_the_signature(sign_bundle, key_of, unsigned):
    key = key_of()
    for serial in ("1", "2"):
        assert sign_bundle([str(unsigned), "--key", key, "--serial", serial]) == 0
    assert json.loads((unsigned / "signature.json").read_text())["serial"] == 2
    assert not list(unsigned.glob("*.part"))


def test_a_bundle_that_was_altered_is_not_signed(sign_bundle, key_of, unsigned, capsys):
    (unsigned / "model.onnx").write_bytes(b"another")
    assert sign_bundle([str(unsigned), "--key", key_of(), "--serial", "1"]) == 1
    assert "model.onnx: sha256" in capsys.readouterr().err
    assert not (unsigned / "signature.json").exists()


@pytest.mark.parametrize("serial", ["0", "-1"])
def test_a_serial_counts_from_one(sign_bundle, key_of, unsigned, serial):
    assert sign_bundle([str(unsigned), "--key", key_of(), f"--serial={serial}"]) == 1
    assert not (unsigned / "signature.json").exists()


def test_a_key_of_another_curve_is_refused(sign_bundle, key_of, unsigned, capsys):
    assert sign_bundle([str(unsigned), "--key", key_of("ECC_NIST_P384"), "--serial", "1"]) == 1
    assert "P-256" in capsys.readouterr().err


@pytest.mark.usefixtures("kms")
def test_a_key_that_is_not_there_is_named(sign_bundle, unsigned, capsys):
    assert sign_bundle([str(unsigned), "--key", "alias/none", "--serial", "1"]) == 1
    assert "alias/none" in capsys.readouterr().err
