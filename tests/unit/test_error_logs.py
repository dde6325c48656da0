"""What the logs tell of after an upgrade that they did not tell of before."""

import gzip
import subprocess
from pathlib import Path

from builder.models.upgrade import NewErrors
from builder.wayback.logs import Log, before_script, new_script
from roles.archive.upgrade import logs

OLD = (
    'E1123 06:37:06.850093          HTTP-42 PluginsManager.cpp:153] Exception: Unknown DICOM tag\n'
    "W1123 06:37:06.850278             MAIN main.cpp:2102] Orthanc version: 1.10.1\n"
)  # fmt: skip


def said(script: str) -> list[str]:
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def played(tmp_path: Path) -> tuple[Log, ...]:
    """The archive's logs, below another folder."""
    return tuple((name, f"{tmp_path}{files}", marks) for name, files, marks in logs(None))  # type: ignore[arg-type]


def test_errors_that_were_there_before_are_no_news(tmp_path: Path) -> None:
    for folder in ("orthanc", "postgresql", "nginx"):
        (tmp_path / "var/log" / folder).mkdir(parents=True)
    orthanc = tmp_path / "var/log/orthanc/orthanc.log"
    orthanc.write_text(OLD)
    (tmp_path / "var/log/orthanc/orthanc.log.2.gz").write_bytes(gzip.compress(OLD.replace("tag", "host 7").encode()))
    copy = str(tmp_path / "copy")
    said(before_script(copy, played(tmp_path)))
    orthanc.write_text(OLD.replace("06:37:06.850093", "07:01:02.000001").replace("HTTP-42", "HTTP-7"))
    assert said(new_script(copy, played(tmp_path))) == []
    with orthanc.open("a") as log:
        log.write("E1123 07:02:00.1 MAIN x.cpp:1] Exception: Unknown DICOM host 9\n")
        log.write("E1123 07:02:00.1 MAIN x.cpp:1] Cannot open the plugin of 3 kinds\n" * 3)
    (tmp_path / "var/log/postgresql/postgresql-17-main.log").write_text(
        '2026-11-23 07:00:05.287 UTC [280] orthanc@orthanc ERROR:  relation "Doe^John" does not exist\n'
        "2026-11-23 07:00:05.287 UTC [280] LOG:  checkpoint complete\n"
    )
    assert said(new_script(copy, played(tmp_path))) == [
        "orthanc: MAIN x.cpp:#] Cannot open the plugin of # kinds",
        "orthanc: MAIN x.cpp:#] Exception: Unknown DICOM host #",
        'postgresql: orthanc@orthanc ERROR: relation "..." does not exist',
    ]


def test_what_was_not_written_down_before_is_unknown_and_not_nothing(tmp_path: Path) -> None:
    assert subprocess.run(["sh", "-c", new_script(str(tmp_path), played(tmp_path))], check=False).returncode != 0
    assert NewErrors(unread="no").told == "its error logs could not be read: no"
    assert "no error of a kind" in NewErrors().told
    assert NewErrors(kinds=("a", "b")).told.startswith("its logs tell of 2 kinds of error")
