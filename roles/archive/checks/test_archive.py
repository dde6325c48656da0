"""What must be so on a host that carries the role `archive`: asked of what runs, not of what was written."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest
from testinfra.host import Host

from .reading import Reading, read

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence
# Measured on Debian 13 (systemd 257): 1.4, 2.5, 3.9; on Debian 12 a little more. 10 is no protection at all.
EXPOSURE = {"orthanc": 2.5, "nginx": 3.5, "postgresql": 5.0}
BACKUP_HOURS = 26
RESTORE_TEST_DAYS = 8


@pytest.fixture(scope="module")
def seen(host: Host) -> Reading:
    """The host's answers to all questions."""
    return read(host)


def test_orthanc_is_who_it_should_be(seen: Reading, variables: Variables, record_property: Record) -> None:
    """Orthanc answers with the site's AE title and DICOM port, in the product version that the site names."""
    system = seen.json("system")
    record_property("observed", f"{system['DicomAet']}, port {system['DicomPort']}, Orthanc {system['Version']}")
    assert system["DicomAet"] == variables["ae_title"]
    assert system["DicomPort"] == variables["dicom_port"]
    assert system["Version"] == variables["product_version"]
    assert system["Name"] == variables["host"]


def test_orthanc_keeps_all_images(seen: Reading) -> None:
    """No quota and no compression: nothing is ever recycled, and the stored bytes are those that were sent."""
    system = seen.json("system")
    wanted = {
        "MaximumStorageSize": 0,
        "MaximumPatientCount": 0,
        "StorageCompression": False,
        "OverwriteInstances": False,
    }
    if system["ApiVersion"] <= 16:  # Orthanc 1.10 does not tell
        wanted = {}
    assert {name: system[name] for name in wanted} == wanted


def test_index_is_in_postgresql(seen: Reading, variables: Variables) -> None:
    """The index is PostgreSQL's; the images are on the filesystem, or in the database where the site says so."""
    system = seen.json("system")
    assert "libOrthancPostgreSQLIndex" in str(system["DatabaseBackendPlugin"])
    in_database = "libOrthancPostgreSQLStorage" in str(system["StorageAreaPlugin"])
    assert in_database == (variables["storage"] == "database")


def test_only_the_plugins_needed(seen: Reading, variables: Variables) -> None:
    """DICOMweb, GDCM, worklists and PostgreSQL are loaded, and nothing else."""
    wanted = {"dicom-web", "gdcm", "postgresql-index", "worklists"}
    if variables["storage"] == "database":
        wanted.add("postgresql-storage")
    assert set(seen.json("plugins")) - {"explorer.js"} == wanted


def test_rights_of_each_ae(seen: Reading, variables: Variables) -> None:
    """Orthanc knows exactly the AEs that routes join to it, at their addresses, with the rights of its routes."""
    rights = {"AllowEcho": "echo", "AllowStore": "store", "AllowFind": "find", "AllowFindWorklist": "worklist",
              "AllowMove": "move", "AllowGet": "get", "AllowNAction": "commit"}  # fmt: skip
    running = {
        name: (peer["AET"], peer["Host"], sorted(word for key, word in rights.items() if peer[key]))
        for name, peer in seen.json("modalities").items()
    }
    wanted = {
        peer["name"]: (peer["title"], peer["address"], sorted(set(peer["may"]) & set(rights.values())))
        for peer in variables["modalities"]
    }
    assert running == wanted


def test_images_go_only_where_routes_lead(seen: Reading, variables: Variables) -> None:
    """An AE to which no route leads from the archive is no destination: its port is one where nothing listens."""
    running = {name: peer["Port"] for name, peer in seen.json("modalities").items()}
    assert running == {peer["name"]: peer["port"] if peer["receives"] else 9 for peer in variables["modalities"]}


