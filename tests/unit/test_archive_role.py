"""The role `archive`: variables from the routes, and every file that follows from them."""

import base64
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import bcrypt
import pytest

from builder.engines.files import FileSpec, Spec
from builder.errors import BadInput
from builder.models.depot import Delivered
from builder.models.site import Host
from builder.probes.viewer import settings_faults
from roles.archive import files, orthanc, postgres, viewer, web
from roles.archive.variables import PACKAGES, Variables
from tests.unit.site_parts import example, example_data, host, peer, site_of

GOLDEN = Path(__file__).parent / "golden" / "archive"
GIBI = 1024**3
SECRETS = files.Secrets(
    database="database-password",
    web={"importer": "pw-importer", "pacs-admin": "pw-admin", "reading-room": "pw-reading"},
    backup="backup-password",
    ca_pem="the CA\n",
    certificate_pem="the certificate\n",
    key_pem="the key\n",
)


def _example(**archive: Any) -> Variables:
    """The fictional hospital's archive, with fields of `archive` or of the host (`os`, `ae`, `product`) replaced."""
    data = example_data()
    of_host = {name: archive.pop(name) for name in ("os", "ae", "product") if name in archive}
    data["hosts"][0] |= of_host
    data["hosts"][0]["archive"] |= archive
    site = example(hosts=data["hosts"])
    return Variables.of(site, site.hosts[0])


def _with_viewer(**archive: Any) -> Variables:
    return _example(viewer={"product": "ohif", "version": "3.12.10"}, **archive)


def _all_files(variables: Variables, memory: int = 24 * GIBI) -> dict[str, FileSpec]:
    specs: list[Spec] = [
        *files.before_packages(variables),
        *files.postgresql_files(variables, SECRETS, memory),
        *files.orthanc_files(variables, SECRETS),
        *files.nginx_files(variables, SECRETS),
        *files.backup_files(variables, SECRETS),
        *(viewer.settings_files(variables) if variables.viewer else ()),
    ]
    return {spec.path: spec for spec in specs if isinstance(spec, FileSpec)}


def _text(variables: Variables, path: str) -> str:
    return _all_files(variables)[path].data.decode()


def test_variables_survive_the_way_through_json() -> None:
    variables = _example()
    assert Variables.model_validate_json(variables.model_dump_json()) == variables
    assert variables.packages == PACKAGES


def test_the_character_set_is_the_sites_word() -> None:
    """Orthanc answers searches in it: a name with letters outside it would come back without them."""
    for asked, wanted in (({}, "Latin1"), ({"default_encoding": "Utf8"}, "Utf8")):
        settings = json.loads(_text(_example(**asked), "/etc/orthanc/orthanc.json"))
        assert settings["DefaultEncoding"] == wanted


def test_rights_follow_the_routes_in_both_directions() -> None:
    ct, reader = _example().modalities
    assert (ct.name, ct.title, ct.port) == ("ct01", "BRIGID_CT1", 104)
    assert ct.may == ("echo", "store", "worklist", "commit")
    assert ct.receives == ("commit",)
    assert reader.may == ("echo", "find", "move", "get")
    assert reader.receives == ("echo", "store")
    (client,) = _example().web_clients
    assert (str(client.address), client.may) == ("10.78.0.31", ("qido", "wado", "stow"))


def test_every_right_of_an_ae_is_said_since_orthanc_takes_silence_for_yes() -> None:
    known = json.loads(_text(_example(), "/etc/orthanc/orthanc.json"))["DicomModalities"]["read01"]
    assert {name: value for name, value in known.items() if name.startswith("Allow")} == {
        "AllowEcho": True,
        "AllowFind": True,
        "AllowMove": True,
        "AllowGet": True,
        "AllowStore": False,
        "AllowFindWorklist": False,
        "AllowNAction": False,
        "AllowEventReport": False,
        "AllowTranscoding": True,
    }


