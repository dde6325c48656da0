"""What must be so around Orthanc on a host that carries the role `archive`: doors, secrets, services, backup, logs."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from builder.probes.observed import differences, more_and_less, told

from .reading import NoAnswer, Reading

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence
# Measured on Debian 13 (systemd 257): 1.4, 2.5, 3.9; on Debian 12 a little more. 10 is no protection at all.
EXPOSURE = {"orthanc": 2.5, "nginx": 3.5, "postgresql": 5.0}
BACKUP_HOURS = 26
RESTORE_TEST_DAYS = 8
UNITS = 6
NGINX_READS = {"/etc/nginx/nginx.conf", "/etc/nginx/mime.types", "/etc/nginx/archive-upstream.conf"}
ROOTS_ALONE = ("/etc/nginx/tls/key.pem", "/etc/pacsmith/orthanc.curl", "/etc/pacsmith/backup.password")
MAY_READ = ("root", "orthanc", "postgres", "www-data")


def test_ports(seen: Reading, variables: Variables) -> None:
    """DICOM, the web door and Orthanc's HTTP listen, PostgreSQL on loopback alone; ports 80 and 4242 are closed."""
    listening = seen.listening()
    ours = {
        int(re.sub(r".*:", "", line.split()[3]))
        for line in seen.lines("users-of-sockets")
        if re.search(r'"(Orthanc|nginx|postgres)"', line)
    }
    wanted = {variables["dicom_port"], variables["web_port"], 8042, 5432}
    assert ours == wanted, (
        f"TCP ports of Orthanc, nginx and PostgreSQL: {more_and_less(ours, wanted)}; run pacsmith build"
    )
    assert listening[5432] == {"127.0.0.1"}, f"PostgreSQL listens on {told(listening[5432])}, not on 127.0.0.1 alone"
    unwanted = {80, 4242} & set(listening) - wanted
    assert not unwanted, f"somebody listens on TCP port {told(unwanted)}, which should be closed; ss -ltnp says who"


def test_orthanc_http_is_for_this_machine_alone(seen: Reading) -> None:
    """Orthanc's own HTTP port refuses whoever does not come over loopback (401 or 403), and whoever has no password."""
    codes = seen["from-own-address"], seen["without-password"]
    if "000" in codes:
        raise NoAnswer(seen.silence("system"))
    assert codes[0] in ("401", "403"), f"port 8042 answers {codes[0]} to the host's own network address"
    assert codes[1] == "401", f"port 8042 answers {codes[1]} to a request without a password"


def test_web_door(seen: Reading, variables: Variables) -> None:
    """nginx runs with TLS 1.2 or newer on the web port alone, with bcrypt passwords, and no site of Debian's."""
    running, said = seen["nginx"], seen["nginx-test"]
    assert "test is successful" in said, f"nginx refuses its configuration: {said}"
    ports = re.findall(r"^\s*listen (\d+) ssl", running, re.MULTILINE)
    assert ports == [str(variables["web_port"])], f"nginx listens with TLS on {told(ports)}; run pacsmith build"
    protocols = re.findall(r"ssl_protocols ([^;]+);", running)
    assert protocols == ["TLSv1.2 TLSv1.3"], f"nginx speaks {told(protocols)}, not TLS 1.2 and 1.3; run pacsmith build"
    assert "server_tokens off;" in running, "nginx tells its version to everybody; run pacsmith build"


def test_web_door_is_the_only_one(seen: Reading, record_property: Record) -> None:
    """nginx reads the site's configuration alone: nobody else's file of conf.d or sites-enabled."""
    read_files, unread = set(seen.lines("nginx-files")), seen.lines("nginx-unread")
    if not read_files:
        raise NoAnswer(f"nginx does not tell what it reads ({seen['nginx-test']}); run pacsmith build")
    strange = sorted(read_files - NGINX_READS)
    record_property("observed", "no other file" + (f"; there, but not read: {', '.join(unread)}" if unread else ""))
    assert not strange, f"nginx also reads {', '.join(strange)}; move it away, then run pacsmith build"