def test_ports(seen: Reading, variables: Variables) -> None:
    """DICOM, the web door and Orthanc's HTTP listen, PostgreSQL on loopback alone; ports 80 and 4242 are closed."""
    listening = seen.listening()
    ours = {
        int(re.sub(r".*:", "", line.split()[3]))
        for line in seen.lines("users-of-sockets")
        if re.search(r'"(Orthanc|nginx|postgres)"', line)
    }
    assert ours == {variables["dicom_port"], variables["web_port"], 8042, 5432}
    assert listening[5432] == {"127.0.0.1"}
    assert not {80, 4242} & set(listening) - {variables["dicom_port"], variables["web_port"]}


def test_orthanc_http_is_for_this_machine_alone(seen: Reading) -> None:
    """Orthanc's own HTTP port refuses whoever does not come over loopback (401 or 403), and whoever has no password."""
    assert seen["from-own-address"] in ("401", "403")
    assert seen["without-password"] == "401"


def test_no_delay(seen: Reading) -> None:
    """The running Orthanc has TCP_NODELAY=1, without which each image waits 40 ms, and is not root."""
    assert set(seen.lines("environment")) == {"TCP_NODELAY=1", "USER=orthanc"}


def test_postgresql_settings(seen: Reading) -> None:
    """PostgreSQL runs durable, with checksums, SCRAM passwords, on loopback, and with a cache made for this memory."""
    running = {line.split()[0]: line.split()[1:] for line in seen.lines("postgresql") if " " in line}
    wanted = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
              "password_encryption": "scram-sha-256", "listen_addresses": "127.0.0.1", "jit": "off"}  # fmt: skip
    assert {name: running[name][0] for name in wanted} == wanted
    pages, unit = running["shared_buffers"]
    assert unit == "8kB"
    assert int(pages) * 8192 >= 128 * 1024**2
    assert seen["password-kinds"] == "SCRAM-SHA-256"


def test_database(seen: Reading) -> None:
    """The database belongs to Orthanc's role, in UTF-8 and a locale that no new glibc reorders, with trigrams."""
    assert seen["database"] == "orthanc|UTF8|C.UTF-8|1"


def test_web_door(seen: Reading, variables: Variables) -> None:
    """nginx runs with TLS 1.2 or newer on the web port alone, with bcrypt passwords, and no site of Debian's."""
    running = seen["nginx"]
    assert "test is successful" in seen["nginx-test"]
    assert re.findall(r"^\s*listen (\d+) ssl", running, re.MULTILINE) == [str(variables["web_port"])]
    assert re.findall(r"ssl_protocols ([^;]+);", running) == ["TLSv1.2 TLSv1.3"]
    assert "sites-enabled" not in running
    assert "server_tokens off;" in running


def test_web_addresses(seen: Reading, variables: Variables) -> None:
    """nginx lets in, for each class of request, the addresses of the site's routes; for REST the administrators'."""
    found = {
        name: set(re.findall(r"^\s*(\S+) 1;", block, re.MULTILINE))
        for name, block in re.findall(r"geo \$archive_from_(\w+) \{(.*?)\}", seen["nginx"], re.DOTALL)
    }
    for word in ("qido", "wado", "stow"):
        assert found[word] == {client["address"] for client in variables["web_clients"] if word in client["may"]}
    assert found["rest"] == set(variables["administration"])


def test_certificate(seen: Reading, variables: Variables, record_property: Record) -> None:
    """The host's certificate names it, serves both ends of TLS and is valid for another seven days at least."""
    assert f"DNS:{variables['fqdn']}" in seen["certificate"]
    assert "TLS Web Server Authentication" in seen["certificate"]
    left = int(seen["certificate-end"]) - int(seen["now"])
    record_property("observed", f"for {variables['fqdn']}, {left // 86400} days left")
    assert left > 7 * 86400


