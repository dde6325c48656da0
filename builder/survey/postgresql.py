"""PostgreSQL: version, settings, extensions, size, and the time of one query, asked as its own superuser."""

import re
import shlex
from statistics import median

from builder.survey.question import ABSENT, Question, Reply, Said, UnreadableError

_SETTINGS = ("autovacuum", "effective_cache_size", "listen_addresses", "maintenance_work_mem", "max_connections",
             "shared_buffers", "ssl", "work_mem")  # fmt: skip
_EXTENSIONS = ("pg_trgm",)
_ROUNDS = 50
# Debian's psql is a wrapper in Perl that takes longer than the question.
_PROGRAM = 'for psql in /usr/lib/postgresql/*/bin/psql; do :; done; [ -x "$psql" ] || psql=psql; '
_ASK = "runuser -u postgres -- \"$psql\" -X -A -t -q -F '|' -v ON_ERROR_STOP=1"
_PSQL = _PROGRAM + _ASK
DATABASE = "orthanc"


def questions() -> tuple[Question, ...]:
    """Server, Orthanc's database, latency."""
    settings = " UNION ALL ".join(
        f"SELECT '{name}', current_setting('{name}')" for name in ("server_version", *_SETTINGS)
    )
    contents = ("SELECT 'size', pg_database_size(current_database())::text "
                "UNION ALL SELECT extname::text, extversion FROM pg_extension")  # fmt: skip
    empty = f"{{ printf '%s\\n' '\\timing on'; yes 'SELECT 1;' | head -n {_ROUNDS}; }}"
    return (
        Question("postgresql-server", f"{_PSQL} -d postgres -c {shlex.quote(settings)}",
                 ("postgresql.version", *(f"postgresql.setting.{name}" for name in _SETTINGS)), server, beside=True),
        Question("postgresql-database", f"{_PSQL} -d {DATABASE} -c {shlex.quote(contents)}",
                 ("postgresql.size", *(f"postgresql.extension.{name}" for name in _EXTENSIONS)), contained,
                 beside=True),
        Question("postgresql-latency", f"{_PROGRAM}{empty} | {_ASK} -d {DATABASE}", ("postgresql.latency",), latency),
    )  # fmt: skip


def _rows(reply: Reply) -> dict[str, str]:
    rows = {}
    for line in reply.checked().splitlines():
        name, bar, value = line.partition("|")
        if not bar:
            raise UnreadableError("psql printed a line that is no row")
        rows[name] = value
    return rows


def server(reply: Reply) -> dict[str, Said]:
    """`name|value` rows; the version is "17.11 (Debian 17.11-0+deb13u1)"."""
    rows = _rows(reply)
    said: dict[str, Said] = {f"postgresql.setting.{name}": rows[name] for name in _SETTINGS if name in rows}
    if rows.get("server_version"):
        said["postgresql.version"] = rows["server_version"].split()[0]
    return said


def contained(reply: Reply) -> dict[str, Said]:
    """Size in bytes, and the extensions: `plpgsql` is always there, so that a list without it is not whole."""
    rows = _rows(reply)
    if "plpgsql" not in rows or not re.fullmatch(r"[0-9]{1,18}", rows.get("size", "")):
        raise UnreadableError("psql did not print the size and the extensions")
    said: dict[str, Said] = {f"postgresql.extension.{name}": rows.get(name) or ABSENT for name in _EXTENSIONS}
    return {**said, "postgresql.size": int(rows["size"])}


def latency(reply: Reply) -> dict[str, Said]:
    """Median over 50 `SELECT 1`, in seconds, as psql's \\timing states them in ms. Fewer lines mean a cut answer."""
    lines = [line for line in reply.checked().splitlines() if line.strip()]
    times = [re.fullmatch(r"Time: ([0-9]{1,7}\.[0-9]{3}) ms(?: \(.*\))?", line) for line in lines]
    found = [float(match[1]) for match in times if match]
    if len(found) != _ROUNDS or len(lines) != 2 * _ROUNDS:
        raise UnreadableError(f"psql stated {len(found)} of {_ROUNDS} query times")
    return {"postgresql.latency": round(median(found) / 1000, 6)}
