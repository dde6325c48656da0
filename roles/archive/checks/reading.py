"""One reading of everything that the checks speak of: a question to a host costs more than its answer."""

import json
import re
from collections.abc import Mapping
from typing import Any

from testinfra.host import Host

_CURL = "curl -sS -m 20 -K /etc/pacsmith/orthanc.curl http://127.0.0.1:8042"
_MARK = "=== "

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
    "postgresql": "runuser -u postgres -- psql -XAtq -F ' ' -c \"select name, setting, unit from pg_settings\"",
    "password-kinds": "runuser -u postgres -- psql -XAtq -c "
    "\"select split_part(rolpassword, '$', 1) from pg_authid where rolname = 'orthanc'\"",
    "database": "runuser -u postgres -- psql -XAtq -d orthanc -c "
    '"select pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, '
    "(select count(*) from pg_extension where extname = 'pg_trgm') from pg_database where datname = 'orthanc'\"",
    "databases": "runuser -u postgres -- psql -XAtq -c 'select datname from pg_database'",
    "nginx": "nginx -T 2>/dev/null | grep -v Authorization",
    "nginx-test": "nginx -t 2>&1",
    "modes": "stat -c '%n %a %U %G' /etc/orthanc/*.json /etc/nginx/tls/key.pem /etc/nginx/archive.users "
    "/etc/nginx/archive-upstream.conf /etc/pacsmith/orthanc.curl /etc/pacsmith/backup.password* "
    "/etc/pacsmith/database.sql /etc/pacsmith/database-check.sql",
    "certificate": "openssl x509 -in /etc/nginx/tls/certificate.pem -noout -ext subjectAltName,extendedKeyUsage",
    "certificate-end": 'date +%s -d "$(openssl x509 -in /etc/nginx/tls/certificate.pem -noout -enddate | sed s/.*=//)"',
    "units": "systemctl show -p Id,ActiveState,UnitFileState,NeedDaemonReload -- orthanc nginx "
    "'postgresql@*-main.service' pacsmith-backup.timer pacsmith-restore-test.timer logrotate.timer",
    "failed": "systemctl --failed --no-legend --plain",
    "exposure": "systemd-analyze security --no-pager orthanc.service nginx.service "
    "postgresql@$(ls /etc/postgresql)-main.service 2>/dev/null "
    "| sed -n 's/.*level for \\(.*\\): \\([0-9.]*\\) .*/\\1 \\2/p'",
    "leftovers": "find /etc/orthanc /etc/nginx -name '*.dpkg-*' -o -name '*.ucf-*'",
    "logrotate": "logrotate --debug /etc/logrotate.conf 2>&1",
}


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
        """An answer that is JSON."""
        return json.loads(self.said[question])

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
    assert set(said) == set(QUESTIONS), f"the host answered only {sorted(said)}: {answer.stderr}"
    return Reading(said)