def test_secrets_are_for_few(seen: Reading) -> None:
    """No file with a secret can be read by everybody; the keys of nginx and the backup are root's alone."""
    modes = {line.split()[0]: line.split()[1:] for line in seen.lines("modes")}
    for path, (mode, owner, group) in modes.items():
        assert owner == "root", path
        assert mode in ("600", "640"), path
        assert group in ("root", "orthanc", "postgres", "www-data"), path
    for path in ("/etc/nginx/tls/key.pem", "/etc/pacsmith/orthanc.curl", "/etc/pacsmith/backup.password"):
        assert modes[path][0] == "600"
    assert modes["/etc/orthanc/credentials.json"] == ["640", "root", "orthanc"]


def test_services(seen: Reading) -> None:
    """Orthanc, nginx, PostgreSQL and the timers run, come back after a boot, and no unit of the host has failed."""
    units = seen.units()
    assert len(units) == 6
    for name, unit in units.items():
        assert unit["ActiveState"] == "active", name
        assert unit["UnitFileState"] in ("enabled", "enabled-runtime", "static", "indirect"), name
        assert unit["NeedDaemonReload"] == "no", name
    assert seen["failed"] == ""


def test_hardening(seen: Reading, record_property: Record) -> None:
    """systemd's own measure of exposure stays low for Orthanc, nginx and PostgreSQL."""
    measured = {re.split(r"[.@]", unit)[0]: float(value) for unit, value in seen.pairs("exposure").items()}
    record_property("observed", ", ".join(f"{name} {value:g}" for name, value in sorted(measured.items())) + " of 10")
    assert set(measured) == set(EXPOSURE)
    assert {name: value for name, value in measured.items() if value > EXPOSURE[name]} == {}


def test_backup(seen: Reading, record_property: Record) -> None:
    """The last backup went well, not more than 26 hours ago."""
    last = seen.json("backup")
    record_property("observed", f"snapshot {last['snapshot']}, taken {last['at']} in {last['seconds']} s")
    assert last["result"] == "ok", f"failed while {last['step']}"
    assert _age(seen, last) < BACKUP_HOURS * 3600


def test_restore_has_been_tried(seen: Reading, record_property: Record) -> None:
    """The newest backup was restored within eight days: the counts equal, each file of a sample as its recorded MD5."""
    last = seen.json("restore-test")
    record_property("observed", restored(last))
    assert last["result"] == "ok", last["step"]
    assert _age(seen, last) < RESTORE_TEST_DAYS * 86400
    assert re.fullmatch(r"attachments=\d+ bytes=\d+ instances=\d+ patients=\d+ series=\d+ studies=\d+", last["counts"])
    assert "pacsmith_restore_test" not in seen.lines("databases"), "the scratch database of the test is still there"


def restored(last: Mapping[str, Any]) -> str:
    """What a restore test came to, in words: whoever signs must see that an archive without images proves little."""
    files = int(last["files_compared"])
    what = f"{files} stored files equal to their recorded MD5" if files else "NO STORED FILE: the archive was empty"
    return f"restored {last['at']}: {last['counts']}; {what}"


def test_packages_left_the_configuration_alone(seen: Reading) -> None:
    """No configuration file of a package waits beside ours, nor replaced it."""
    assert seen["leftovers"] == ""


def test_log_rotation(seen: Reading) -> None:
    """The logs of Orthanc and nginx are rotated, and the rules for it have no error."""
    said = seen["logrotate"]
    assert not re.search(r"^error:", said, re.MULTILINE), said
    for path in ("/var/log/orthanc/orthanc.log", "/var/log/nginx/"):
        assert path in said


def _age(seen: Reading, report: Any) -> int:
    """Seconds since a report, by the host's own clock."""
    return int(seen["now"]) - int(datetime.fromisoformat(report["at"]).timestamp())


def test_reading_shows_no_secret(seen: Reading) -> None:
    """What the checks themselves read holds no password hash and no private key."""
    everything = json.dumps(dict(seen.said))
    assert "PRIVATE KEY" not in everything
    assert "$2b$" not in everything
    assert "SCRAM-SHA-256$" not in everything
