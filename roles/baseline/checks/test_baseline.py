"""What must be so on a host that carries the role `baseline`: asked of what runs, not of what was written."""

import ipaddress
import json
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from testinfra.host import Host

from builder.probes.observed import differences, more_and_less, told

CLOCK_SECONDS = 1.0  # IHE ITI TF-1, section 7, Consistent Time: a median error of less than 1 s
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SSHD = "/etc/ssh/sshd_config.d/0-pacsmith.conf"
WEAK = re.compile(r"cbc|sha1")
UPGRADE_TIMER = "apt-daily-upgrade.timer"
Variables = dict[str, Any]


def _says(host: Host, command: str) -> str:
    """Output of a command that must succeed."""
    answer = host.run(command)
    said = answer.stderr.strip() or answer.stdout.strip() or f"exit code {answer.rc}"
    assert answer.rc == 0, f"the host has no answer to {command.split(maxsplit=1)[0]}: {said}"
    return str(answer.stdout).strip()


def _settings(host: Host, command: str) -> dict[str, str]:
    """Lines of `name value` as a mapping."""
    return {name: value for name, _, value in (line.partition(" ") for line in _says(host, command).splitlines())}


def _unit(host: Host, name: str) -> tuple[str, str]:
    """A unit's ActiveState and UnitFileState, in one question."""
    said = _says(host, f"systemctl show -p ActiveState,UnitFileState -- {name}")
    states = dict(line.partition("=")[::2] for line in said.splitlines())
    return states["ActiveState"], states["UnitFileState"]


def _is(host: Host, name: str, active: str, enabled: str | None = None) -> None:
    """Demand a unit's state."""
    found = dict(zip(("running", "at boot"), _unit(host, name), strict=True))
    wanted = {"running": active, "at boot": enabled or found["at boot"]}
    assert found == wanted, f"{name}: {differences(found, wanted)}; run pacsmith build"


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
    short, full = [*_says(host, "hostname; hostname -f 2>/dev/null || echo 'nothing in full'").split("\n"), ""][:2]
    wanted = variables["name"], variables["fqdn"]
    assert (short, full) == wanted, (
        f"the host calls itself {short}, {full}; it should be {', '.join(wanted)}; run pacsmith build"
    )


def test_names_of_neighbours(host: Host, variables: Variables) -> None:
    """Every machine that a route connects with the host is known here by name, at the site's address."""
    names = {machine["fqdn"]: machine["address"] for machine in variables["machines"]}
    said = _says(host, f"for name in {' '.join(names)}; do echo $name $(getent ahostsv4 $name | head -n 1); done")
    found = {line.split()[0]: [*line.split(), "unknown"][1] for line in said.splitlines()}
    assert found == names, f"known here: {differences(found, names)}; run pacsmith build"


def test_time_zone(host: Host, variables: Variables) -> None:
    """The host lives in the site's time zone."""
    here, there, file = _says(host, f"date +%Z%z; TZ={variables['zone']} date +%Z%z; readlink /etc/localtime").split()
    zone = variables["zone"]
    assert here == there, f"the host's time is {here}, that of {zone} is {there}; run pacsmith build"
    assert file.endswith(f"/{zone}"), f"/etc/localtime is {file}, not {zone}; run pacsmith build"


def test_clock(host: Host, record_property: Callable[[str, object], None]) -> None:
    """The clock agrees with the machine that verifies, within 1 second."""
    offset, doubt = min((_clock(host) for _ in range(3)), key=lambda measured: measured[1])
    told = f"{abs(offset):.2f} s {'ahead of' if offset > 0 else 'behind'} the controller, known to {doubt:.2f} s"
    record_property("observed", told)
    assert abs(offset) - doubt <= CLOCK_SECONDS, f"the clock is {told}; see chronyc tracking on the host"
    if abs(offset) + doubt > CLOCK_SECONDS:
        raise RuntimeError(f"the answer was too slow to tell: {told}")


def _clock(host: Host) -> tuple[float, float]:
    """How far the host's clock is ahead, in seconds, and how far the truth may be from that: half the round trip."""
    before = time.time()
    there = float(_says(host, "date +%s.%N"))
    after = time.time()
    return there - (before + after) / 2, (after - before) / 2


def test_time_service(host: Host, variables: Variables) -> None:
    """chronyd runs and asks the site's time servers, or Debian's pool when the site names none."""
    _is(host, "chrony", "active", "enabled")
    asked = {line.split(",")[2] for line in _says(host, "chronyc -c -N sources -a").splitlines()}
    assert asked, "chronyd has no time source; see chronyc sources on the host"
    wanted = set(variables["time_servers"]) or asked
    assert asked == wanted, f"time servers: {more_and_less(asked, wanted)}; run pacsmith build"


