"""Each parser alone: machines that the lab is not (bare metal, RAID, foreign languages, odd configurations)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.survey import clock, disks, hardware, nginx, orthanc, packages, postgresql, system
from builder.survey.facts import facts_from
from builder.survey.question import ABSENT, Reply, Said, UnreadableError
from tests.unit.test_survey_whole import HOST, with_body


def reply(text: str, code: int = 0, errors: str = "") -> Reply:
    return Reply(code, text, errors)


def why(said: Said) -> str:
    assert isinstance(said, UnreadableError)
    return str(said)


DRIVES = """NAME="md0" TYPE="raid1" ROTA="0"
NAME="nvme0n1p2" TYPE="part" ROTA="0"
NAME="nvme0n1" TYPE="disk" ROTA="0"
NAME="nvme1n1p2" TYPE="part" ROTA="0"
NAME="nvme1n1" TYPE="disk" ROTA="0"
"""


def test_drives_below_a_software_raid() -> None:
    assert disks.drives(reply(DRIVES), "database") == {"disk.database.medium": "ssd", "disk.database.raid": "raid1"}


def test_one_rotating_drive_makes_the_medium_rotational() -> None:
    mixed = DRIVES.replace('NAME="nvme1n1" TYPE="disk" ROTA="0"', 'NAME="sda" TYPE="disk" ROTA="1"')
    assert disks.drives(reply(mixed), "storage")["disk.storage.medium"] == "rotational"


def test_a_lone_drive_has_no_raid_that_can_be_seen() -> None:
    said = disks.drives(reply('NAME="sda1" TYPE="part" ROTA="1"\nNAME="sda" TYPE="disk" ROTA="1"\n'), "storage")
    assert why(said["disk.storage.raid"]) == "there is no software RAID, and a RAID controller looks like one drive"


def test_database_and_storage_apart() -> None:
    sda = reply('NAME="sda1" TYPE="part" ROTA="1"\nNAME="sda" TYPE="disk" ROTA="1"\n')
    assert disks.apart(sda, reply(DRIVES), False) is True
    assert disks.apart(sda, sda, False) is False
    assert disks.apart(None, None, True) is False
    assert why(disks.apart(sda, reply("", 1, "lsblk: nas:/pacs: not a block device"), None)).startswith(
        "the filesystem"
    )


def test_a_virtual_machine_says_nothing_of_its_drives() -> None:
    text = with_body("virtualisation", "kvm\n")
    facts = facts_from(text, HOST)
    assert facts["memory.total"].note is None
    drives = facts_from(with_body("drives-database", DRIVES), HOST)
    assert drives["disk.database.medium"].error == "a drive in systemd-nspawn does not say what it is made of"


DF = "Filesystem     Type  1-blocks        Used   Available Capacity Mounted on\n"


@pytest.mark.parametrize(
    ("text", "filesystem", "free"),
    [
        (DF + "/dev/sda1 xfs 1000 400 600 40% /srv/pacs\n", "xfs", 600),
        (DF + "nas:/pacs images nfs4 1000 400 600 40% /srv/pacs\n", "nfs4", 600),
        (DF + "/dev/sda1 ext4 1000 400 600 40% /srv/pacs images\n", "ext4", 600),
    ],
)
def test_space(text: str, filesystem: str, free: int) -> None:
    said = disks.space(reply(text), "storage")
    assert (said["disk.storage.filesystem"], said["disk.storage.free"]) == (filesystem, free)


@pytest.mark.parametrize(
    "text",
    [
        "Dateisystem Typ 1-Blöcke Benutzt Verfügbar Kapazität Eingehängt auf\n/dev/sda1 xfs 1000 400 600 40% /\n",
        "Filesystem Type 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 xfs 1000 400 600 40% /\n",
        "Filesystem Type 1-blocks Used Available Capacity Mounted on\n/dev/sda1 xfs 1G 400M 600M 40% /\n",
        "Filesystem Type 1-blocks Used Available Capacity Mounted on\n/dev/sda1 xfs 1000 400 6000 40% /\n",
        DF,
        DF + "/dev/sda1 xfs 1000 400 600 40% /\n/dev/sdb1 xfs 1000 400 600 40% /b\n",
    ],
)
def test_sizes_in_another_unit_or_language_are_not_read(text: str) -> None:
    with pytest.raises(UnreadableError):
        disks.space(reply(text), "storage")


def test_memory_in_kib_and_the_control_group_s_limit() -> None:
    assert hardware.memory(reply("MemTotal:  1048576 kB\nmax\n")) == {"memory.total": 2**30}
    assert hardware.memory(reply("MemTotal:  1048576 kB\n536870912\n")) == {"memory.total": 2**29}
    assert hardware.memory(reply("MemTotal:  1048576 kB\n9223372036854771712\n")) == {"memory.total": 2**30}


@pytest.mark.parametrize("text", ["MemTotal: 16 GB\nmax\n", "MemTotal: 0 kB\nmax\n", "MemTotal: 1048576 kB\n", "max\n"])
def test_memory_in_any_other_form_is_not_read(text: str) -> None:
    with pytest.raises(UnreadableError):
        hardware.memory(reply(text))


def test_cores_are_sockets_times_cores_and_never_more_than_processors() -> None:
    text = "CPU(s): 32\nModel name: Some Processor\nCore(s) per socket: 8\nSocket(s): 2\n"
    assert hardware.cpu(reply(text)) == {"cpu.model": "Some Processor", "cpu.cores": 16, "cpu.threads": 32}
    assert isinstance(hardware.cpu(reply(text.replace("32", "4")))["cpu.cores"], UnreadableError)
    assert isinstance(hardware.cpu(reply("CPU(s): 4\nSocket(s): -\n"))["cpu.cores"], UnreadableError)


RECORD = """# dmidecode 3.6
Getting SMBIOS data from sysfs.

