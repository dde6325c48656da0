"""Orthanc's DICOM TLS: which versions it is told to speak, and how its check tells a refusal from silence.

The lines of `openssl s_client` were recorded from Orthanc 1.12.7 on Debian 13; real hosts: tests/lab/test_verify.py.
"""

import importlib
import json
from types import SimpleNamespace
from typing import Any

import pytest

from roles.archive.checks.reading import NoAnswer
from tests.unit.test_archive_role import _example, _text

TLS = {"title": "BRIGID_ARC", "port": 2762, "tls": True}
TAKEN = "CONNECTED(00000003)\nNew, TLSv1.2, Cipher is ECDHE-ECDSA-AES128-GCM-SHA256\nProtocol: TLSv1.2\n"
REFUSED = (
    "40F74531227F0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:rec_layer_s3.c:918:\n"
    "New, (NONE), Cipher is (NONE)\n"
)
DOWN = "40277E79627F0000:error:8000006F:system library:BIO_connect:Connection refused:../crypto/bio/bio_sock2.c:183:\n"


def check(os: str, said: dict[str, str]) -> str:
    """What the role's check observes when openssl says this of each version."""
    module = importlib.import_module("roles.archive.checks.test_dicom_tls")
    told: dict[str, Any] = {}
    text = "".join(f"=== {version}\n{words}" for version, words in said.items())
    host = SimpleNamespace(run=lambda _: SimpleNamespace(stdout=text))
    module.test_dicom_tls_versions(host, {"dicom_tls": True, "dicom_port": 2762, "os": os}, told.__setitem__)
    return str(told["observed"])


def test_the_versions_are_pinned_where_orthanc_knows_them() -> None:
    new = json.loads(_text(_example(ae=TLS), "/etc/orthanc/orthanc.json"))
    assert new["DicomTlsMinimumProtocolVersion"] == 4
    assert {cipher.split("-")[0] for cipher in new["DicomTlsCiphersAccepted"]} == {"ECDHE"}
    assert {cipher.split("-")[1] for cipher in new["DicomTlsCiphersAccepted"]} == {"ECDSA", "RSA"}
    product = {"id": "orthanc", "version": "1.10.1"}
    old = json.loads(_text(_example(ae=TLS, os="debian-12", product=product), "/etc/orthanc/orthanc.json"))
    assert not {"DicomTlsMinimumProtocolVersion", "DicomTlsCiphersAccepted"} & old.keys()


def test_new_versions_are_spoken_and_old_ones_refused() -> None:
    good = {"tls1": REFUSED, "tls1_1": REFUSED, "tls1_2": TAKEN, "tls1_3": TAKEN}
    assert check("debian-13", good) == "speaks TLS 1.2 and TLS 1.3; asked for TLS 1.0, TLS 1.1, TLS 1.2, TLS 1.3"


def test_an_old_cipher_is_an_old_session() -> None:
    """Recorded from Orthanc 1.10.1 on Debian 12 with an RSA certificate, before its OpenSSL was told a minimum."""
    old = "verify return:1\nNew, SSLv3, Cipher is AES128-SHA\n    Protocol  : TLSv1\n"
    with pytest.raises(AssertionError, match=r"the DICOM port speaks TLS 1\.0, which RFC 8996 has withdrawn"):
        check("debian-12", {"tls1": old, "tls1_1": REFUSED, "tls1_2": TAKEN, "tls1_3": TAKEN})


def test_an_orthanc_that_cannot_be_told_its_ciphers_needs_an_rsa_certificate() -> None:
    with pytest.raises(AssertionError, match=r"refuses TLS 1\.2; hand in an RSA certificate"):
        check("debian-12", {"tls1": REFUSED, "tls1_1": REFUSED, "tls1_2": REFUSED, "tls1_3": TAKEN})


@pytest.mark.parametrize(
    ("changed", "raised", "said"),
    [
        ({"tls1_1": TAKEN}, AssertionError, "the DICOM port speaks TLS 1.1, which RFC 8996 has withdrawn"),
        ({"tls1_2": REFUSED}, AssertionError, "the DICOM port refuses TLS 1.2; run pacsmith build"),
        ({"tls1": DOWN}, NoAnswer, "openssl does not tell whether the DICOM port speaks TLS 1.0"),
        (dict.fromkeys(("tls1", "tls1_1", "tls1_2", "tls1_3"), DOWN), NoAnswer, "openssl does not tell"),
    ],
)
def test_what_is_wrong_is_short_and_silence_is_unknown(
    changed: dict[str, str], raised: type[Exception], said: str
) -> None:
    good = {"tls1": REFUSED, "tls1_1": REFUSED, "tls1_2": TAKEN, "tls1_3": TAKEN}
    with pytest.raises(raised, match=said):
        check("debian-13", good | changed)


def test_no_answer_at_all_is_unknown() -> None:
    with pytest.raises(NoAnswer):
        check("debian-13", {})