def _site_of_two(routes: list[dict[str, Any]], **changes: Any) -> Variables:
    peers = [peer("ct1", "10.9.1.1"), peer("far", "10.9.1.2", kind="archive", modality=None)]
    site = site_of([host(1, **changes)], peers=peers, routes=routes)
    return Variables.of(site, site.hosts[0])


def test_an_ae_to_which_no_route_leads_is_no_destination() -> None:
    asks_only = _site_of_two([{"from": "ct1", "to": "arc1", "may": ["find", "move"]}])
    assert orthanc.modality(asks_only.modalities[0])["Port"] == 9
    gets_too = _site_of_two([{"from": "arc1", "to": "ct1", "may": ["store"]}])
    assert orthanc.modality(gets_too.modalities[0])["Port"] == 11112


def test_only_an_archive_that_we_ask_for_commitment_may_report_it() -> None:
    routes = [{"from": "arc1", "to": name, "may": ["commit"]} for name in ("ct1", "far")]
    reports = {known.name: orthanc.modality(known)["AllowEventReport"] for known in _site_of_two(routes).modalities}
    assert reports == {"ct1": False, "far": True}


def test_a_peer_of_the_web_alone_is_no_ae() -> None:
    variables = _site_of_two([{"from": "ct1", "to": "arc1", "may": ["qido"]}])
    assert variables.modalities == ()
    assert [client.may for client in variables.web_clients] == [("qido",)]


def test_a_host_without_ae_is_refused_with_its_name() -> None:
    site = example()
    bare = Host.model_validate(site.hosts[0].model_dump(by_alias=True) | {"ae": None})
    with pytest.raises(BadInput, match=r"hosts/archive01: .*add them to the host"):
        Variables.of(site, bare)


def test_no_section_of_orthanc_stands_in_two_files() -> None:
    sections = [json.loads(text) for text in orthanc.sections(_example(), "pw").values()]
    keys = [key for section in sections for key in section]
    assert len(keys) == len(set(keys))
    assert set(orthanc.sections(_example(), "pw")) == set(orthanc.FILES)  # what else is there is put aside
    # Debian ships these: each must be overwritten, or its defaults would be merged with ours.
    assert set(orthanc.sections(_example(), "pw")) == {
        "orthanc.json",
        "credentials.json",
        "postgresql.json",
        "dicomweb.json",
        "worklists.json",
        "gdcm.json",
        "serve-folders.json",
    }


def test_tls_files_are_named_only_with_tls_since_orthanc_demands_them_anyway() -> None:
    plain = json.loads(_text(_example(), "/etc/orthanc/orthanc.json"))
    assert not [key for key in plain if key.startswith("DicomTls") and key != "DicomTlsEnabled"]
    with_tls = _example(ae={"title": "BRIGID_ARC", "port": 2762, "tls": True})
    settings = json.loads(_text(with_tls, "/etc/orthanc/orthanc.json"))
    assert settings["DicomTlsEnabled"]
    assert settings["DicomTlsRemoteCertificateRequired"]
    assert set(_all_files(with_tls)) >= {settings["DicomTlsPrivateKey"], settings["DicomTlsTrustedCertificates"]}
    assert _all_files(with_tls)["/etc/orthanc/tls/key.pem"].secret


def test_a_plain_archive_has_a_certificate_for_the_tls_port_that_it_calls() -> None:
    data = example_data()
    data["peers"][0]["ae"] = {"title": "BRIGID_CT1", "port": 2762, "tls": True}

    def settings(routes: list[dict[str, Any]]) -> tuple[dict[str, Any], set[str]]:
        site = example(peers=data["peers"], routes=routes)
        variables = Variables.of(site, site.hosts[0])
        return json.loads(_text(variables, "/etc/orthanc/orthanc.json")), set(_all_files(variables))

    calls, files_then = settings(data["routes"])
    assert calls["DicomTlsEnabled"] is False
    assert {calls["DicomTlsPrivateKey"], calls["DicomTlsCertificate"]} <= files_then
    answers, files_else = settings([{"from": "ct01", "to": "archive01", "may": ["store"]}])
    assert "DicomTlsPrivateKey" not in answers
    assert "/etc/orthanc/tls/key.pem" not in files_else


