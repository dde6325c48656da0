"""DICOM TLS of old and new versions, offered to a real Orthanc by the role's own check."""

import json

from tests.lab.conftest import BuiltSite


def test_old_versions_of_tls_are_refused(tls_ward: BuiltSite) -> None:
    """Debian 12, whose Orthanc cannot be told; Debian 13's is pinned (unit test, and tried by every verification)."""
    done = tls_ward.pacsmith("verify", "--site", tls_ward.name, "--json")
    found = {item["subject"]: item for item in json.loads(done.stdout)["evidence"]}
    item = found["store: dicom tls versions"]
    assert item["verdict"] == "met", item["observed"]
    assert item["observed"].startswith("speaks ")
    assert "TLS 1.3" in item["observed"].partition(";")[0]