Handle 0x0100, DMI type 1, 27 bytes
System Information
\tManufacturer: Fictional Servers
\tProduct Name: FS-2200
\tVersion: Not Specified
\tSerial Number: {serial}
\tUUID: 4c4c4544-0000-0000-0000-000000000000
"""


def test_the_equipment_record() -> None:
    said = hardware.equipment(reply(RECORD.format(serial="FS22-0817")))
    assert said == {"asset.maker": "Fictional Servers", "asset.model": "FS-2200", "asset.serial": "FS22-0817"}


@pytest.mark.parametrize("serial", ["Not Specified", "To Be Filled By O.E.M.", "Default string", "0", ""])
def test_a_maker_s_placeholder_is_no_serial_number(serial: str) -> None:
    assert why(hardware.equipment(reply(RECORD.format(serial=serial)))["asset.serial"]).startswith("the firmware says")


def test_no_equipment_record() -> None:
    with pytest.raises(UnreadableError, match="/dev/mem: No such file or directory"):
        hardware.equipment(reply("# dmidecode 3.6\nScanning /dev/mem for entry point.\n", 1,
                                 "/dev/mem: No such file or directory"))  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code", "said"), [("none\n", 1, "none"), ("kvm\n", 0, "kvm"), ("systemd-nspawn\n", 0, "systemd-nspawn")]
)
def test_virtualisation(text: str, code: int, said: str) -> None:
    assert system.virtualisation(reply(text, code)) == {"virtualisation": said}


@pytest.mark.parametrize(("text", "code"), [("", 1), ("kvm\n", 1), ("none\n", 0), ("Virtuell\n", 0)])
def test_virtualisation_that_contradicts_itself(text: str, code: int) -> None:
    with pytest.raises(UnreadableError):
        system.virtualisation(reply(text, code))


def test_a_degraded_system_is_said_although_systemctl_fails() -> None:
    assert system.systemd_state(reply("degraded\n", 1)) == {"systemd.state": "degraded"}
    with pytest.raises(UnreadableError, match="Failed to connect to bus"):
        system.systemd_state(reply("", 1, "Failed to connect to bus: No such file or directory"))


def test_units_that_are_not_there_are_absent() -> None:
    text = "Id=orthanc.service\nLoadState=not-found\nActiveState=inactive\nUnitFileState=\n\nId=nginx.service\nLoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n"  # noqa: E501
    assert system.services(reply(text)) == {
        "service.orthanc.state": ABSENT,
        "service.orthanc.enabled": ABSENT,
        "service.nginx.state": "failed",
        "service.nginx.enabled": "enabled",
    }


def test_listening_ports() -> None:
    text = ('LISTEN 0 50 0.0.0.0:104 0.0.0.0:* users:(("Orthanc",pid=1,fd=3))\n'
            'LISTEN 0 511 *:443 *:*\nLISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=2,fd=4))\n')  # fmt: skip
    said = system.listening(reply(text), (104, 443, 11112))
    assert said["port.tcp.104"] == "Orthanc"
    assert why(said["port.tcp.443"]) == "ss names no program"
    assert said["port.tcp.22"] == "sshd"
    assert said["port.tcp.11112"] is ABSENT
    with pytest.raises(UnreadableError, match="no listening port at all"):
        system.listening(reply(""), (104,))


def test_packages_installed_removed_and_unknown() -> None:
    text = "orthanc\t1.12.7+dfsg-4\tinstalled\nnginx\t1.26.3-3\tconfig-files\n"
    errors = "dpkg-query: no packages found matching restic\n"
    assert packages.versions(reply(text, 1, errors), ("orthanc", "nginx", "restic", "dcmtk")) == {
        "package.orthanc": "1.12.7+dfsg-4",
        "package.nginx": ABSENT,
        "package.restic": ABSENT,
    }
    with pytest.raises(UnreadableError, match="dpkg-query: error"):
        packages.versions(reply("", 2, "dpkg-query: error: failed to open package info file"), ("orthanc",))


JSON = """@@file /etc/orthanc/orthanc.json
// Orthanc as Debian ships it
{
  "Name" : "http://not/*a*/comment", /* a
  comment */ "KeepAlive" : true, // and one
  "StorageDirectory" : "/var/lib/orthanc/db v6",
  "IndexDirectory" : "/var/lib/orthanc/db-v6",
  "DicomPort" : 104,
  "StorageCompression" : "${COMPRESS}"
}