def test_web_addresses(seen: Reading, variables: Variables) -> None:
    """nginx lets in, for each class of request, the addresses of the site's routes; for REST the administrators'."""
    found = {
        name: set(re.findall(r"^\s*(\S+) 1;", block, re.MULTILINE))
        for name, block in re.findall(r"geo \$archive_from_(\w+) \{(.*?)\}", seen["nginx"], re.DOTALL)
    }
    wanted = {
        word: {client["address"] for client in variables["web_clients"] if word in client["may"]}
        for word in ("qido", "wado", "stow")
    } | {"rest": set(variables["administration"])}
    if variables.get("viewer"):
        wanted["viewer"] = {client["address"] for client in variables["web_clients"]}
    if variables["monitoring"]:
        wanted["monitoring"] = set(variables["monitoring"])
    assert found == wanted, f"addresses that nginx lets in: {differences(found, wanted)}; run pacsmith build"


def test_certificate(seen: Reading, variables: Variables, record_property: Record) -> None:
    """The host's certificate names it, serves both ends of TLS and is valid for another seven days at least."""
    said = seen["certificate"]
    name = f"DNS:{variables['fqdn']}"
    assert name in said, f"the certificate of nginx does not name {variables['fqdn']} ({said}); run pacsmith build"
    assert "TLS Web Server Authentication" in said, "the certificate of nginx is none for a server; run pacsmith build"
    left = int(seen["certificate-end"]) - int(seen["now"])
    record_property("observed", f"for {variables['fqdn']}, {left // 86400} days left")
    assert left > 7 * 86400, f"the certificate of nginx ends in {left // 86400} days; pacsmith build renews it"


def test_secrets_are_for_few(seen: Reading) -> None:
    """No file with a secret can be read by everybody; the keys of nginx and the backup are root's alone."""
    modes = {line.split()[0]: line.split()[1:] for line in seen.lines("modes") if line.startswith("/")}
    absent = [path for path in ROOTS_ALONE if path not in modes]
    assert not absent, f"{told(absent)} is missing; run pacsmith build"
    open_files = [
        f"{path} has rights {told(rights)}"
        for path, rights in modes.items()
        if rights[1:2] != ["root"] or rights[0] not in ("600", "640") or rights[2] not in MAY_READ
        or (path in ROOTS_ALONE and rights[0] != "600")
    ]  # fmt: skip
    assert not open_files, f"{'; '.join(open_files)}; run pacsmith build, and change those secrets"
    rights = modes.get("/etc/orthanc/credentials.json", [])
    assert rights == ["640", "root", "orthanc"], f"/etc/orthanc/credentials.json has rights {told(rights)}"


def test_services(seen: Reading) -> None:
    """Orthanc, nginx, PostgreSQL and the timers run, come back after a boot, and no unit of the host has failed."""
    units = seen.units()
    idle = [f"{name} is {unit['ActiveState']}" for name, unit in units.items() if unit["ActiveState"] != "active"]
    assert not idle, f"{', '.join(idle)}; run pacsmith build"
    assert len(units) == UNITS, f"of {UNITS} units systemd knows only {', '.join(sorted(units))}; run pacsmith build"
    off = [
        f"{name} is {unit['UnitFileState']}"
        for name, unit in units.items()
        if unit["UnitFileState"] not in ("enabled", "enabled-runtime", "static", "indirect")
    ]
    assert not off, f"not started at boot: {', '.join(off)}; run pacsmith build"
    stale = [name for name, unit in units.items() if unit["NeedDaemonReload"] != "no"]
    assert not stale, f"{told(stale)} was changed since systemd read it; run systemctl daemon-reload"
    failed = [line.split()[0] for line in seen.lines("failed")]
    assert not failed, f"failed: {', '.join(failed)}; systemctl status NAME says why"


