"""What the tools of a burn-in printed, read: pure. Raises ValueError where a result is not one."""

import json
import re
from typing import NamedTuple

import yaml

_FAULT = re.compile(r"^stress-ng: (?:fail|error):\s+\[\d+\]\s+(.*)$", re.MULTILINE)
_FAILED_CHECK = 2  # stress-ng(1), exit status: one or more stressors failed
_CORRUPT = 84  # EILSEQ: fio's error for data that is not what was written
_DRAWN = re.compile(r"^\[(?P<name>[^\]]+)\].*?: FPS: (?P<rate>[0-9]+)", re.MULTILINE)
_CHECKED = re.compile(r"^\[(?P<name>[^\]]+)\].*?: Validation: (?P<word>\w+)", re.MULTILINE)
_SOFTWARE = re.compile(r"llvmpipe|softpipe|swrast|SWR", re.IGNORECASE)


class Stress(NamedTuple):
    """What stress-ng did: operations, seconds, and the faults that its checks found."""

    operations: int
    seconds: float
    faults: tuple[str, ...]
    wrong: bool


class DiskTest(NamedTuple):
    """What fio did, in bytes; `error` is 0 or an errno. `direct`: past the page cache."""

    written: int
    read: int
    error: int
    direct: bool

    @property
    def corrupt(self) -> bool:
        """Whether something else was read than written."""
        return self.error == _CORRUPT


class Drawing(NamedTuple):
    """What glmark2 did: who drew, how many frames a second at least and at most, and whose picture was wrong."""

    renderer: str
    rates: tuple[int, ...]
    right: int
    wrong: tuple[str, ...]

    @property
    def by_software(self) -> bool:
        """Whether the processor drew instead of a graphics card."""
        return _SOFTWARE.search(self.renderer) is not None


def stress_result(code: int, yaml_text: str, log: str) -> Stress:
    """stress-ng's YAML and its log. Raises ValueError when it measured nothing."""
    metrics = re.search(r"^metrics:\n.*", yaml_text, re.MULTILINE | re.DOTALL)  # what 0.19 writes before it is no YAML
    try:
        data = yaml.safe_load(metrics[0]) if metrics else None
    except yaml.YAMLError:
        data = None
    rows = data.get("metrics") if isinstance(data, dict) else None
    faults = tuple(dict.fromkeys(match.strip() for match in _FAULT.findall(log)))
    wrong = code == _FAILED_CHECK
    if not isinstance(rows, list) or not rows:
        if wrong or faults:
            return Stress(0, 0.0, faults, wrong)
        raise ValueError(f"stress-ng ended with exit code {code} and measured nothing{_last(log)}")
    if code not in (0, _FAILED_CHECK):
        raise ValueError(f"stress-ng ended with exit code {code}{_last(log)}")
    try:
        operations = sum(int(row["bogo-ops"]) for row in rows)
        return Stress(operations, max(float(row["wall-clock-time"]) for row in rows), faults, wrong)
    except (LookupError, TypeError, ValueError):
        raise ValueError(f"stress-ng ended with exit code {code} and figures that are not understood") from None


def disk_result(code: int, json_text: str, log: str) -> DiskTest:
    """fio's JSON. Raises ValueError when it did no work."""
    start = json_text.find("{")
    try:
        job = json.loads(json_text[start:] if start >= 0 else "")["jobs"][0]
        found = DiskTest(
            int(job["write"]["io_bytes"]), int(job["read"]["io_bytes"]), int(job["error"]),
            str(job["job options"].get("direct", "0")) == "1",
        )  # fmt: skip
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ValueError(f"fio ended with exit code {code} and no result{_last(log)}") from None
    if found.error == 0 and (code != 0 or found.read == 0):
        raise ValueError(f"fio ended with exit code {code} after reading {found.read} bytes{_last(log)}")
    return found


def drawing_result(codes: str, log: str) -> Drawing:
    """glmark2's output. Raises ValueError when it drew nothing."""
    renderer = re.search(r"^\s*GL_RENDERER:\s*(.+?)\s*$", log, re.MULTILINE)
    rates = tuple(int(match["rate"]) for match in _DRAWN.finditer(log))
    if renderer is None or not rates:
        raise ValueError(f"glmark2 ended with exit code {codes.strip() or 'none'} and drew nothing{_last(log)}")
    checked = [(match["name"], match["word"]) for match in _CHECKED.finditer(log)]
    wrong = tuple(dict.fromkeys(name for name, word in checked if word == "Failure"))
    return Drawing(renderer[1], rates, sum(word == "Success" for _, word in checked), wrong)


def _last(log: str) -> str:
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    return f": {lines[-1][:200]}" if lines else ""