@@file /etc/orthanc/worklists.json
{ "Worklists" : { "Enable" : true, "Database": "/x" } }

"""


def test_orthanc_s_json_with_comments() -> None:
    said = orthanc.configuration(reply(JSON))
    assert said["orthanc.config.KeepAlive"] is True
    assert said["orthanc.config.DicomPort"] == 104
    assert said["orthanc.config.Worklists.Enable"] is True
    assert said["orthanc.path_plain"] is False
    assert why(said["orthanc.config.StorageCompression"]) == "StorageCompression comes from an environment variable"
    assert why(said["orthanc.config.SaveJobs"]).startswith("SaveJobs is not set")
    assert orthanc.merged(reply(JSON))["Name"] == "http://not/*a*/comment"


def test_a_section_in_two_files_is_nobody_s() -> None:
    said = orthanc.configuration(reply(JSON + '@@file /etc/orthanc/zz.json\n{"KeepAlive": false, "DicomPort": 4242}\n'))
    assert why(said["orthanc.config.KeepAlive"]) == "KeepAlive is set in two files below /etc/orthanc"


def test_a_broken_file_is_named() -> None:
    with pytest.raises(UnreadableError, match=r"/etc/orthanc/orthanc\.json is no JSON that can be read"):
        orthanc.configuration(reply('@@file /etc/orthanc/orthanc.json\n{"KeepAlive": tru\n'))


@given(st.text(alphabet='"\\/*\n ab', max_size=60))
def test_taking_comments_out_never_raises_and_never_adds(text: str) -> None:
    assert len(orthanc.without_comments(text)) <= len(text)


CONFIG = '@@file /etc/orthanc/postgresql.json\n{"PostgreSQL": {"EnableIndex": %s}}\n'
RUNS = "pid 12\nVmRSS:  1024 kB\nlibrary libOrthancPostgreSQLIndex\nend\n"


def test_which_database_holds_the_index() -> None:
    on, off = reply(CONFIG % "true"), reply(CONFIG % "false")
    bare = reply(RUNS.replace("library libOrthancPostgreSQLIndex\n", ""))
    assert orthanc.database(on, reply(RUNS)) == "postgresql"
    assert orthanc.database(off, reply(RUNS)) == "sqlite"
    assert why(orthanc.database(on, bare)).endswith("has not loaded libOrthancPostgreSQLIndex")
    assert why(orthanc.database(on, reply("", 3, "Orthanc does not run"))) == "Orthanc does not run"


def test_a_database_elsewhere_is_not_timed_from_here() -> None:
    remote = with_body("orthanc-files", '@@file /etc/orthanc/a.json\n{"PostgreSQL": {"Host": "db.example"}}\n')
    assert (
        facts_from(remote, HOST)["postgresql.latency"].error == "Orthanc's database is on db.example, not on this host"
    )


def test_query_times_are_the_median_and_all_of_them() -> None:
    lines = [f"1\nTime: {0.1 + n / 1000:.3f} ms\n" for n in range(49)]
    slow = "1\nTime: 1234.567 ms (00:01.235)\n"
    assert postgresql.latency(reply("".join([*lines, slow]))) == {"postgresql.latency": 0.000124}
    with pytest.raises(UnreadableError, match="psql stated 49 of 50 query times"):
        postgresql.latency(reply("".join(lines)))
    with pytest.raises(UnreadableError, match="psql stated 0 of 50"):
        postgresql.latency(reply("1\nZeit: 0,123 ms\n" * 50))


def test_a_psql_error_is_its_first_line_that_complains() -> None:
    broken = reply("", 1, 'ERROR:  syntax error at or near "x"\nLINE 1: x\n        ^\n')
    with pytest.raises(UnreadableError) as caught:
        postgresql.contained(broken)
    assert str(caught.value) == 'ERROR:  syntax error at or near "x"'


def test_an_extension_that_is_not_installed_is_absent() -> None:
    said = postgresql.contained(reply("size|8287923\nplpgsql|1.0\n"))
    assert said["postgresql.extension.pg_trgm"] is ABSENT


def files(main: str, **more: str) -> Reply:
    """nginx.conf, and files of conf.d by their name."""
    named = {"nginx": main, **{f"conf.d/{name}": text for name, text in more.items()}}
    printed = "".join(f"@@file /etc/nginx/{name}.conf\n{text}\n" for name, text in named.items())
    return reply(f"{printed}@@file end\n")


PASSES = "location / { proxy_pass http://o; }"


@pytest.mark.parametrize(
    ("text", "size"),
    [
        (f"http {{ server {{ {PASSES} }} }}", 2**20),
        (f"http {{ client_max_body_size 2g; server {{ {PASSES} }} }}", 2**31),
        (f"http {{ server {{ {PASSES} client_max_body_size 8M; }} client_max_body_size 2g; }}", 2**23),
        ("http { server { location /a { proxy_pass http://o; client_max_body_size 10; } location /b { proxy_pass "
         "http://o; client_max_body_size 0; } location /c { client_max_body_size 1; } } }", 10),
        ("http { log_format j '{\"a\": \"}\"}'; server { location ~ \"^/x{2}$\" { proxy_pass http://o; } "
         "client_max_body_size 4k; } }", 4096),
    ],
)  # fmt: skip
def test_nginx_s_limit_is_inherited_and_the_smallest_counts(text: str, size: int) -> None:
    assert nginx.body_limit(files(text)) == {"nginx.body_limit": size, "nginx.body_unlimited": False}


def test_nginx_without_a_limit() -> None:
    said = nginx.body_limit(files(f"http {{ client_max_body_size 0; server {{ {PASSES} }} }}"))
    assert said["nginx.body_unlimited"] is True
    assert why(said["nginx.body_limit"]) == "nginx sets no limit (client_max_body_size 0)"


def test_nginx_s_includes_are_followed_in_their_place() -> None:
    main = "http { client_max_body_size 3m; include mime.types; include conf.d/a*.conf; include conf.d/none*.conf; }"
    passes = "location / { proxy_pass http://o; }"
    said = nginx.body_limit(files(main, archive="server { include conf.d/passes.conf; }", passes=passes))
    assert said["nginx.body_limit"] == 3 * 2**20


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "http { include other.conf; }",
            "the file /etc/nginx/other.conf that the configuration includes was not printed",
        ),
        ("http { server { }", "a brace is not closed"),
        ("http { } }", "a brace is closed that none opened"),
        ("http { }", "no location passes requests on"),
        (f"http {{ client_max_body_size $x; server {{ {PASSES} }} }}", 'client_max_body_size "$x" is not understood'),
        ("include nginx.conf;", "the file /etc/nginx/nginx.conf that the configuration includes was not printed"),
    ],
)
def test_an_nginx_configuration_that_is_not_understood(text: str, reason: str) -> None:
    with pytest.raises(UnreadableError) as caught:
        nginx.body_limit(files(text))
    assert str(caught.value) == reason


def test_units_that_have_failed() -> None:
    text = (
        "pacsmith-guard.service loaded failed failed Whether module and user space fit\n"
        "mnt-old.mount not-found failed failed mnt-old.mount\n"
    )
    assert system.failed_units(reply(text)) == {"systemd.failed": "mnt-old.mount pacsmith-guard.service"}
    assert system.failed_units(reply("")) == {"systemd.failed": ABSENT}
    with pytest.raises(UnreadableError, match="systemctl printed a line that is not understood"):
        system.failed_units(reply("System has not been booted with systemd as init system (PID 1).\n"))


def test_a_clock_that_another_program_than_chrony_keeps() -> None:
    assert clock.synchronised(reply("NTPSynchronized=yes\n")) == {"clock.synchronised": True}
    assert clock.synchronised(reply("NTPSynchronized=no\n")) == {"clock.synchronised": False}
    for text in ("NTPSynchronized=\n", "NTPSynchronized=yes\nNTPSynchronized=no\n"):
        with pytest.raises(UnreadableError, match="chronyc did not print its tracking"):
            clock.synchronised(reply(text))
