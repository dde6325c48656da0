"""dcmtk and curl, run by hand on machines that pacsmith writes nothing on: they behave as the site's routes say.

Nothing here uses pacsmith's own probes: the commands are those that a PACS administrator would type.
"""

import shlex
from pathlib import Path

from pydicom.data import get_testdata_file

from tests.lab.conftest import BuiltSite

AS_US7 = "-aet us7-Store -aec 'North VNA.1' 10.83.7.40 11104"
AS_DESK = "-aet DESK -aec 'North VNA.1' 10.83.7.40 11104"


def send_file(site: BuiltSite, machine: str, name: str) -> str:
    """Put one of pydicom's packaged files on a stand-in, as a person would with scp; its path there."""
    source = get_testdata_file(name)
    assert isinstance(source, str)
    encoded = Path(source).read_bytes().hex()
    script = f'python3 -c \'import sys; open("/tmp/{name}", "wb").write(bytes.fromhex(sys.stdin.read()))\''
    done = site.on(machine, f"printf %s {encoded} | {script}")
    assert done.returncode == 0, done.stderr
    return f"/tmp/{name}"


def test_the_modality_may_echo_and_store_and_nothing_more(north: BuiltSite) -> None:
    assert north.on("us7", f"echoscu {AS_US7}").returncode == 0
    image = send_file(north, "us7", "MR_small.dcm")
    assert north.on("us7", f"storescu {AS_US7} {image}").returncode == 0
    refused = north.on("us7", f"findscu -S -k QueryRetrieveLevel=STUDY -k PatientID {AS_US7}")
    assert "(0020,000d)" not in refused.stdout + refused.stderr
    assert refused.returncode != 0 or "Failed" in refused.stdout + refused.stderr


def test_the_reading_desk_finds_and_moves_what_the_modality_stored(north: BuiltSite) -> None:
    image = send_file(north, "us7", "CT_small.dcm")
    assert north.on("us7", f"storescu {AS_US7} {image}").returncode == 0
    found = north.on("desk", f"findscu -S -k QueryRetrieveLevel=STUDY -k PatientID=1CT1 -k StudyInstanceUID {AS_DESK}")
    assert found.returncode == 0
    assert "1.3.6.1.4.1.5962.1.2.1.20040119072730.12322" in found.stdout + found.stderr
    moved = north.on(
        "desk",
        "rm -rf /tmp/in && mkdir /tmp/in && movescu -S +P 4006 -od /tmp/in -k QueryRetrieveLevel=STUDY "
        f"-k StudyInstanceUID=1.3.6.1.4.1.5962.1.2.1.20040119072730.12322 -aem DESK {AS_DESK}; ls /tmp/in",
    )
    assert "CT." in moved.stdout, moved.stdout + moved.stderr


def test_the_reading_desk_may_not_store(north: BuiltSite) -> None:
    image = send_file(north, "desk", "MR_small.dcm")
    refused = north.on("desk", f"storescu {AS_DESK} {image}")
    assert refused.returncode != 0


def test_strangers_are_refused(north: BuiltSite) -> None:
    wrong_called = north.on("us7", "echoscu -aet us7-Store -aec NORTHVNA 10.83.7.40 11104")
    assert "Called AE Title Not Recognized" in wrong_called.stderr
    unknown = north.on("us7", "echoscu -aet NOBODY -aec 'North VNA.1' 10.83.7.40 11104")
    assert unknown.returncode != 0
    borrowed = north.on("desk", f"echoscu {AS_US7}")  # the modality's title from the desk's address
    assert borrowed.returncode != 0
    wrong_port = north.on("us7", "echoscu -to 3 -aet us7-Store -aec 'North VNA.1' 10.83.7.40 104")
    assert wrong_port.returncode != 0


