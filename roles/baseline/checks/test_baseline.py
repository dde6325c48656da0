"""What must be so on a host that carries the role `baseline`: asked of what runs, not of what was written."""

import ipaddress
import json
import re
import time
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from testinfra.host import Host

CLOCK_SECONDS = 5.0
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
UPGRADE_TIMER = "apt-daily-upgrade.timer"
Variables = dict[str, Any]


def _says(host: Host, command: str) -> str:
    """Output of a command that must succeed."""
    answer = host.run(command)
    assert answer.rc == 0, f"{command}: {answer.stderr.strip() or answer.stdout.strip()}"
    return str(answer.stdout).strip()


def _settings(host: Host, command: str) -> dict[str, str]:
    """Lines of `name value` as a mapping."""
    return {name: value for name, _, value in (line.partition(" ") for line in _says(host, command).splitlines())}


def _unit(host: Host, name: str) -> tuple[str, str]:
    """A unit's ActiveState and UnitFileState, in one question."""
    said = _says(host, f"systemctl show -p ActiveState,UnitFileState -- {name}")
    states = dict(line.partition("=")[::2] for line in said.splitlines())
    return states["ActiveState"], states["UnitFileState"]


def _ports_open(host: Host) -> dict[int, set[ipaddress.IPv4Network]]:
    """TCP port -> networks that the loaded rules let in."""
    open_to: dict[int, set[ipaddress.IPv4Network]] = {}
    for item in json.loads(_says(host, "nft -j list chain inet pacsmith input"))["nftables"]:
        matches = [part["match"] for part in item.get("rule", {}).get("expr", ()) if "match" in part]
        found = {match["left"].get("payload", {}).get("field"): match["right"] for match in matches}
        if "dport" in found and "sport" not in found:
            sources = found.get("saddr", "0.0.0.0/0")
            listed = sources["set"] if isinstance(sources, dict) and "set" in sources else [sources]
            open_to.setdefault(int(found["dport"]), set()).update(_network(source) for source in listed)
    return open_to


def _network(source: Any) -> ipaddress.IPv4Network:
    if isinstance(source, dict):
        source = f"{source['prefix']['addr']}/{source['prefix']['len']}"
    return ipaddress.IPv4Network(source)


def test_host_knows_its_name(host: Host, variables: Variables) -> None:
    """The host calls itself by the site's name, and its full name is in the site's domain."""
    assert _says(host, "hostname") == variables["name"]
    assert _says(host, "hostname -f") == variables["fqdn"]


def test_names_of_neighbours(host: Host, variables: Variables) -> None:
    """Every machine that a route connects with the host is known here by name, at the site's address."""
    names = {machine["fqdn"]: machine["address"] for machine in variables["machines"]}
    said = _says(host, f"for name in {' '.join(names)}; do echo $name $(getent ahostsv4 $name | head -n 1); done")
    found = {line.split()[0]: [*line.split(), "unknown"][1] for line in said.splitlines()}
    assert found == names


def test_time_zone(host: Host, variables: Variables) -> None:
    """The host lives in the site's time zone."""
    here, there, file = _says(host, f"date +%Z%z; TZ={variables['zone']} date +%Z%z; readlink /etc/localtime").split()
    assert here == there
    assert file.endswith("/" + variables["zone"])


def test_clock(host: Host) -> None:
    """The clock agrees with the machine that verifies, within 5 seconds."""
    before = time.time()
    there = float(_says(host, "date +%s.%N"))
    after = time.time()
    assert before - CLOCK_SECONDS <= there <= after + CLOCK_SECONDS, f"off by {there - before:.0f} s"


def test_time_service(host: Host, variables: Variables) -> None:
    """chronyd runs and asks the site's time servers, or Debian's pool when the site names none."""
    assert _unit(host, "chrony") == ("active", "enabled")
    asked = {line.split(",")[2] for line in _says(host, "chronyc -c -N sources -a").splitlines()}
    assert asked, "chronyd has no time source"
    assert not variables["time_servers"] or asked == set(variables["time_servers"])


def test_site_ca_is_trusted(host: Host, variables: Variables) -> None:
    """Programs of the host trust certificates of the site CA."""
    certificate = f"/usr/local/share/ca-certificates/pacsmith-{variables['ca_name']}.crt"
    assert _says(host, f"openssl verify -CAfile /etc/ssl/certs/ca-certificates.crt {certificate}").endswith("OK")
    assert _says(host, f"openssl verify -CApath /etc/ssl/certs {certificate}").endswith("OK")


def test_firewall_drops_what_is_not_granted(host: Host) -> None:
    """The firewall is loaded, comes back after a restart, and drops what no rule lets in."""
    assert _unit(host, "nftables") == ("active", "enabled")
    listed = json.loads(_says(host, "nft -j list table inet pacsmith"))["nftables"]
    chains = [item["chain"] for item in listed if "chain" in item]
    assert {chain["hook"]: chain["policy"] for chain in chains} == {"input": "drop", "forward": "drop"}


def test_firewall_lets_in_what_the_routes_grant(host: Host, variables: Variables) -> None:
    """Open: what routes grant, and to whom; SSH, REST to administration; 9100, metrics to monitoring; no more."""
    wanted = {grant["port"]: {_network(address) for address in grant["addresses"]} for grant in variables["granted"]}
    wanted.setdefault(variables["ssh_port"], set()).update(map(_network, variables["administration"]))
    if variables["web_port"]:
        allowed = (*variables["administration"], *variables["monitoring"])
        wanted.setdefault(variables["web_port"], set()).update(map(_network, allowed))
    if variables["monitoring"]:
        wanted.setdefault(9100, set()).update(map(_network, variables["monitoring"]))
    assert _ports_open(host) == wanted


