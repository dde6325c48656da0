"""`pacsmith report` on a project folder with a ledger."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import typer
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from typer.testing import CliRunner, Result

from builder.cli.report import report
from builder.errors import BadInput, PacsmithError
from builder.ledger import Ledger, open_ledger
from builder.models.dossier import Dossier
from builder.models.run import Outcome
from builder.report import choose_run, gather
from builder.report.gather import read_certificates
from builder.report.write import formats_of, write_dossier
from tests.unit.report_sample import (
    BEGAN,
    RUN,
    sample_dossier,
    sample_events,
    sample_evidence,
    sample_facts,
    sample_run,
    sample_site,
)
from tests.unit.site_parts import example_data

APP = typer.Typer()
APP.command()(report)
APP.command("other")(lambda: None)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the example site, as a person has it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inventory/st-brigid").mkdir(parents=True)
    (tmp_path / "inventory/st-brigid/site.yml").write_text(yaml.safe_dump(example_data(), sort_keys=False))
    return tmp_path


@pytest.fixture
def ledger(project: Path) -> Iterator[Ledger]:
    with open_ledger("sqlite:///.pacsmith/st-brigid/ledger.db", now=lambda: BEGAN) as opened:
        yield opened


def recorded(ledger: Ledger, outcome: Outcome = "accepted", name: str = RUN, after: int = 0) -> None:
    ledger.begin(sample_run().model_copy(
        update={"id": name, "outcome": "running", "finished": None, "started": BEGAN + timedelta(hours=after)}
    ))  # fmt: skip
    ledger.record_all(event.model_copy(update={"run": name}) for event in sample_events())
    ledger.record_evidence(item.model_copy(update={"run": name}) for item in sample_evidence())
    facts = {fact.name: fact.model_dump(mode="json", exclude={"name"}) for fact in sample_facts()[0].facts}
    ledger.set_host_state("st-brigid", "archive01", accepted_run=name, facts=facts)
    ledger.finish(name, outcome)


def command(*arguments: str) -> Result:
    return CliRunner().invoke(APP, arguments)


def test_a_recorded_run_becomes_the_dossier_that_its_parts_make(ledger: Ledger, project: Path) -> None:
    recorded(ledger, "failed")
    made = gather(sample_site(), ledger, RUN, certificates=project / "none", generated=BEGAN + timedelta(minutes=5))
    direct = sample_dossier()
    for field in ("proofs", "matrix", "work", "counts", "network", "waivers", "signatures"):
        assert getattr(made, field) == getattr(direct, field), field
    by_name = {fact.name: fact for fact in direct.facts[0].facts}
    assert {fact.name: fact for fact in made.facts[0].facts} == by_name


def test_report_writes_the_last_accepted_run_and_tells_of_a_newer_one(ledger: Ledger, project: Path) -> None:
    recorded(ledger)
    recorded(ledger, "failed", "later", after=1)
    result = command("report", "--format", "html,json,junit")
    assert result.exit_code == 0, result.output
    folder = Path(".pacsmith/st-brigid/dossiers") / RUN
    assert sorted(path.name for path in folder.iterdir()) == ["dossier.html", "dossier.json", "junit.xml"]
    assert Dossier.model_validate_json((folder / "dossier.json").read_text(encoding="utf-8")).run.id == RUN
    assert "pacsmith: run later is newer (failed); report it with --run later" in result.stderr
    assert f"dossier (html): {folder}/dossier.html" in result.stdout


def test_report_of_a_named_run_to_a_named_folder_as_json(ledger: Ledger, project: Path) -> None:
    recorded(ledger, "failed")
    result = command("report", "--run", RUN, "--format", "pdf", "--out", "hand over", "--json")
    assert json.loads(result.stdout) == {
        "run": RUN, "outcome": "failed", "dossier": {"html": "hand over/dossier.html", "pdf": "hand over/dossier.pdf"},
    }  # fmt: skip
    assert (project / "hand over/dossier.pdf").read_bytes().startswith(b"%PDF-")


def test_without_chromium_the_other_formats_are_there(
    ledger: Ledger, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded(ledger)
    monkeypatch.setenv("PATH", str(project))
    result = command("report", "--out", "out")
    assert isinstance(result.exception, PacsmithError)
    assert "apt-get install chromium" in str(result.exception)
    assert sorted(path.name for path in (project / "out").iterdir()) == ["dossier.html", "dossier.json"]


def test_report_lists_runs_newest_first(ledger: Ledger, project: Path) -> None:
    recorded(ledger)
    recorded(ledger, "failed", "later", after=1)
    assert [line.split()[0] for line in command("report", "--list").stdout.splitlines()] == ["run", "later", RUN]
    assert [run["id"] for run in json.loads(command("report", "--list", "--json").stdout)] == ["later", RUN]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["report"],
            "site st-brigid: the ledger holds no build or verify that did any work, and a dossier is made of one; "
            "begin with: pacsmith build --site st-brigid",
        ),
        (["report", "--run", "r9"], "run r9: the ledger does not know it; pacsmith report --list shows the runs"),
        (
            ["report", "--format", "docx"],
            "--format docx: write one or more of html, json, junit, pdf, with commas between them",
        ),
        (
            ["report", "--format", ""],
            "--format : write one or more of html, json, junit, pdf, with commas between them",
        ),
    ],
)
def test_bad_input_is_one_sentence(ledger: Ledger, project: Path, arguments: list[str], sentence: str) -> None:
    result = command(*arguments)
    assert isinstance(result.exception, BadInput)
    assert str(result.exception) == sentence


def test_a_hint_names_the_site_by_its_folder(ledger: Ledger, project: Path) -> None:
    (project / "inventory/st-brigid").rename(project / "inventory/abbey")
    assert str(command("report").exception).endswith("begin with: pacsmith build --site abbey")


def test_a_run_of_another_site_is_refused(ledger: Ledger, project: Path) -> None:
    ledger.begin(sample_run().model_copy(update={"site": "elsewhere"}))
    with pytest.raises(BadInput, match=f"run {RUN}: it was of site elsewhere, not st-brigid"):
        gather(sample_site(), ledger, RUN, certificates=project, generated=BEGAN)


def test_without_an_accepted_run_the_last_acceptance_is_reported(ledger: Ledger) -> None:
    recorded(ledger, "failed", "built")
    ledger.begin(
        sample_run().model_copy(update={"id": "planned", "verb": "plan", "started": BEGAN + timedelta(days=1)})
    )
    assert choose_run(sample_site(), ledger, Path("site.yml")).id == "built"


def begun(ledger: Ledger, name: str, verb: str, outcome: Outcome, *, after: int, note: str | None = None) -> None:
    """A run without events and evidence, `after` hours."""
    ledger.begin(sample_run("running").model_copy(
        update={"id": name, "verb": verb, "started": BEGAN + timedelta(hours=after), "finished": None}
    ))  # fmt: skip
    ledger.finish(name, outcome, note)


def test_a_plan_and_a_refused_build_have_no_dossier(ledger: Ledger, project: Path) -> None:
    begun(ledger, "planned", "plan", "failed", after=0)
    begun(ledger, "held", "build", "refused", after=1, note="archive01 is locked by ines")
    assert str(command("report", "--run", "planned").exception) == (
        "run planned: it was a plan, which proves nothing, and a dossier is made of a build, a verify, an upgrade or a "
        "rollback; pacsmith report --list shows the runs"
    )
    assert str(command("report", "--run", "held").exception) == (
        "run held: it was refused, so that nothing was done or proven (archive01 is locked by ines); "
        "pacsmith report --list shows the runs"
    )
    assert "holds no build or verify that did any work" in str(command("report").exception)
    assert not list(project.rglob("dossier.*"))


def test_a_build_that_failed_before_any_proof_is_a_record_and_no_hand_over(ledger: Ledger, project: Path) -> None:
    begun(ledger, "broke", "build", "failed", after=0, note="a step failed")
    result = command("report", "--format", "html")
    assert result.exit_code == 0, result.output
    assert "run broke: Not accepted: the run failed; no evidence." in result.stdout
    assert "pacsmith: run broke proved nothing: this is a record of its work, not a hand-over" in result.stderr
    recorded(ledger, "failed", "short", after=1)
    begun(ledger, "again", "build", "failed", after=2)
    assert choose_run(sample_site(), ledger, Path("site.yml")).id == "short", "the last that proved something"
    begun(ledger, "held", "verify", "refused", after=3)
    told = command("report", "--format", "html").stderr
    assert "proved nothing" not in told
    assert "run again is newer (failed); report it with --run again" in told


def test_a_folder_that_cannot_be_written(project: Path) -> None:
    (project / "file").touch()
    with pytest.raises(BadInput, match=r"cannot be written .* choose another folder with --out"):
        write_dossier(sample_dossier(), project / "file" / "below", formats_of("json"))


def test_certificates_are_read_and_a_broken_one_says_so(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "archive01.example")])
    until = datetime(2027, 12, 23, 21, 0, tzinfo=UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, until - timedelta(days=9), until).sign(
        key, hashes.SHA256()
    )
    (tmp_path / "archive01.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    ours, broken = read_certificates(tmp_path, ("ca", "archive01", "never-made"))
    assert (ours.subject, ours.not_after, ours.fingerprint) == (
        "CN=archive01.example", until, made.fingerprint(hashes.SHA256()).hex()
    )  # fmt: skip
    assert (broken.file, broken.subject, broken.not_after) == ("ca.pem", "cannot be read", None)