def test_a_silent_orthanc_is_explained(tmp_path: Path) -> None:
    """The last start's errors, and what to do when it was the configuration that could not be read."""
    folder, log = tmp_path / "etc", tmp_path / "orthanc.log"
    folder.mkdir()
    (folder / "zz.json").touch()
    log.write_text(
        'W Orthanc version: 1\nE old\nW Orthanc version: 1\nE The configuration section "X" is defined twice\n'
    )
    script = files.why_orthanc_is_silent().replace("/var/log/orthanc/orthanc.log", str(log))
    said = subprocess.run(
        ["sh", "-c", script.replace("/etc/orthanc", str(folder))], capture_output=True, text=True, check=True
    ).stdout
    assert "E old" not in said
    assert 'E The configuration section "X" is defined twice' in said
    assert f"it reads {folder}/zz.json (a package's); give that file another ending than .json" in said


def test_storage_in_the_database_loads_its_plugin() -> None:
    assert "libOrthancPostgreSQLStorage.so" in _text(_example(storage="database"), "/etc/orthanc/orthanc.json")
    assert "libOrthancPostgreSQLStorage.so" not in _text(_example(), "/etc/orthanc/orthanc.json")


@pytest.mark.parametrize(
    ("memory", "shared", "cache", "work", "maintenance"),
    [
        (GIBI // 2, "128MB", "256MB", "4MB", "64MB"),
        (4 * GIBI, "1024MB", "2048MB", "8MB", "256MB"),
        (24 * GIBI, "4096MB", "12288MB", "48MB", "1024MB"),
        (512 * GIBI, "4096MB", "65536MB", "64MB", "1024MB"),
    ],
)
def test_postgresql_gets_a_quarter_of_the_memory_within_limits(
    memory: int, shared: str, cache: str, work: str, maintenance: str
) -> None:
    made = postgres.tuning(memory)
    assert (made["shared_buffers"], made["effective_cache_size"]) == (shared, cache)
    assert (made["work_mem"], made["maintenance_work_mem"]) == (work, maintenance)


def test_postgresql_gets_more_with_images_in_the_database() -> None:
    assert postgres.tuning(64 * GIBI, storage_in_database=True)["shared_buffers"] == "8192MB"


def test_the_verifier_is_what_a_scram_client_proves() -> None:
    made = postgres.verifier("pencil", "orthanc")
    kind, rounds_and_salt, keys = made.split("$")
    rounds, salt = rounds_and_salt.split(":")
    stored, server = (base64.b64decode(key) for key in keys.split(":"))
    assert (kind, rounds) == ("SCRAM-SHA-256", "4096")
    # RFC 5802, 3: the server recovers ClientKey from the proof and compares its hash with StoredKey.
    salted = hashlib.pbkdf2_hmac("sha256", b"pencil", base64.b64decode(salt), 4096)
    message = b"n=user,r=nonce"
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    proof = bytes(a ^ b for a, b in zip(client_key, hmac.digest(stored, message, "sha256"), strict=True))
    recovered = bytes(a ^ b for a, b in zip(proof, hmac.digest(stored, message, "sha256"), strict=True))
    assert hashlib.sha256(recovered).digest() == stored
    assert server == hmac.digest(salted, b"Server Key", "sha256")


@pytest.mark.parametrize("password", ["", "grün", "tab\there"])
def test_a_database_password_that_needs_normalising_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="printable ASCII"):
        postgres.verifier(password, "orthanc")


def test_web_hashes_are_right_repeatable_and_differ_between_users() -> None:
    first = web.password_hash("secret", "archive01", "reader")
    assert bcrypt.checkpw(b"secret", first.encode())
    assert not bcrypt.checkpw(b"Secret", first.encode())
    assert first == web.password_hash("secret", "archive01", "reader")
    assert first != web.password_hash("secret", "archive01", "importer")


@pytest.mark.parametrize("password", ["", "x" * 73, "a\0b", "ü" * 37])
def test_a_web_password_that_bcrypt_would_cut_is_refused(password: str) -> None:
    with pytest.raises(BadInput, match="1 to 72 bytes"):
        web.password_hash(password, "archive01", "reader")


