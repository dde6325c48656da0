"""The archive's own REST interface, asked on the archive itself: over SSH, with curl settings that only root reads."""

import io
import json
import re
import threading
import zipfile
from collections.abc import Iterable
from typing import Any

from builder.errors import PacsmithError
from builder.models.archive import WORKLISTS
from builder.models.site import ApplicationEntity, Host
from builder.probes.samples import PATIENT_NAME, PATIENT_PREFIX, Sample
from builder.survey.remote import Remote

CURL_FILE = "/etc/pacsmith/orthanc.curl"
LOG = "/var/log/orthanc/orthanc.log"
WORKLIST_PREFIX = "pacsmith-"
_PORT = 8042
_STATUS = re.compile(r"^pacsmith-status (\d{3})$", re.MULTILINE)


class SilentArchiveError(PacsmithError):
    """Orthanc's REST interface gave no usable answer on the archive itself."""


class Orthanc:
    """One archive. Its lock keeps counts and removals apart from each other; `withdrawn` counts the studies that left
    before the clean-up at the end."""

    def __init__(self, host: Host, remote: Remote) -> None:
        self.host = host
        self.remote = remote
        self.withdrawn = 0
        self.lock = threading.Lock()

    @property
    def entity(self) -> ApplicationEntity:
        """The archive's AE. Raises SilentArchiveError when the site gives it none."""
        if self.host.ae is None:
            raise SilentArchiveError(
                f"{self.host.name}: an archive without `ae` cannot be asked; add it to the site file"
            )
        return self.host.ae

    def ask(self, method: str, path: str, body: bytes | None = None, *, timeout: float = 60) -> tuple[int, bytes]:
        """One request; HTTP status and body. Raises Unreachable, SilentArchiveError when nothing answered."""
        argv = ["curl", "-sS", "-m", str(int(timeout)), "-K", CURL_FILE, "-X", method,
                "-w", "%{stderr}pacsmith-status %{http_code}\\n"]  # fmt: skip
        if body is not None:
            argv += ["--data-binary", "@-", "-H", "Expect:"]
        answer = self.remote.run(
            [*argv, f"http://127.0.0.1:{_PORT}{path}"], stdin=body or b"", sudo=True, timeout=timeout + 15
        )
        said = answer.stderr.decode("utf-8", "replace")
        status = _STATUS.search(said)
        if status is None or status[1] == "000":
            reason = said.replace("pacsmith-status 000", "").strip().splitlines()
            raise SilentArchiveError(
                f"{self.host.name}: Orthanc does not answer on the archive itself: "
                f"{reason[0] if reason else 'no reason given'}; "
                "look at `systemctl status orthanc` there"
            )
        return int(status[1]), answer.stdout

    def json(self, method: str, path: str, body: Any = None) -> Any:
        """One request whose answer is JSON. Raises Unreachable, SilentArchiveError on any other status than 200."""
        status, content = self.ask(method, path, None if body is None else json.dumps(body).encode())
        if status != 200:
            raise SilentArchiveError(f"{self.host.name}: Orthanc answers {method} {path} with {status}")
        return json.loads(content)

    def studies(self) -> dict[str, str]:
        """Orthanc's identifiers of all synthetic studies with their PatientID; name and PatientID must be ours."""
        query = {"PatientID": f"{PATIENT_PREFIX}*", "PatientName": f"{PATIENT_NAME}*"}
        wanted = {"Level": "Study", "Query": query, "CaseSensitive": True, "Expand": True}
        patients = {study["ID"]: study["PatientMainDicomTags"] for study in self.json("POST", "/tools/find", wanted)}
        return {
            study: tags["PatientID"]
            for study, tags in patients.items()
            if tags.get("PatientID", "").startswith(PATIENT_PREFIX)
            and tags.get("PatientName", "").startswith(PATIENT_NAME)
        }

    def count(self) -> int:
        """How many studies the archive holds."""
        return int(self.json("GET", "/statistics")["CountStudies"])

    def put(self, file: bytes) -> None:
        """Take one DICOM file in by REST. Raises SilentArchiveError when it is refused."""
        status, _ = self.ask("POST", "/instances", file)
        if status != 200:
            raise SilentArchiveError(f"{self.host.name}: Orthanc refuses a synthetic image by REST with {status}")

    def put_all(self, files: Iterable[bytes]) -> None:
        """Take many DICOM files in at once. Raises SilentArchiveError when they are refused."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as bundle:
            for number, file in enumerate(files):
                bundle.writestr(f"{number}.dcm", file)
        self.put(buffer.getvalue())

    def identifiers(self, samples: Iterable[Sample], patient: str) -> dict[str, str]:
        """SOP instance UID -> Orthanc's identifier of those instances that it holds of these."""
        wanted = {sample.instance for sample in samples}
        query = {"Level": "Instance", "Query": {"PatientID": patient}, "Expand": True}
        found = self.json("POST", "/tools/find", query)
        held = {one["MainDicomTags"].get("SOPInstanceUID", ""): str(one["ID"]) for one in found}
        return {instance: held[instance] for instance in wanted & held.keys()}

    def files(self, samples: Iterable[Sample], patient: str) -> list[bytes]:
        """The stored files of those instances that it holds of these. Raises SilentArchiveError, Unreachable."""
        found = self.identifiers(samples, patient)
        if not found:
            return []
        status, content = self.ask(
            "POST", "/tools/create-archive", json.dumps({"Resources": sorted(found.values())}).encode()
        )
        if status != 200:
            raise SilentArchiveError(f"{self.host.name}: Orthanc answers POST /tools/create-archive with {status}")
        with zipfile.ZipFile(io.BytesIO(content)) as bundle:
            return [bundle.read(name) for name in bundle.namelist()]

    def log_size(self) -> int:
        """How long Orthanc's log is, in bytes."""
        return int(self.remote.run(["stat", "-c", "%s", LOG], sudo=True).text.strip() or 0)

    def log_since(self, size: int) -> str:
        """What Orthanc has written into its log since it was `size` bytes long."""
        return self.remote.run(["tail", "-c", f"+{size + 1}", LOG], sudo=True).text

    def forget_worklists(self) -> None:
        """Remove worklist items that an earlier verification could not remove. Raises Unreachable."""
        self.remote.run(f"rm -f {WORKLISTS}/{WORKLIST_PREFIX}*.wl", sudo=True)

    def lookup(self, instance: str) -> list[str]:
        """Orthanc's identifiers of what has this study or SOP instance UID. Raises Unreachable, SilentArchiveError."""
        status, content = self.ask("POST", "/tools/lookup", instance.encode())
        if status != 200:
            raise SilentArchiveError(f"{self.host.name}: Orthanc answers POST /tools/lookup with {status}")
        return [match["ID"] for match in json.loads(content)]

    def read_back(self, instance: str) -> tuple[int, bytes]:
        """The stored file of an instance by its SOP instance UID, with the HTTP status; 404 when it is not there."""
        found = self.lookup(instance)
        return self.ask("GET", f"/instances/{found[0]}/file") if found else (404, b"")

    def withdraw(self, studies: Iterable[str]) -> None:
        """Delete the studies with these study instance UIDs, which must be our own. Raises as `remove` does."""
        with self.lock:
            held = [identifier for study in studies for identifier in self.lookup(study)]
            self.remove(held)
            self.withdrawn += len(held)

    def remove(self, studies: list[str]) -> None:
        """Delete these studies and nothing else. Raises SilentArchiveError when it is refused."""
        if studies:
            status, _ = self.ask("POST", "/tools/bulk-delete", json.dumps({"Resources": studies}).encode())
            if status != 200:
                raise SilentArchiveError(f"{self.host.name}: Orthanc answers the removal of test studies with {status}")

    def process(self) -> str:
        """Which process serves: it changes when Orthanc is started again."""
        return self.remote.run(["systemctl", "show", "orthanc", "-p", "MainPID", "--value"]).text.strip()

    def listening_ports(self) -> frozenset[int]:
        """The TCP ports on which the archive itself listens."""
        text = self.remote.run(["ss", "-Hltn"]).text
        return frozenset(int(port) for port in re.findall(r"^\S+\s+\d+\s+\d+\s+\S*:(\d+)\s", text, re.MULTILINE))