def test_site_ca_is_trusted(host: Host, variables: Variables) -> None:
    """Programs of the host trust certificates of the site CA."""
    certificate = f"/usr/local/share/ca-certificates/pacsmith-{variables['ca_name']}.crt"
    for store in ("-CAfile /etc/ssl/certs/ca-certificates.crt", "-CApath /etc/ssl/certs"):
        said = _says(host, f"openssl verify {store} {certificate} 2>&1 || true")
        place = store.split()[1]
        assert said.endswith("OK"), f"{place} does not trust the site CA ({said}); run pacsmith build"


def test_firewall_drops_what_is_not_granted(host: Host) -> None:
    """The firewall is loaded, comes back after a restart, and drops what no rule lets in."""
    _is(host, "nftables", "active", "enabled")
    listed = json.loads(_says(host, "nft -j list table inet pacsmith"))["nftables"]
    chains = [item["chain"] for item in listed if "chain" in item]
    found, wanted = {chain["hook"]: chain["policy"] for chain in chains}, {"input": "drop", "forward": "drop"}
    assert found == wanted, f"what no rule lets in: {differences(found, wanted)}; run pacsmith build"


def test_firewall_lets_in_what_the_routes_grant(host: Host, variables: Variables) -> None:
    """Open: what routes grant, and to whom; SSH, REST to administration; 9100, metrics to monitoring; no more."""
    wanted = {grant["port"]: {_network(address) for address in grant["addresses"]} for grant in variables["granted"]}
    wanted.setdefault(variables["ssh_port"], set()).update(map(_network, variables["administration"]))
    if variables["web_port"]:
        allowed = (*variables["administration"], *variables["monitoring"])
        wanted.setdefault(variables["web_port"], set()).update(map(_network, allowed))
    if variables["monitoring"]:
        wanted.setdefault(9100, set()).update(map(_network, variables["monitoring"]))
    found = _ports_open(host)
    assert found == wanted, f"open TCP ports: {differences(_by_port(found), _by_port(wanted))}; run pacsmith build"


def _by_port(ports: dict[int, set[ipaddress.IPv4Network]]) -> dict[str, set[ipaddress.IPv4Network]]:
    return {f"port {port}": networks for port, networks in ports.items()}


def test_only_security_updates(host: Host, variables: Variables) -> None:
    """Only security updates of this Debian install themselves, and only where the site has a window for them."""
    said = _says(host, "apt-config dump")
    origins = re.findall(r'^Unattended-Upgrade::(?:Origins-Pattern|Allowed-Origins):: "(.*)";$', said, re.MULTILINE)
    wanted = [f"origin=Debian,codename={variables['codename']}-security,label=Debian-Security"]
    assert origins == wanted, f"updates install themselves from {told(origins)}, not from {told(wanted)} alone"
    on = "1" if variables["windows"] else "0"
    held = re.findall(r'^APT::Periodic::Unattended-Upgrade "(.*)";$', said, re.MULTILINE)
    assert on in held, f"automatic updates are set to {told(held)}, not {on}; run pacsmith build"
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in said, (
        "an update may restart the host by itself; look in /etc/apt/apt.conf.d for Automatic-Reboot"
    )


def test_updates_keep_to_the_window(host: Host, variables: Variables) -> None:
    """The next automatic upgrade falls into a maintenance window; without a window its timer is off."""
    if not variables["windows"]:
        _is(host, UPGRADE_TIMER, "inactive", "disabled")
        return
    _is(host, UPGRADE_TIMER, "active", "enabled")
    listed = json.loads(_says(host, f"systemctl list-timers --all --output=json {UPGRADE_TIMER}"))
    following = datetime.fromtimestamp(listed[0]["next"] / 1e6, ZoneInfo(variables["zone"]))
    assert any(_within(following, window) for window in variables["windows"]), (
        f"the next automatic upgrade is at {following:%a %Y-%m-%d %H:%M}, outside every window; run pacsmith build"
    )


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
    wanted = {"SystemMaxUse": variables["journal_size"], "Storage": "persistent"}
    found = {name: value for name, value in settings.items() if name in wanted}
    assert found == wanted, f"the journal's settings: {differences(found, wanted)}; run pacsmith build"
    _is(host, "systemd-journald", "active")
    files = _says(host, "journalctl --header")
    assert "/var/log/journal/" in files, "no journal is kept in /var/log/journal; run journalctl --flush on the host"


def test_node_exporter_answers(host: Host, variables: Variables) -> None:
    """The node exporter answers on the host's own address with figures of processor, memory, disk and network."""
    url = f"http://{variables['address']}:9100/metrics"
    script = f"import urllib.request as u; print(u.urlopen('{url}', timeout=10).read().decode())"
    answer = _says(host, f'python3 -c "{script}"')
    for figure in ("node_cpu_seconds_total", "node_memory_MemAvailable_bytes", "node_filesystem_avail_bytes"):
        assert figure in answer, f"the node exporter does not tell {figure}; run pacsmith build"
    listening = _says(host, "ss -Hltn sport = :9100").split()
    assert f"{variables['address']}:9100" in listening, "the node exporter listens elsewhere; run pacsmith build"


