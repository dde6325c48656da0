"""Which versions of TLS Orthanc's DICOM port speaks: tried one by one, on the host itself, with its own certificate."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from testinfra.host import Host

from builder.probes.observed import told

from .reading import NoAnswer

OLD, NEW = ("tls1", "tls1_1"), ("tls1_2", "tls1_3")
NAMES = {"tls1": "TLS 1.0", "tls1_1": "TLS 1.1", "tls1_2": "TLS 1.2", "tls1_3": "TLS 1.3"}
_MARK = "=== "
_FILES = "-cert certificate.pem -key key.pem -CAfile ca.pem"
# SECLEVEL=0: this side would take anything, so that what is refused is refused by Orthanc.
_TRY = (
    "cd /etc/orthanc/tls && for version in {versions}; do echo '{mark}'$version; timeout 10 openssl s_client "
    "-connect 127.0.0.1:{port} -$version -cipher ALL:@SECLEVEL=0 {files} </dev/null 2>&1; done; true"
)


def outcome(said: str) -> str:
    """What openssl s_client met with: "spoken", "refused" by the other side's alert, or "unclear".

    A session of TLS 1.0 is reported as "New, SSLv3" when its cipher is as old as that.
    """
    if re.search(r"^New, \S+, Cipher is (?!\(NONE\))", said, re.MULTILINE):
        return "spoken"
    return "refused" if re.search(r"alert (handshake failure|protocol version)", said) else "unclear"


def test_dicom_tls_versions(
    host: Host, variables: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    """The DICOM port speaks TLS 1.2 and 1.3, and refuses TLS 1.0 and 1.1."""
    if not variables["dicom_tls"]:
        pytest.skip("this archive's DICOM port speaks no TLS")
    script = _TRY.format(versions=" ".join(NAMES), mark=_MARK, port=variables["dicom_port"], files=_FILES)
    parts = re.split(rf"^{_MARK}(\S+)\n", str(host.run(script).stdout), flags=re.MULTILINE)[1:]
    found = {version: outcome(said) for version, said in zip(parts[::2], parts[1::2], strict=True)}
    spoken = [NAMES[version] for version in NAMES if found.get(version) == "spoken"]
    record_property("observed", f"speaks {' and '.join(spoken) or 'nothing'}; asked for {', '.join(NAMES.values())}")
    old = [NAMES[version] for version in OLD if found.get(version) == "spoken"]
    assert not old, f"the DICOM port speaks {told(old)}, which RFC 8996 has withdrawn; run pacsmith build"
    unclear = [NAMES[version] for version in NAMES if found.get(version, "unclear") == "unclear"]
    if unclear:
        raise NoAnswer(
            f"openssl does not tell whether the DICOM port speaks {told(unclear)}; see systemctl status orthanc"
        )
    lacking = [NAMES[version] for version in NEW if found[version] != "spoken"]
    # Orthanc before 1.12.4 cannot be told its ciphers: for an EC certificate of the hospital's it has none in TLS 1.2.
    remedy = "hand in an RSA certificate for it" if variables["os"] == "debian-12" else "run pacsmith build"
    assert not lacking, f"the DICOM port refuses {told(lacking)}; {remedy}"
