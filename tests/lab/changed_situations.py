"""The corpus: ways in which a built archive host comes to differ, and the step that a plan must name for each."""

from typing import NamedTuple


class Situation(NamedTuple):
    """`by_hand` is run as root on the host. `in_site` replaces text of the site file. `step` must be planned; empty
    where nothing is. `unseen` are those that the plan must mark as not previewable."""

    by_hand: str = ""
    in_site: tuple[str, str] = ("", "")
    step: str = ""
    unseen: tuple[str, ...] = ()


_ORTHANC = "/etc/orthanc/orthanc.json"
_RIGHTS = "Orthanc settings, rights of each AE"
SITUATIONS: dict[str, Situation] = {
    "nothing": Situation(),
    "what the roles do not know": Situation("touch /root/note; echo x > /srv/x"),
    "a file with other content": Situation(
        "sed -i 's/SystemMaxUse=.*/SystemMaxUse=7M/' /etc/systemd/journald.conf.d/pacsmith.conf",
        step="Limit the journal",
    ),
    "a file without its end": Situation("truncate -s 40 /etc/chrony/chrony.conf", step="Configure chrony"),
    "a file that is gone": Situation("rm /etc/chrony/chrony.conf", step="Configure chrony"),
    "a file that others may read": Situation(f"chmod 644 {_ORTHANC}", step=_RIGHTS),
    "a file of another owner": Situation(f"chown daemon:daemon {_ORTHANC}", step=_RIGHTS),
    "a link in a file's place": Situation(
        f"mv {_ORTHANC} /root/moved.json && ln -s /root/moved.json {_ORTHANC}", step=_RIGHTS
    ),
    "a right that nobody granted": Situation(
        f'sed -i \'s/"AllowMove": false/"AllowMove": true/\' {_ORTHANC}', step=_RIGHTS
    ),
    "another AE title": Situation(
        f'sed -i \'s/"DicomAet": "PLANNED"/"DicomAet": "OTHER"/\' {_ORTHANC}',
        step=_RIGHTS,
    ),
    "a secret file with other content": Situation("echo '{}' > /etc/orthanc/postgresql.json", step=_RIGHTS),
    "a foreign file among ours": Situation(
        "echo '{\"DicomAlwaysAllowStore\": true}' > /etc/orthanc/zz.json", step="Only our files in /etc/orthanc"
    ),
    "a file that was touched": Situation(f"touch {_ORTHANC}", step="Orthanc runs"),
    "a restart that is owed": Situation("rm /var/lib/pacsmith/stamps/restart-orthanc.service", step="Orthanc runs"),
    "the archive stopped": Situation("systemctl stop orthanc", step="Orthanc runs"),
    "the archive not there after a boot": Situation("systemctl disable --quiet orthanc", step="Orthanc runs"),
    "an AE given to the running archive": Situation(
        "curl -fsS -K /etc/pacsmith/orthanc.curl -X PUT http://localhost:8042/modalities/evil "
        '-d \'["EVIL","10.9.9.9",104]\'',
        step="Orthanc runs",
    ),
    "a database setting that no file of ours has": Situation(
        "cd /; runuser -u postgres -- psql -qc \"alter system set work_mem = '65MB'\"",
        step="PostgreSQL takes its settings from our files alone",
    ),
    "the web door stopped": Situation("systemctl stop nginx", step="nginx runs"),
    "web users gone": Situation(
        "find /etc/nginx -name '*users*' -type f -delete", step="nginx settings, users and certificate"
    ),
    "another certificate": Situation(
        "echo >> /etc/nginx/tls/certificate.pem", step="nginx settings, users and certificate"
    ),
    "the database stopped": Situation(
        "systemctl stop postgresql@17-main", step="PostgreSQL runs", unseen=("Database and role of Orthanc",)
    ),
    "another database setting": Situation(
        "sed -i 's/^max_connections.*/max_connections = 7/' /etc/postgresql/17/main/conf.d/zz-pacsmith.conf",
        step="PostgreSQL settings from the memory size",
    ),
    "another database password": Situation(
        "runuser -u postgres -- psql -qc \"ALTER ROLE orthanc PASSWORD 'wrong-password'\"",
        step="Database and role of Orthanc",
    ),
    "a package removed": Situation(
        "DEBIAN_FRONTEND=noninteractive dpkg --remove --force-depends restic", step="Install the packages of all roles"
    ),
    "a package purged with its files": Situation(
        "DEBIAN_FRONTEND=noninteractive apt-get -qq -y purge chrony", step="Install the packages of all roles"
    ),
    "the firewall open": Situation("nft flush ruleset", step="Load the firewall"),
    "a rule more in the firewall": Situation(
        "nft add rule inet pacsmith input tcp dport 2323 accept", step="Load the firewall"
    ),
    "a rule less in the firewall's file": Situation(
        "sed -i '/9100/d' /etc/nftables.conf", step="Write the firewall's rules"
    ),
    "another name": Situation("hostname other", step="Take the host name"),
    "another hosts file": Situation(
        "echo 10.9.9.9 pln1 > /etc/hosts", step="Write the host's name, its neighbours and package sources"
    ),
    "the site CA not trusted": Situation(
        "rm /usr/local/share/ca-certificates/pacsmith-pln.crt && update-ca-certificates", step="Trust the site CA"
    ),
    "another time zone": Situation("ln -sf /usr/share/zoneinfo/Asia/Tokyo /etc/localtime", step="Set the time zone"),
    "root may log in": Situation(
        "sed -i 's/PermitRootLogin.*/PermitRootLogin yes/' /etc/ssh/sshd_config.d/0-pacsmith.conf", step="Harden SSH"
    ),
    "no backup by night": Situation(
        "systemctl disable --quiet --now pacsmith-backup.timer", step="Backup and restore test by night, log rotation"
    ),
    "no backup was ever made": Situation(
        "rm /var/lib/pacsmith/backup.json", step="A first backup, and its restore tried"
    ),
    "no clock, no monitoring": Situation(
        "systemctl stop chrony prometheus-node-exporter", step="Run the node exporter"
    ),
    "several at once": Situation(
        f"touch {_ORTHANC}; systemctl stop nginx; nft flush ruleset; rm /etc/chrony/chrony.conf", step="nginx runs"
    ),
    "a route more in the site": Situation(in_site=("may: [echo, store]}", "may: [echo, store, find]}"), step=_RIGHTS),
    "another port in the site": Situation(
        in_site=("{title: PLANNED, port: 104}", "{title: PLANNED, port: 11104}"), step="Write the firewall's rules"
    ),
    "another AE title in the site": Situation(
        in_site=("{title: DESK1, port: 11112}", "{title: DESK9, port: 11112}"), step=_RIGHTS
    ),
    "a maintenance window in the site": Situation(
        in_site=("routes:\n", 'windows:\n  - {name: night, days: [sun], start: "02:00", end: "04:00"}\nroutes:\n'),
        step="Run the update timers",
    ),
}
