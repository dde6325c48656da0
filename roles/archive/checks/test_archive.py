"""What must be so with Orthanc and its database: asked of what runs, not of what was written."""

from collections.abc import Callable
from typing import Any

from builder.probes.observed import differences, more_and_less, told

from .reading import NoAnswer, Reading

Variables = dict[str, Any]
Record = Callable[[str, object], None]  # what a met check saw, for its evidence
SETTING_FIELDS = 4
DATABASE = {"owner": "orthanc", "encoding": "UTF8", "locale": "C.UTF-8", "pg_trgm": "1"}
# What the role writes; the role's own modules cannot be imported from here.
SETTINGS_FILE = "zz-pacsmith.conf"
FILES = (
    "credentials.json", "dicomweb.json", "gdcm.json", "orthanc.json", "postgresql.json", "serve-folders.json",
    "worklists.json",
)  # fmt: skip


def test_orthanc_is_who_it_should_be(seen: Reading, variables: Variables, record_property: Record) -> None:
    """Orthanc answers with the site's AE title and DICOM port, in the product version that the site names."""
    system = seen.json("system")
    record_property("observed", f"{system['DicomAet']}, port {system['DicomPort']}, Orthanc {system['Version']}")
    wanted = {"DicomAet": variables["ae_title"], "DicomPort": variables["dicom_port"],
              "Version": variables["product_version"], "Name": variables["host"]}  # fmt: skip
    running = {name: system[name] for name in wanted}
    assert running == wanted, f"{differences(running, wanted)}; run pacsmith build, or mend the site"


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
    running = {name: system[name] for name in wanted}
    assert running == wanted, f"Orthanc runs with other settings: {differences(running, wanted)}; run pacsmith build"


def test_orthanc_reads_our_files_alone(seen: Reading, record_property: Record) -> None:
    """Of the files that Orthanc reads, all of /etc/orthanc/*.json, each is the site's or a Debian package's own."""
    files = {name: owner for name, _, owner in (line.partition(" ") for line in seen.lines("orthanc-files"))}
    packages = sorted(f"{name} ({owner})" for name, owner in files.items() if owner and name not in FILES)
    record_property(
        "observed", f"{len(files)} files" + (f"; of other packages: {', '.join(packages)}" * bool(packages))
    )
    strange = sorted(name for name, owner in files.items() if not owner and name not in FILES)
    assert not strange, f"Orthanc reads {told(strange)} in /etc/orthanc too; pacsmith build puts it aside"
    missing = sorted(set(FILES) - set(files))
    assert not missing, f"{told(missing)} is missing in /etc/orthanc; run pacsmith build"


def test_index_is_in_postgresql(seen: Reading, variables: Variables) -> None:
    """The index is PostgreSQL's; the images are on the filesystem, or in the database where the site says so."""
    system = seen.json("system")
    index, images = str(system["DatabaseBackendPlugin"]), str(system["StorageAreaPlugin"])
    assert "libOrthancPostgreSQLIndex" in index, f"the index is kept by {index}, not by PostgreSQL; run pacsmith build"
    place = "database" if "libOrthancPostgreSQLStorage" in images else "filesystem"
    wanted = variables["storage"]
    assert place == wanted, f"images are stored in the {place}, and the site says {wanted}; run pacsmith build"


def test_only_the_plugins_needed(seen: Reading, variables: Variables) -> None:
    """DICOMweb, GDCM, worklists and PostgreSQL are loaded, and nothing else."""
    wanted = {"dicom-web", "gdcm", "postgresql-index", "worklists"}
    if variables["storage"] == "database":
        wanted.add("postgresql-storage")
    loaded = set(seen.json("plugins")) - {"explorer.js"}
    assert loaded == wanted, f"Orthanc's plugins are not those needed: {more_and_less(loaded, wanted)}"


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
    assert running == wanted, f"Orthanc knows other AEs or rights: {differences(running, wanted)}; run pacsmith build"


def test_images_go_only_where_routes_lead(seen: Reading, variables: Variables) -> None:
    """An AE to which no route leads from the archive is no destination: its port is one where nothing listens."""
    running = {name: peer["Port"] for name, peer in seen.json("modalities").items()}
    wanted = {peer["name"]: peer["port"] if peer["receives"] else 9 for peer in variables["modalities"]}
    assert running == wanted, f"ports to which Orthanc would send: {differences(running, wanted)}; run pacsmith build"


def test_no_delay(seen: Reading) -> None:
    """The running Orthanc has TCP_NODELAY=1, without which each image waits 40 ms, and is not root."""
    if seen.units()["orthanc.service"]["ActiveState"] != "active":
        raise NoAnswer("Orthanc does not run; see /var/log/orthanc/orthanc.log, then run pacsmith build")
    found, wanted = set(seen.lines("environment")), {"TCP_NODELAY=1", "USER=orthanc"}
    assert found == wanted, f"the running Orthanc's environment: {more_and_less(found, wanted)}; run pacsmith build"


def test_postgresql_settings(seen: Reading) -> None:
    """PostgreSQL runs durable, with checksums, SCRAM passwords, on loopback, and with a cache made for this memory."""
    lines = [line.split(" ") for line in seen.lines("postgresql")]
    running = {line[0]: line[1:] for line in lines if len(line) == SETTING_FIELDS}
    if "fsync" not in running:
        raise NoAnswer(seen.silence("postgresql"))
    wanted = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on",
              "password_encryption": "scram-sha-256", "listen_addresses": "127.0.0.1", "jit": "off"}  # fmt: skip
    wrong = [
        f"{name} is {value}, not {wanted[name]} (set in {file if file != '-' else 'no file'})"
        for name, (value, _, file) in running.items()
        if name in wanted and value != wanted[name]
    ]
    assert not wrong, f"{'; '.join(wrong)}: take it out of that file, then restart PostgreSQL"
    pages, unit, file = running["shared_buffers"]
    assert unit == "8kB", f"shared_buffers is counted in {unit}, not in 8 kB pages"
    assert int(pages) * 8192 >= 128 * 1024**2, (
        f"shared_buffers is {int(pages) // 128} MiB, less than 128 (set in {file})"
    )
    kind = seen["password-kinds"]
    assert kind == "SCRAM-SHA-256", (
        f"the password of the role orthanc is kept as {kind or 'nothing'}; run pacsmith build"
    )


def test_postgresql_reads_our_settings_last(seen: Reading) -> None:
    """No file of PostgreSQL's conf.d comes after ours: the last word on a setting counts."""
    names = [name for name in seen.lines("postgresql-order") if name.endswith(".conf")]
    assert SETTINGS_FILE in names, f"{SETTINGS_FILE} is not in PostgreSQL's conf.d; run pacsmith build"
    later = names[names.index(SETTINGS_FILE) + 1 :]
    assert not later, f"{told(later)} in PostgreSQL's conf.d is read after {SETTINGS_FILE}; give it an earlier name"


def test_database(seen: Reading) -> None:
    """The database belongs to Orthanc's role, in UTF-8 and a locale that no new glibc reorders, with trigrams."""
    fields = seen["database"].split("|")
    if len(fields) != len(DATABASE):
        raise NoAnswer(seen.silence("database"))
    found = dict(zip(DATABASE, fields, strict=True))
    assert found == DATABASE, f"the database orthanc: {differences(found, DATABASE)}"