def test_secrets_stand_only_in_files_marked_secret_that_few_may_read() -> None:
    found = {}
    internal = orthanc.internal_password(SECRETS.database, "archive01")
    values = (SECRETS.database, SECRETS.backup, *SECRETS.web.values(), internal, SECRETS.key_pem.strip())
    for path, spec in _all_files(_example(ae={"title": "A", "port": 2762, "tls": True})).items():
        text = spec.data.decode()
        if spec.secret or any(value in text for value in values):
            found[path] = (spec.secret, spec.mode)
    assert found
    assert {path: rights for path, rights in found.items() if rights not in ((True, "600"), (True, "640"))} == {}
    verifier = postgres.verifier(SECRETS.database, "orthanc")
    assert [path for path, spec in _all_files(_example()).items() if verifier in spec.data.decode()] == [
        "/etc/pacsmith/database.sql",
        "/etc/pacsmith/database-check.sql",
    ]


def _class_of(conf: str, request: str) -> str:
    """What nginx's first map makes of a request: the first pattern that matches decides."""
    block = conf[conf.index("$archive_class {") :]
    for pattern, name in re.findall(r'^\s+"~(.+)" (\w+);$', block[: block.index("\n    }")], re.MULTILINE):
        if re.search(pattern, request):
            return str(name)
    return "none"


@pytest.mark.parametrize(
    ("request_line", "kind"),
    [
        ("GET /dicom-web/studies", "qido"),
        ("GET /dicom-web/studies?PatientName=*", "qido"),
        ("GET /dicom-web/studies/1.2.3/series", "qido"),
        ("GET /dicom-web/studies/1.2.3/instances", "qido"),
        ("GET /dicom-web/studies/1.2.3/series/1.4/instances?limit=1", "qido"),
        ("GET /dicom-web/series", "qido"),
        ("GET /dicom-web/studies/1.2.3", "wado"),
        ("GET /dicom-web/studies/1.2.3/metadata", "wado"),
        ("GET /dicom-web/studies/1.2.3/series/1.4/instances/1.5", "wado"),
        ("GET /dicom-web/studies/1.2.3/series/1.4/instances/1.5/rendered?viewport=1,1", "wado"),
        ("GET /dicom-web/studies/1.2.3/series/1.4/instances/1.5/frames/1,2", "wado"),
        ("GET /dicom-web/studies/1.2.3/series/1.4/instances/1.5/frames/1%2C2/rendered", "wado"),
        ("GET /dicom-web/studies/1.2.3/series/1.4/instances/1.5/bulk/00420011", "wado"),
        ("GET /wado?requestType=WADO&objectUID=1", "wado"),
        ("POST /dicom-web/studies", "stow"),
        ("POST /dicom-web/studies/1.2.3", "stow"),
        ("GET /orthanc/system", "rest"),
        ("GET /orthanc/app/explorer.html", "rest"),
        ("GET /orthanc/", "rest"),
        ("POST /orthanc/modalities/read01/store", "rest"),
        ("DELETE /dicom-web/studies/1.2.3", "none"),
        ("DELETE /orthanc/studies/abc", "none"),
        ("PUT /orthanc/modalities/evil", "none"),
        ("PUT /orthanc/tools/unknown-sop-class-accepted", "none"),
        ("PUT /orthanc/tools/log-level", "none"),
        ("POST /orthanc/tools/find", "rest"),
        ("POST /orthanc/studies/abc/modify", "rest"),
        ("POST /orthanc/tools/bulk-delete", "none"),
        ("POST /orthanc/tools/shutdown", "none"),
        ("POST /orthanc//tools/shutdown", "none"),
        ("POST /orthanc/x/../tools/shutdown", "none"),
        ("POST /orthanc/%74ools/shutdown", "none"),
        ("GET /dicom-web/studies/../../system", "none"),
        ("GET /dicom-web/studies/%2e%2e/%2e%2e/system", "none"),
        ("GET /dicom-web/servers", "none"),
        ("GET /system", "none"),
        ("GET /wado", "none"),
        ("GET /", "none"),
        ("POST /dicom-web/servers/x/stow", "none"),
    ],
)
def test_nginx_tells_requests_apart_by_their_raw_path(request_line: str, kind: str) -> None:
    assert _class_of(files.nginx_conf(_example()), request_line) == kind


