"""Orthanc: its configuration as the files on the host have it, and the process that runs."""

import json
import re
from typing import Any

from builder.models.catalogue import ORTHANC_KEYS
from builder.survey.question import ABSENT, Question, Reply, Said, UnreadableError

_VARIABLES = ("MALLOC_ARENA_MAX", "TCP_NODELAY")
_INDEXES = {"PostgreSQL": "libOrthancPostgreSQLIndex", "MySQL": "libOrthancMySQLIndex", "Odbc": "libOrthancOdbcIndex"}
# Passwords stay on the host: the file of the users is left out, and a password elsewhere becomes a dash.
_FILES = r"""
test -r /etc/orthanc/orthanc.json || { echo "/etc/orthanc/orthanc.json is not there" >&2; exit 3; }
for file in /etc/orthanc/*.json; do
  case $file in */credentials.json) continue;; esac
  printf '@@file %s\n' "$file"
  sed -E -e 's/("[A-Za-z]*Password"[[:space:]]*:[[:space:]]*)"([^"\\]|\\.)*"/\1"-"/g' \
    -e 's#(postgres(ql)?://[^:/@"]*:)[^"]*@#\1-@#g' "$file" || exit 4
  printf '\n'
done
"""
_PROCESS = r"""
pid=$(systemctl show -p MainPID --value orthanc.service)
test "${pid:-0}" -gt 0 || { echo "Orthanc does not run" >&2; exit 3; }
printf 'pid %s\n' "$pid"
tr '\0' '\n' <"/proc/$pid/environ" >/dev/null || exit 4
tr '\0' '\n' <"/proc/$pid/environ" | grep -E '^(MALLOC_ARENA_MAX|TCP_NODELAY)=' | sed 's/^/environment /'
grep -E '^VmRSS:' "/proc/$pid/status"
grep -o -E 'libOrthanc[A-Za-z]*Index' "/proc/$pid/maps" | sort -u | sed 's/^/library /'
echo end
"""
_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)


def questions() -> tuple[Question, ...]:
    """Configuration and process."""
    settings = tuple(f"orthanc.config.{key}" for key in ORTHANC_KEYS)
    running = ("orthanc.memory", *(f"orthanc.environment.{name}" for name in _VARIABLES))
    return (
        Question("orthanc-files", _FILES.strip(), (*settings, "orthanc.path_plain"), configuration),
        Question("orthanc-process", _PROCESS.strip(), running, process),
    )


def without_comments(text: str) -> str:
    """JSON as Orthanc accepts it, less its // and /* */ comments; strings stay whole."""
    return _COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else " ", text)


def merged(reply: Reply) -> dict[str, Any]:
    """All files as one configuration: a section that stands in two files is an UnreadableError in its place.

    Raises UnreadableError when a file is no JSON object.
    """
    whole: dict[str, Any] = {}
    parts = re.split(r"^@@file (\S+)\n", reply.checked(), flags=re.MULTILINE)
    if len(parts) < 3:
        raise UnreadableError("no configuration file was printed")
    for file, text in zip(parts[1::2], parts[2::2], strict=True):
        try:
            section = json.loads(without_comments(text))
        except ValueError as wrong:
            raise UnreadableError(f"{file} is no JSON that can be read ({wrong})") from wrong
        if not isinstance(section, dict):
            raise UnreadableError(f"{file} holds no JSON object")
        for key, value in section.items():
            twice = UnreadableError(f"{key} is set in two files below /etc/orthanc")
            whole[key] = twice if key in whole else value
    return whole


def configuration(reply: Reply) -> dict[str, Said]:
    """The settings that a sheet may speak of, by name."""
    whole = merged(reply)
    said = {f"orthanc.config.{key}": _setting(whole, key) for key in ORTHANC_KEYS}
    return {
        **said,
        "orthanc.path_plain": _plain(said["orthanc.config.StorageDirectory"], said["orthanc.config.IndexDirectory"]),
    }


def _plain(*paths: Said) -> Said:
    texts = [path for path in paths if isinstance(path, str)]
    if any(not re.fullmatch(r"[A-Za-z0-9/._-]+", path) for path in texts):
        return False
    return True if len(texts) == len(paths) else UnreadableError("not both directories are set below /etc/orthanc")


def _setting(whole: dict[str, Any], key: str) -> Said:
    value: Any = whole
    for word in key.split("."):
        if isinstance(value, UnreadableError):
            return value
        if not isinstance(value, dict) or word not in value:
            return UnreadableError(f"{key} is not set below /etc/orthanc, so Orthanc's own default holds")
        value = value[word]
    if isinstance(value, str) and "${" in value:
        return UnreadableError(f"{key} comes from an environment variable")
    if isinstance(value, bool | int | float | str | UnreadableError):
        return value
    return UnreadableError(f"{key} is a list or a section, not one value")


def process(reply: Reply) -> dict[str, Said]:
    """Resident memory in bytes and the variables of the running process; a variable that is not set is absent."""
    lines = _process_lines(reply)
    said: dict[str, Said] = {f"orthanc.environment.{name}": ABSENT for name in _VARIABLES}
    for line in lines:
        if line.startswith("environment "):
            name, _, value = line.removeprefix("environment ").partition("=")
            said[f"orthanc.environment.{name}"] = value
        memory = re.fullmatch(r"VmRSS:\s+([0-9]{1,12}) kB", line)
        if memory:
            said["orthanc.memory"] = int(memory[1]) * 1024
    return said


def _process_lines(reply: Reply) -> list[str]:
    lines = reply.checked().splitlines()
    if not lines or not lines[0].startswith("pid ") or lines[-1] != "end":
        raise UnreadableError("what the host says of the process is not whole")
    return lines


def database(files: Reply | None, running: Reply | None) -> Said:
    """What holds the index: the configuration must enable a plugin and the process must have loaded it."""
    if files is None or running is None:
        return UnreadableError("the answer of the host was cut off")
    try:
        whole, lines = merged(files), _process_lines(running)
    except UnreadableError as why:
        return why
    for section, library in _INDEXES.items():
        settings = whole.get(section)
        if isinstance(settings, UnreadableError):
            return settings
        enabled = isinstance(settings, dict) and settings.get("EnableIndex") is True
        if enabled and f"library {library}" in lines:
            return section.lower()
        if enabled:
            return UnreadableError(f"the files enable {section}, but the running Orthanc has not loaded {library}")
    return "sqlite"