def curl(site: BuiltSite, machine: str, user: str, password: str, path: str, *more: str) -> str:
    """HTTP status of a request from a stand-in; the password goes in on standard input."""
    ca = (site.folder / ".pacsmith" / site.name / "certificates" / "ca.pem").read_text()
    setup = f"printf %s {shlex.quote(ca)} > /tmp/ca.pem"
    config = shlex.quote(f'user = "{user}:{password}"')
    target = "https://vna.north.test:8443" + path
    done = site.on(
        machine,
        f"{setup}; printf %s {config} | curl -K - -sS -m 10 -o /dev/null -w '%{{http_code}}' --cacert /tmp/ca.pem "
        f"--resolve vna.north.test:8443:10.83.7.40 {shlex.join(more)} {target}",
    )
    return done.stdout.strip() or done.stderr.strip()


def web_password(site: BuiltSite, name: str) -> str:
    """A value of the site's vault, read as its owner would."""
    import subprocess  # noqa: PLC0415 - only this test opens a vault itself
    import sys  # noqa: PLC0415

    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-vault", "view", f".pacsmith/{site.name}/secrets.yml",
         "--vault-password-file", "/dev/stdin"],
        cwd=site.folder, input=site.environment["NORTH_VAULT_PASSWORD"], capture_output=True, text=True, check=True,
    )  # fmt: skip
    return next(line.split(": ", 1)[1].strip("'\"") for line in done.stdout.splitlines() if line.startswith(name + ":"))


def test_the_web_door_opens_to_the_right_address_user_and_request(north: BuiltSite) -> None:
    viewer, feeder = web_password(north, "north_viewer"), web_password(north, "north_feeder")
    assert curl(north, "desk", "viewer", viewer, "/dicom-web/studies") == "200"
    assert curl(north, "desk", "viewer", "wrong", "/dicom-web/studies") == "401"
    assert curl(north, "desk", "feeder", feeder, "/dicom-web/studies") == "403"  # may only stow, and no route grants it
    assert curl(north, "desk", "viewer", viewer, "/dicom-web/studies", "-X", "POST", "-d", "x") == "403"
    assert curl(north, "desk", "viewer", viewer, "/orthanc/patients") == "403"
    blocked = curl(north, "us7", "viewer", viewer, "/dicom-web/studies")  # no web route from the modality
    assert "200" not in blocked


def test_the_web_viewer_is_for_web_clients_alone_and_opens_no_other_door(north: BuiltSite) -> None:
    door = "curl -sk -m 5 --path-as-is -o /dev/null -w '%{http_code} ' --resolve vna.north.test:8443:10.83.7.40"
    asked = {
        "/": "200", "/viewer?StudyInstanceUIDs=1.2.3": "200", "/app.js": "200", "/app.js.map": "404",
        "/dicom-web/studies": "401", "/dicom-web/../index.html": "403", "/orthanc/system": "403",
    }  # fmt: skip
    script = "; ".join(f"{door} {shlex.quote(f'https://vna.north.test:8443{path}')}" for path in asked)
    said = north.on("desk", f"{script}; {door} -X POST https://vna.north.test:8443/").stdout.split()
    assert dict(zip([*asked, "POST /"], said, strict=True)) == {**asked, "POST /": "403"}
    assert north.on("us7", f"{door} https://vna.north.test:8443/").stdout.split() == ["000"]  # no connection at all


def test_dicom_tls_takes_certificates_of_the_site_ca_only(tls_ward: BuiltSite) -> None:
    plain = tls_ward.on("xa1", "echoscu -to 5 -aet XA1 -aec WARDSTORE 10.84.0.12 2762")
    assert plain.returncode != 0
    anonymous = tls_ward.on("xa1", "echoscu -to 5 +tla -ic -aet XA1 -aec WARDSTORE 10.84.0.12 2762")
    assert anonymous.returncode != 0
    made = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=xa1 -keyout /tmp/own.key -out /tmp/own.crt -days 2"
    own = tls_ward.on(
        "xa1",
        f"{made} 2>/dev/null; echoscu -to 5 +tls /tmp/own.key /tmp/own.crt -ic -aet XA1 -aec WARDSTORE 10.84.0.12 2762",
    )
    assert own.returncode != 0