@pytest.mark.parametrize(
    ("request_line", "kind"),
    [
        ("GET /", "viewer"),
        ("HEAD /index.html", "viewer"),
        ("GET /viewer?StudyInstanceUIDs=1.2.3", "viewer"),
        ("GET /assets/favicon-16x16.png", "viewer"),
        ("GET /ort/ort-wasm.wasm", "viewer"),
        ("POST /", "none"),
        ("GET /../etc/passwd", "none"),
        ("GET /assets/../../etc/passwd", "none"),
        ("GET /assets/%2e%2e/%2e%2e/etc/passwd", "none"),
        ("GET /.hidden", "none"),
        ("GET //dicom-web/studies", "none"),
        ("GET /dicom-web", "none"),
        ("GET /dicom-web/servers", "none"),
        ("GET /dicom-web/studies/../../index.html", "none"),
        ("GET /dicom-web/studies", "qido"),
        ("GET /wado?requestType=WADO&objectUID=1", "wado"),
        ("GET /wado", "none"),
        ("GET /metrics", "none"),
        ("GET /orthanc", "none"),
        ("GET /orthanc/system", "rest"),
        ("DELETE /orthanc/studies/abc", "none"),
    ],
)
def test_a_web_viewer_opens_no_other_door(request_line: str, kind: str) -> None:
    assert _class_of(files.nginx_conf(_with_viewer()), request_line) == kind


def test_a_web_viewer_is_for_addresses_with_a_web_route() -> None:
    assert [str(one) for one in web.addresses(_with_viewer())["viewer"]] == ["10.78.0.31"]
    assert "viewer" not in web.addresses(_example())


def test_an_archive_without_a_viewer_says_nothing_of_one() -> None:
    assert {"viewer", "artefacts"}.isdisjoint(_example().model_dump(mode="json"))
    assert _with_viewer().model_dump(mode="json")["artefacts"] == [{"name": "ohif", "version": "3.12.10"}]
    assert Variables.model_validate_json(_with_viewer().model_dump_json()) == _with_viewer()
    assert "viewer" not in files.nginx_conf(_example())


def test_one_version_of_the_viewer_is_kept_and_our_settings_stand_in_for_its_own() -> None:
    source = Delivered(name="ohif", version="3.12.10", file="x.tgz", path="/x", sha256="a" * 64, size=1)
    wanted = viewer.unpacked(_with_viewer(), source)
    assert wanted.folder == "/usr/local/share/pacsmith/viewers/ohif-3.12.10"
    assert "app-config.js" in wanted.leave_out
    assert viewer.kept([wanted]) == ("ohif-3.12.10", "ohif-3.12.10.aaaaaaaaaaaa")
    assert viewer.kept([]) == ()
    assert viewer.served(_example()) is None


def test_the_viewers_settings_begin_with_the_line_that_keeps_the_page_from_staying_blank() -> None:
    text = _text(_with_viewer(), "/usr/local/share/pacsmith/viewer-settings/app-config.js")
    assert text.startswith('window.__filename = "/";')
    assert settings_faults(text) == []