def test_ssh_is_hardened(host: Host, variables: Variables) -> None:
    """SSH takes keys only, only the site's user, never root with a password, and no weak ciphers."""
    user, root = variables["ssh_user"], {"permitrootlogin": "no"}
    if user == "root":
        root = {"permitrootlogin": "without-password"}
    wanted = dict.fromkeys(("passwordauthentication", "kbdinteractiveauthentication", "x11forwarding",
                            "allowtcpforwarding", "allowagentforwarding"), "no")  # fmt: skip
    wanted |= root | {"authenticationmethods": "publickey", "allowusers": user, "port": str(variables["ssh_port"])}
    said = _sshd(host, user)
    found = {name: said.get(name, "not told") for name in wanted} | {
        "permitrootlogin": _sshd(host, "root")["permitrootlogin"]
    }
    wrong = [name for name in wanted if found[name] != wanted[name]]
    assert not wrong, f"SSH: {differences(found, wanted)}; set in {_where_set(host, wrong)}: take it out there"
    weak = [
        word for kind in ("ciphers", "macs", "kexalgorithms") for word in said[kind].split(",") if WEAK.search(word)
    ]
    assert not weak, f"SSH offers {', '.join(weak)}; set in {_where_set(host, ['ciphers', 'macs', 'kexalgorithms'])}"


def _sshd(host: Host, user: str) -> dict[str, str]:
    """What the SSH server would do for this user; what is said twice is joined by a space."""
    found: dict[str, str] = {}
    for line in _says(host, f"sshd -T -C user={user},host=localhost,addr=127.0.0.1 || exit 1").splitlines():
        name, _, value = line.partition(" ")
        found[name] = f"{found[name]} {value}" if name in found else value
    return found


def _where_set(host: Host, names: list[str]) -> str:
    """The files that set one of these, ours left out, with their lines."""
    pattern = rf"^[[:space:]]*({'|'.join(names)})[[:space:]=]"
    found = _says(
        host, f"grep -HiE '{pattern}' /etc/ssh/sshd_config.d/*.conf /etc/ssh/sshd_config || true"
    ).splitlines()
    foreign = [line.replace(":", ": ", 1) for line in found if not line.startswith(f"{SSHD}:")]
    return "; ".join(foreign) or f"no file but ours ({SSHD}), so run pacsmith build"


def test_ssh_reads_our_file_first(host: Host, record_property: Callable[[str, object], None]) -> None:
    """Of the SSH server's drop-ins ours is read first: the first word on a setting counts."""
    names = _says(host, "cd /etc/ssh/sshd_config.d && LC_ALL=C ls").splitlines()
    names = [name for name in names if name.endswith(".conf")]
    ours = SSHD.rpartition("/")[2]
    assert ours in names, f"{SSHD} is missing; run pacsmith build"
    others = [name for name in names if name != ours]
    record_property("observed", f"{ours} first" + (f", then {', '.join(others)}" if others else ""))
    assert names[0] == ours, f"{names[0]} in /etc/ssh/sshd_config.d is read before {ours}; give it a later name"


def test_ssh_runs_with_its_configuration(host: Host) -> None:
    """The SSH server runs, and has read its configuration since that was last written."""
    _is(host, "ssh", "active")
    newest, taken = map(float, _says(host, f"stat -c %.Y {SSHD} /var/lib/pacsmith/stamps/reload-ssh").split())
    assert taken >= newest, "the SSH server has not read its configuration since it was written; run pacsmith build"


def test_the_drives_of_a_real_machine_are_watched(host: Host) -> None:
    """smartd watches the drives of a real machine, and leaves those of the machine beneath a virtual one alone."""
    metal = host.run("systemd-detect-virt").stdout.strip() == "none"
    _is(host, "smartmontools", "active" if metal else "inactive", "enabled")


def test_no_failed_unit(host: Host) -> None:
    """No systemd unit of the host has failed."""
    failed = [line.split()[0] for line in _says(host, "systemctl list-units --failed --plain --no-legend").splitlines()]
    assert not failed, f"failed: {', '.join(failed)}; systemctl status NAME on the host says why"


def test_packages_are_whole(host: Host, variables: Variables) -> None:
    """No package is half installed, and the role's packages are there."""
    audit = _says(host, "dpkg --audit")
    assert not audit, f"dpkg has work left to do ({audit}); run pacsmith build"
    listed = _settings(
        host, f"dpkg-query -W -f='${{Package}} ${{db:Status-Status}}\\n' {' '.join(variables['packages'])}"
    )
    absent = [package for package in variables["packages"] if listed.get(package) != "installed"]
    assert not absent, f"not installed: {', '.join(absent)}; run pacsmith build"
