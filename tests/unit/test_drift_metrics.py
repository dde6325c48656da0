"""What Prometheus reads: the exposition format to the letter, and no number for what nobody knows."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from builder.render.systemd import Watch, command_line, drift_units
from builder.report.prometheus import prometheus_text
from tests.unit.drift_sample import NOW, drift_sample

GOLDEN = Path(__file__).parent / "golden" / "drift"
# Prometheus' documentation, exposition formats, "Text format details" (0.0.4).
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
VALUE = r"[-+]?(?:[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?|Inf|NaN)"
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)?\}})? ({VALUE})")
HELP = re.compile(rf"# HELP ({NAME}) ((?:[^\\\n]|\\\\|\\n)*)")
TYPE = re.compile(rf"# TYPE ({NAME}) (counter|gauge|histogram|summary|untyped)")


def parsed(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Metrics by name, samples by labels; fails on whatever the format does not allow."""
    assert text.endswith("\n")
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    family, typed = "", ""
    for line in text[:-1].split("\n"):
        if match := HELP.fullmatch(line):
            assert match[1] not in found, "one HELP line a metric, and its samples together"
            family = match[1]
        elif match := TYPE.fullmatch(line):
            assert match[1] == family, "TYPE stands before the first sample, after HELP"
            typed = match[1]
            found[typed] = {}
        else:
            match = SAMPLE.fullmatch(line)
            assert match is not None, line
            assert match[1] == typed
            pairs = re.findall(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"', match[2] or "")
            labels = tuple(sorted((name, unescaped(said)) for name, said in pairs))
            assert labels not in found[typed], f"a sample that comes twice: {line}"
            assert len({name for name, _ in labels}) == len(labels)
            found[typed][labels] = float(match[3])
    return found


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: {"n": "\n"}.get(match[1], match[1]), text)


def value(metric: str, **labels: str) -> float | None:
    return parsed(prometheus_text(drift_sample())).get(metric, {}).get(tuple(sorted(labels.items())))


def test_the_text_is_as_it_was(tmp_path: Path) -> None:
    golden = GOLDEN / "a-host-of-each-state.prom"
    if os.environ.get("PACSMITH_REWRITE_GOLDEN"):
        golden.write_text(prometheus_text(drift_sample()), encoding="utf-8")
    assert prometheus_text(drift_sample()) == golden.read_text(encoding="utf-8")
    assert len(parsed(golden.read_text(encoding="utf-8"))) == 11


def test_differences_are_counted_by_what_they_are_about_and_by_cause() -> None:
    its = {"site": "hill", "host": "archive01"}
    assert value("pacsmith_drift_differences", **its, concern="AE table and routes") == 1
    assert value("pacsmith_drift_differences", **its, concern="packages") == 1
    assert value("pacsmith_drift_differences", **its, concern="driver") == 0
    assert value("pacsmith_drift_differences_by_cause", **its, cause="corrective") == 2
    assert value("pacsmith_drift_oldest_difference_timestamp_seconds", **its) == NOW.timestamp() - 3600


def test_a_host_that_was_not_read_has_no_count_of_differences() -> None:
    lost = {"site": "hill", "host": "read03"}
    assert value("pacsmith_drift_host_readable", **lost) == 0
    assert value("pacsmith_drift_host_as_accepted", **lost) == 0
    for concern in ("AE table and routes", "packages"):
        assert value("pacsmith_drift_differences", **lost, concern=concern) is None
    assert value("pacsmith_drift_steps", **lost) is None
    assert value("pacsmith_certificate_end_timestamp_seconds", **lost) is not None, "that is known here"


def test_unknown_is_not_as_accepted() -> None:
    assert value("pacsmith_drift_host_as_accepted", site="hill", host="archive02") == 1
    assert value("pacsmith_drift_host_as_accepted", site="hill", host="ward01") == 0
    assert value("pacsmith_drift_accepted_timestamp_seconds", site="hill", host="ward01") is None


@pytest.mark.parametrize("name", ['with "quotes"', "with \\ backslash", "with\nline", "plain", "\\n", "grün"])
def test_labels_are_escaped(name: str) -> None:
    text = prometheus_text(drift_sample().model_copy(update={"site": name}))
    labels = next(iter(parsed(text)["pacsmith_drift_last_reading_timestamp_seconds"]))
    assert dict(labels)["site"] == name


WATCH = Watch(
    site="hill",
    user="ada",
    folder="/srv/our hospital/100% pacs",
    command=("/opt/pacsmith/bin/pacsmith", "drift", "inventory/$hill/site.yml", "--out", '/var/lib/x/a "b".prom'),
    metrics="/var/lib/x/a.prom",
)


def test_units_are_as_they_were() -> None:
    for unit in drift_units(WATCH):
        golden = GOLDEN / f"folder-with-space-and-percent.{unit.name.rpartition('.')[2]}"
        if os.environ.get("PACSMITH_REWRITE_GOLDEN"):
            golden.write_text(unit.text, encoding="utf-8")
        assert unit.text == golden.read_text(encoding="utf-8")


def test_what_systemd_would_expand_is_left_alone() -> None:
    assert command_line(("a", "b c", "d$e", "f%g", 'h"i', "j\\k", "")) == 'a "b c" d$$e f%%g "h\\"i" "j\\\\k" ""'


def test_secrets_of_the_environment_are_asked_for_in_a_file() -> None:
    service = drift_units(WATCH.model_copy(update={"environment": ("HILL_LEDGER", "HILL_VAULT")}))[0].text
    assert "EnvironmentFile=/etc/pacsmith/hill.env" in service
    assert "HILL_LEDGER=... and HILL_VAULT=..." in service


def test_systemd_itself_takes_the_units(tmp_path: Path) -> None:
    (tmp_path / "pacsmith").write_text("#!/bin/sh\n")
    (tmp_path / "pacsmith").chmod(0o755)
    here = WATCH.model_copy(
        update={"user": "root", "folder": str(tmp_path), "command": (str(tmp_path / "pacsmith"), *WATCH.command[1:])}
    )
    for unit in drift_units(here):
        (tmp_path / unit.name).write_text(unit.text)
    files = [str(tmp_path / unit.name) for unit in drift_units(here)]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *files], capture_output=True, text=True, check=False, timeout=60
    )
    ours = [line for line in done.stderr.splitlines() if "pacsmith-drift" in line]
    assert ours == [], done.stderr