@pytest.mark.parametrize(
    ("by", "request_line", "gate"),
    [
        ("1", "GET /dicom-web/studies/1.2.3/metadata", "@metadata"),
        ("1", "GET /dicom-web/studies/1.2.3/series/1.4/metadata?includefield=all", "@metadata"),
        ("1", "GET /dicom-web/studies/1.2.3", "@orthanc"),
        ("1", "GET /dicom-web/studies?StudyDescription=/metadata", "@orthanc"),
        ("1", "POST /dicom-web/studies", "@orthanc"),  # an image is never sent twice by the door
        ("0", "GET /dicom-web/studies/1.2.3/metadata", "@refused"),
        ("0", "POST /dicom-web/studies", "@refused"),
    ],
)
def test_nginx_asks_again_for_metadata_alone_and_lets_nobody_by(by: str, request_line: str, gate: str) -> None:
    conf = files.nginx_conf(_example())
    block = conf[conf.index("$archive_gate {") :]
    patterns = re.findall(r'^\s+"~(.+)" (@\w+);$', block[: block.index("\n    }")], re.MULTILINE)
    found = next((name for pattern, name in patterns if re.search(pattern, f"{by} {request_line}")), "@refused")
    assert found == gate
    places = re.findall(r"location (@\w+) \{(.*?)\n        \}", conf, re.DOTALL)
    assert [name for name, text in places if "error_page" in text] == ["@metadata"]
    assert [name for name, text in places if "proxy_pass http://orthanc;" in text] == ["@metadata", "@orthanc"]


def test_nginx_lets_go_of_a_silent_connection_before_orthanc_does() -> None:
    """Orthanc's own "KeepAliveTimeout" is 1 s, and 1.10 knows no other."""
    (kept,) = re.findall(r"keepalive 16;[^}]*keepalive_timeout (\d+)ms;", files.nginx_conf(_example()))
    assert int(kept) < 1000


@pytest.mark.parametrize("os_name", ["debian-12", "debian-13"])
def test_transactions_that_are_serialised_run_over_one_connection(os_name: str) -> None:
    section = json.loads(_text(_example(os=os_name), "/etc/orthanc/postgresql.json"))["PostgreSQL"]
    assert section["IndexConnectionsCount"] == 1


def test_nginx_lets_in_the_routes_addresses_and_the_users_rights() -> None:
    assert {name: [str(one) for one in found] for name, found in web.addresses(_example()).items()} == {
        "qido": ["10.78.0.31"],
        "wado": ["10.78.0.31"],
        "stow": ["10.78.0.31"],
        "rest": ["10.78.0.1/32"],
    }
    assert web.users(_example())["stow"] == ["importer", "pacs-admin"]
    assert web.users(_example())["rest"] == ["pacs-admin"]


def test_http2_is_said_as_each_nginx_understands_it() -> None:
    assert "listen 443 ssl default_server;\n        http2 on;" in files.nginx_conf(_example())
    assert "listen 443 ssl http2 default_server;" in files.nginx_conf(_example(os="debian-12"))


def test_debian_12_has_its_own_postgresql_and_no_createcluster_folder() -> None:
    paths = set(_all_files(_example(os="debian-12")))
    assert "/etc/postgresql/15/main/conf.d/zz-pacsmith.conf" in paths
    assert "/etc/postgresql-common/createcluster.conf" in paths
    assert "add_include_dir" in _text(_example(os="debian-12"), "/etc/postgresql-common/createcluster.conf")
    assert "/etc/postgresql/17/main/conf.d/zz-pacsmith.conf" in set(_all_files(_example()))


def test_the_mark_that_lets_a_unit_start_is_written_after_everything_else() -> None:
    orthanc_paths = [spec.path for spec in files.orthanc_files(_example(), SECRETS)]
    nginx_paths = [spec.path for spec in files.nginx_files(_example(), SECRETS)]
    assert orthanc_paths[-1] == "/etc/pacsmith/orthanc.configured"
    assert nginx_paths[-1] == "/etc/pacsmith/nginx.configured"
    for unit, path in (("orthanc", orthanc_paths[-1]), ("nginx", nginx_paths[-1])):
        drop_in = _text(_example(), f"/etc/systemd/system/{unit}.service.d/pacsmith.conf")
        assert f"ConditionPathExists={path}\n" in drop_in


def test_a_low_dicom_port_needs_the_capability_and_a_high_one_none() -> None:
    drop_in = "/etc/systemd/system/orthanc.service.d/pacsmith.conf"
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE" in _text(_example(), drop_in)
    assert "AmbientCapabilities" not in _text(_example(ae={"title": "A", "port": 11112}), drop_in)