def test_only_security_updates(host: Host, variables: Variables) -> None:
    """Only security updates of this Debian install themselves, and only where the site has a window for them."""
    said = _says(host, "apt-config dump")
    origins = re.findall(r'^Unattended-Upgrade::(?:Origins-Pattern|Allowed-Origins):: "(.*)";$', said, re.MULTILINE)
    assert origins == [f"origin=Debian,codename={variables['codename']}-security,label=Debian-Security"]
    on = "1" if variables["windows"] else "0"
    assert f'APT::Periodic::Unattended-Upgrade "{on}";' in said
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in said


def test_updates_keep_to_the_window(host: Host, variables: Variables) -> None:
    """The next automatic upgrade falls into a maintenance window; without a window its timer is off."""
    if not variables["windows"]:
        assert _unit(host, UPGRADE_TIMER) == ("inactive", "disabled")
        return
    assert _unit(host, UPGRADE_TIMER) == ("active", "enabled")
    listed = json.loads(_says(host, f"systemctl list-timers --all --output=json {UPGRADE_TIMER}"))
    following = datetime.fromtimestamp(listed[0]["next"] / 1e6, ZoneInfo(variables["zone"]))
    assert any(_within(following, window) for window in variables["windows"]), f"next upgrade: {following}"


def _within(moment: datetime, window: dict[str, Any]) -> bool:
    """Whether `moment` lies in the window; one that began the day before may still be open."""
    hours, minutes = map(int, window["start"].split(":"))
    for day in (moment.date(), moment.date() - timedelta(days=1)):
        opens = datetime(day.year, day.month, day.day, hours, minutes, tzinfo=moment.tzinfo)
        if DAYS[day.weekday()] in window["days"] and opens <= moment < opens + timedelta(minutes=window["minutes"]):
            return True
    return False


def test_journal_is_kept_and_limited(host: Host, variables: Variables) -> None:
    """The journal survives a restart, may use no more disk than its limit, and journald runs with this setting."""
    settings = dict(
        line.split("=", 1)
        for line in _says(host, "systemd-analyze cat-config systemd/journald.conf").splitlines()
        if "=" in line and not line.startswith("#")
    )
    assert settings["SystemMaxUse"] == variables["journal_size"]
    assert settings["Storage"] == "persistent"
    assert _unit(host, "systemd-journald")[0] == "active"
    assert "/var/log/journal/" in _says(host, "journalctl --header")


def test_node_exporter_answers(host: Host, variables: Variables) -> None:
    """The node exporter answers on the host's own address with figures of processor, memory, disk and network."""
    url = f"http://{variables['address']}:9100/metrics"
    script = f"import urllib.request as u; print(u.urlopen('{url}', timeout=10).read().decode())"
    answer = _says(host, f'python3 -c "{script}"')
    for figure in ("node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes"):
        assert figure in answer, f"no {figure}"
    listening = _says(host, "ss -Hltn sport = :9100").split()
    assert f"{variables['address']}:9100" in listening


def test_ssh_is_hardened(host: Host, variables: Variables) -> None:
    """SSH takes keys only, only the site's user, never root with a password, and no weak ciphers."""
    said = _settings(host, f"sshd -T -C user={variables['ssh_user']},host=localhost,addr=127.0.0.1")
    assert said["passwordauthentication"] == said["kbdinteractiveauthentication"] == "no"
    assert said["authenticationmethods"] == "publickey"
    assert said["allowusers"] == variables["ssh_user"]
    assert said["permitrootlogin"] == ("without-password" if variables["ssh_user"] == "root" else "no")
    assert said["x11forwarding"] == said["allowtcpforwarding"] == said["allowagentforwarding"] == "no"
    assert "cbc" not in said["ciphers"]
    assert "sha1" not in said["macs"] + said["kexalgorithms"]
    assert said["port"] == str(variables["ssh_port"])


def test_ssh_runs_with_its_configuration(host: Host) -> None:
    """The SSH server runs, and has read its configuration since that was last written."""
    assert _unit(host, "ssh")[0] == "active"
    files = "/etc/ssh/sshd_config.d/10-pacsmith.conf /var/lib/pacsmith/stamps/reload-ssh"
    newest, taken = map(float, _says(host, f"stat -c %.Y {files}").split())
    assert taken >= newest, "the SSH server has not read its configuration since it was written; run `pacsmith build`"


def test_no_failed_unit(host: Host) -> None:
    """No systemd unit of the host has failed."""
    assert _says(host, "systemctl list-units --failed --plain --no-legend") == ""


def test_packages_are_whole(host: Host, variables: Variables) -> None:
    """No package is half installed, and the role's packages are there."""
    assert _says(host, "dpkg --audit") == ""
    listed = _settings(
        host, f"dpkg-query -W -f='${{Package}} ${{db:Status-Status}}\\n' {' '.join(variables['packages'])}"
    )
    assert {package: listed.get(package) for package in variables["packages"]} == dict.fromkeys(
        variables["packages"], "installed"
    )