def test_hardening(seen: Reading, record_property: Record) -> None:
    """systemd's own measure of exposure stays low for Orthanc, nginx and PostgreSQL."""
    measured = {re.split(r"[.@]", unit)[0]: float(value) for unit, value in seen.pairs("exposure").items()}
    record_property("observed", ", ".join(f"{name} {value:g}" for name, value in sorted(measured.items())) + " of 10")
    assert set(measured) == set(EXPOSURE), f"not every service was measured: {more_and_less(measured, EXPOSURE)}"
    high = [
        f"{name} {value:g} (at most {EXPOSURE[name]:g})" for name, value in measured.items() if value > EXPOSURE[name]
    ]
    assert not high, f"more exposed than it should be: {', '.join(high)}; look for a foreign drop-in of the unit"


def test_backup(seen: Reading, record_property: Record) -> None:
    """The last backup went well, not more than 26 hours ago."""
    assert seen["backup"].startswith("{"), seen.silence("backup")
    last = seen.json("backup")
    record_property("observed", f"snapshot {last.get('snapshot')}, taken {last['at']} in {last.get('seconds')} s")
    assert last["result"] == "ok", f"failed while {last['step']}; journalctl -u pacsmith-backup says why"
    hours = _age(seen, last) / 3600
    assert hours < BACKUP_HOURS, f"the last backup is {hours:.0f} hours old; see systemctl status pacsmith-backup.timer"


def test_restore_has_been_tried(seen: Reading, record_property: Record) -> None:
    """The newest backup was restored within eight days: the counts equal, each file of a sample as its recorded MD5."""
    assert seen["restore-test"].startswith("{"), seen.silence("restore-test")
    last = seen.json("restore-test")
    assert last["result"] == "ok", f"failed while {last['step']}; journalctl -u pacsmith-restore-test says why"
    record_property("observed", restored(last))
    days = _age(seen, last) / 86400
    assert days < RESTORE_TEST_DAYS, f"a restore was last tried {days:.0f} days ago; see its timer"
    counted = re.fullmatch(
        r"attachments=\d+ bytes=\d+ instances=\d+ patients=\d+ series=\d+ studies=\d+", last["counts"]
    )
    assert counted, f"the counts of the restored archive are not whole: {last['counts']}"
    assert "pacsmith_restore_test" not in seen.lines("databases"), "the scratch database of the test is still there"


def restored(last: Mapping[str, Any]) -> str:
    """What a restore test came to, in words: whoever signs must see that an archive without images proves little."""
    files = int(last["files_compared"])
    what = f"{files} stored files equal to their recorded MD5" if files else "NO STORED FILE: the archive was empty"
    return f"restored {last['at']}: {last['counts']}; {what}"


def test_packages_left_the_configuration_alone(seen: Reading) -> None:
    """No configuration file of a package waits beside ours, nor replaced it."""
    left = seen.lines("leftovers")
    assert not left, f"a package has left {', '.join(left)} beside ours; look through it and remove it"


def test_log_rotation(seen: Reading) -> None:
    """The logs of Orthanc and nginx are rotated, and the rules for it have no error."""
    said = seen["logrotate"]
    wrong = re.findall(r"^error: ?(.*)", said, re.MULTILINE)
    assert not wrong, f"logrotate finds faults: {'; '.join(wrong)}"
    for path in ("/var/log/orthanc/orthanc.log", "/var/log/nginx/"):
        assert path in said, f"no rule of logrotate is for {path}; run pacsmith build"


def _age(seen: Reading, report: Any) -> int:
    """Seconds since a report, by the host's own clock."""
    return int(seen["now"]) - int(datetime.fromisoformat(report["at"]).timestamp())


def test_reading_shows_no_secret(seen: Reading) -> None:
    """What the checks themselves read holds no password hash and no private key."""
    everything = json.dumps(dict(seen.said))
    for mark in ("PRIVATE KEY", "$2b$", "SCRAM-SHA-256$"):
        assert mark not in everything, (
            f"a check has read a secret (it holds {mark!r}): report this as a fault of pacsmith"
        )