def test_backup_keeps_what_the_site_says_and_runs_at_its_hour() -> None:
    backup = {"password": {"vault": "b"}, "at": "23:15", "keep_daily": 3, "keep_weekly": 0, "repository": "/srv/b"}
    variables = _example(backup=backup)
    script = _text(variables, "/usr/local/sbin/pacsmith-backup")
    assert "--keep-daily 3\n" in script
    assert "--keep-weekly" not in script
    assert "RESTIC_REPOSITORY=/srv/b\n" in script
    assert "OnCalendar=*-*-* 23:15:00" in _text(variables, "/etc/systemd/system/pacsmith-backup.timer")
    assert "OnCalendar=Sun *-*-* 00:15:00" in _text(variables, "/etc/systemd/system/pacsmith-restore-test.timer")


@pytest.mark.parametrize("storage", ["filesystem", "database"])
@pytest.mark.parametrize("script", ["pacsmith-backup", "pacsmith-restore-test"])
def test_scripts_have_no_fault_that_shellcheck_knows(script: str, storage: str, tmp_path: Path) -> None:
    text = _text(_example(storage=storage), f"/usr/local/sbin/{script}")
    file = tmp_path / script
    file.write_text(text)
    subprocess.run(["bash", "-n", file], check=True)
    if shutil.which("shellcheck") is None:
        pytest.skip("shellcheck is not installed; `make test` installs it")
    done = subprocess.run(["shellcheck", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        ("0", "saved"),
        ("3 0", "saved"),  # a study was deleted while its files were read
        ("3 3", "failed"),
        ("1", "failed"),
        ("3 1", "failed"),
    ],
)
def test_a_backup_that_lost_a_file_is_made_once_more_and_no_failure_passes(codes: str, said: str) -> None:
    script = _text(_example(), "/usr/local/sbin/pacsmith-backup")
    step = script[script.index("step='saving to the repository'") : script.index('rm -rf "$spool"\n\n# One')]
    fake = f'codes=({codes}); restic() {{ local code=${{codes[0]}}; codes=("${{codes[@]:1}}"); return $code; }}'
    program = f"set -euo pipefail; spool=/none; trap 'echo failed' ERR; {fake}\n{step}\necho saved"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.returncode == 0) == (said, said == "saved"), done.stderr


GOLDENS: dict[str, tuple[Callable[[], Variables], str]] = {
    "nginx-debian-13.conf": (_example, "/etc/nginx/nginx.conf"),
    "nginx-with-a-web-viewer.conf": (_with_viewer, "/etc/nginx/nginx.conf"),
    "app-config.js": (_with_viewer, "/usr/local/share/pacsmith/viewer-settings/app-config.js"),
    "orthanc-filesystem.json": (_example, "/etc/orthanc/orthanc.json"),
    "orthanc-database-tls.json": (
        lambda: _example(storage="database", ae={"title": "BRIGID_ARC", "port": 2762, "tls": True}),
        "/etc/orthanc/orthanc.json",
    ),
    "orthanc-unit-port-104.conf": (_example, "/etc/systemd/system/orthanc.service.d/pacsmith.conf"),
    "postgresql-24-gib.conf": (_example, "/etc/postgresql/17/main/conf.d/zz-pacsmith.conf"),
}


@pytest.mark.parametrize("name", GOLDENS)
def test_golden(name: str) -> None:
    """Compare with the golden file; with PACSMITH_REWRITE_GOLDEN=1 write it."""
    make, path = GOLDENS[name]
    text = _text(make(), path)
    file = GOLDEN / name
    if os.environ.get("PACSMITH_REWRITE_GOLDEN") == "1":
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert text == file.read_text()


def test_any_database_password_survives_the_way_to_the_plugin() -> None:
    password = "p'a\"ss w0rd@:/%\\ä"
    address = urlsplit(orthanc.database_uri(password))
    assert unquote(address.password or "") == password
    assert (address.hostname, address.port, address.path) == ("127.0.0.1", 5432, "/orthanc")
