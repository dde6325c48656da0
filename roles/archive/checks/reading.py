"""One reading of everything that the checks speak of: a question to a host costs more than its answer."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from testinfra.host import Host

_CURL = "curl -sS -m 20 -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042"
_MARK = "=== "
SERVING = "$(pg_lsclusters --no-header | awk '$3 == 5432 {print $1}')"
"""PostgreSQL's major version that serves: after an upgrade the one before may still lie beside it."""

# How each thing is read; the answer of every question ends before the next mark. Nothing here prints a secret.
QUESTIONS: Mapping[str, str] = {
    # A first backup may still be under way.
    "backup": "for _ in $(seq 300); do systemctl list-jobs --no-legend | grep -q 'pacsmith-.*\\.service' || break; "
    "sleep 0.2; done; "
    "cat /var/lib/pacsmith/backup.json",
    "restore-test": "cat /var/lib/pacsmith/restore-test.json",
    "now": "date +%s",
    "system": f"{_CURL}/system",
    "plugins": f"{_CURL}/plugins",
    "modalities": f"{_CURL}/modalities?expand",
    "from-own-address": "curl -s -m 5 -o /dev/null -w '%{http_code}\\n' -K /etc/pacsmith/orthanc.curl "
    "http://$(hostname -I | cut -d ' ' -f 1):8042/system",
    "without-password": "curl -s -m 5 -o /dev/null -w '%{http_code}\\n' http://127.0.0.1:8042/system",
    "sockets": "ss -Hltn",
    "users-of-sockets": "ss -Hltnp",
    "environment": "tr '\\0' '\\n' < /proc/$(systemctl show -p MainPID --value orthanc)/environ "
    "| grep -E '^(TCP_NODELAY|USER)='",
    "postgresql": "runuser -u postgres -- psql -XAtq -F ' ' -c "
    "\"select name, coalesce(nullif(setting, ''), '-'), coalesce(unit, '-'), "
    "coalesce(sourcefile, '-') from pg_settings\"",
    "password-kinds": "runuser -u postgres -- psql -XAtq -c "
    "\"select split_part(rolpassword, '$', 1) from pg_authid where rolname = 'orthanc'\"",
    "database": "runuser -u postgres -- psql -XAtq -d orthanc -c "
    '"select pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, '
    "(select count(*) from pg_extension where extname = 'pg_trgm') from pg_database where datname = 'orthanc'\"",
    "databases": "runuser -u postgres -- psql -XAtq -c 'select datname from pg_database'",
    "nginx": "nginx -T 2>/dev/null | grep -v Authorization",
    "nginx-test": "nginx -t 2>&1",
    "nginx-files": "nginx -T 2>/dev/null | sed -n 's/^# configuration file \\(.*\\):$/\\1/p'",
    "nginx-unread": "find /etc/nginx/conf.d /etc/nginx/sites-enabled -mindepth 1 2>/dev/null",
    "orthanc-files": "find /etc/orthanc -maxdepth 1 -iname '*.json' ! -type d -printf '%f\\n' | while read -r name; do "
    'echo "$name $(dpkg-query -S /etc/orthanc/"$name" 2>/dev/null | cut -d : -f 1)"; done',
    "postgresql-order": f"LC_ALL=C ls /etc/postgresql/{SERVING}/main/conf.d",
    "modes": "stat -c '%n %a %U %G' /etc/orthanc/*.json /etc/nginx/tls/key.pem /etc/nginx/archive.users "
    "/etc/nginx/archive-upstream.conf /etc/pacsmith/orthanc.curl /etc/pacsmith/backup.password* "
    "/etc/pacsmith/database.sql /etc/pacsmith/database-check.sql",
    "certificate": "openssl x509 -in /etc/nginx/tls/certificate.pem -noout -ext subjectAltName,extendedKeyUsage",
    "certificate-end": 'date +%s -d "$(openssl x509 -in /etc/nginx/tls/certificate.pem -noout -enddate | sed s/.*=//)"',
    "units": "systemctl show -p Id,ActiveState,UnitFileState,NeedDaemonReload -- orthanc nginx "
    "'postgresql@*-main.service' pacsmith-backup.timer pacsmith-restore-test.timer logrotate.timer",
    "failed": "systemctl --failed --no-legend --plain",
    "exposure": "systemd-analyze security --no-pager orthanc.service nginx.service "
    f"postgresql@{SERVING}-main.service 2>/dev/null "
    "| sed -n 's/.*level for \\(.*\\): \\([0-9.]*\\) .*/\\1 \\2/p'",
    "leftovers": "find /etc/orthanc /etc/nginx -name '*.dpkg-*' -o -name '*.ucf-*'",
    "viewers": "ls -A /usr/local/share/pacsmith/viewers 2>/dev/null",
    "viewer-files": "(cd /usr/local/share/pacsmith/viewers 2>/dev/null && for sums in *.????????????; do "
    '( cd "${sums%.*}" && sha256sum --quiet --check ../$sums; '
    'echo "files $(find . ! -type d | wc -l) listed $(wc -l < ../$sums)" ) 2>/dev/null; done)',
    "viewer-settings": "cat /usr/local/share/pacsmith/viewer-settings/app-config.js 2>/dev/null",
    "logrotate": "logrotate --debug /etc/logrotate.conf 2>&1",
}


# Who answers what, for the sentence when there is no answer, and where to look then.
ORTHANC = "Orthanc gives no answer", "see systemctl status orthanc, then run pacsmith build"
POSTGRESQL = "PostgreSQL gives no answer", "see systemctl status 'postgresql@*', then run pacsmith build"
NGINX = "nginx does not accept its configuration", "see nginx -t, then run pacsmith build"
BACKUP = "no backup has come to its end yet", "pacsmith build begins one"
RESTORE = "no restore has been tried yet", "pacsmith build begins one"
SILENT = {
    "system": ORTHANC, "plugins": ORTHANC, "modalities": ORTHANC, "environment": ORTHANC, "without-password": ORTHANC,
    "from-own-address": ORTHANC, "postgresql": POSTGRESQL, "password-kinds": POSTGRESQL, "database": POSTGRESQL,
    "databases": POSTGRESQL, "nginx": NGINX, "backup": BACKUP, "restore-test": RESTORE,
}  # fmt: skip
_SHOWN = 200  # characters of what was said instead


class NoAnswer(Exception):
    """A question that nobody answered, with the reason and where to look: nothing is known, so nothing is short."""


class Reading:
    """What the host said, by question."""

    def __init__(self, said: Mapping[str, str]) -> None:
        self.said = said

    def __getitem__(self, question: str) -> str:
        return self.said[question]

    def lines(self, question: str) -> list[str]:
        """The lines of an answer."""
        return self.said[question].splitlines()

    def json(self, question: str) -> Any:
        """An answer that is JSON. Raises NoAnswer."""
        try:
            return json.loads(self.said[question])
        except ValueError:
            raise NoAnswer(self.silence(question)) from None

    def silence(self, question: str) -> str:
        """The sentence for a question without an answer."""
        who, remedy = SILENT.get(question, (f"the host does not tell ({question})", "see its journal"))
        said = " ".join(self.said[question].split())[:_SHOWN]
        return f"{who}{f' ({said})' if said else ''}; {remedy}"

    def pairs(self, question: str) -> dict[str, str]:
        """Lines of `name value` as a mapping."""
        return {name: value for name, _, value in (line.partition(" ") for line in self.lines(question))}

    def units(self) -> dict[str, dict[str, str]]:
        """What systemd says of each unit, by its name."""
        blocks = [
            dict(line.partition("=")[::2] for line in block.splitlines()) for block in self.said["units"].split("\n\n")
        ]
        return {block["Id"]: block for block in blocks if "Id" in block}

    def listening(self) -> dict[int, set[str]]:
        """TCP port -> local addresses that somebody listens on."""
        found: dict[int, set[str]] = {}
        for line in self.lines("sockets"):
            address, _, port = line.split()[3].rpartition(":")
            found.setdefault(int(port), set()).add(address)
        return found


@cache
def read(host: Host) -> Reading:
    """Ask everything at once, as root."""
    script = "\n".join(f"echo '{_MARK}{name}'; {{ {question}; }} 2>&1; echo" for name, question in QUESTIONS.items())
    if host.user().name == "root":
        answer = host.run(script)
    else:
        with host.sudo():
            answer = host.run(script)
    parts = re.split(rf"^{_MARK}(\S+)\n", str(answer.stdout), flags=re.MULTILINE)[1:]
    said = {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}
    unanswered = sorted(set(QUESTIONS) - set(said))
    assert not unanswered, f"the host gave no answer to {', '.join(unanswered)}: {answer.stderr}"
    return Reading(said)
