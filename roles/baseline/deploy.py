"""Carry out the role `baseline`: name, time, trust, updates, logs, monitoring, and last the firewall and SSH."""

from ipaddress import IPv4Address
from pathlib import PurePosixPath

from builder.engines.material import Material
from builder.engines.steps import (
    AbsentSpec,
    FileSpec,
    LinkSpec,
    Spec,
    StepError,
    command,
    controller_address,
    observe,
    place,
    service,
    write_files,
)
from builder.engines.template import render

from . import schedule
from .variables import Variables

APT = "/etc/apt/apt.conf.d"
SSHD = "/etc/ssh/sshd_config.d/0-pacsmith.conf"
NFT, LIST = "/etc/nftables.conf", "nft list table inet pacsmith"
TIMERS = ("apt-daily.timer", "apt-daily-upgrade.timer")


def prepare(variables: Variables, _material: Material) -> None:
    """Before any package is installed: the host's own name and the hospital's Debian mirror."""
    specs: list[Spec] = [
        FileSpec("/etc/hostname", f"{variables.name}\n"),
        FileSpec("/etc/hosts", _text("hosts", variables)),
    ]
    if variables.mirror is not None:
        specs.append(FileSpec("/etc/apt/sources.list.d/debian.sources", _text("debian.sources", variables)))
        specs.append(FileSpec("/etc/apt/sources.list", "# See sources.list.d/debian.sources.\n"))
    place("Write the host's name, its neighbours and package sources", specs)
    command(
        "Take the host name",
        f"hostname {variables.name}",
        unless=f'[ "$(hostname)" = {variables.name} ]',
    )


def deploy(variables: Variables, material: Material) -> None:
    """Everything else, in the order in which a host needs it."""
    _time(variables)
    _trust(variables, material)
    _journal(variables)
    _updates(variables)
    _monitoring(variables)
    _firewall(variables)
    _ssh(variables)


def _text(template: str, variables: Variables, **more: object) -> str:
    return render(__file__, f"{template}.j2", v=variables, **more)


def _time(variables: Variables) -> None:
    zone: list[Spec] = [LinkSpec("/etc/localtime", str(PurePosixPath("/usr/share/zoneinfo") / variables.zone))]
    if variables.os == "debian-12":  # Debian 13 has dropped this file
        zone.append(FileSpec("/etc/timezone", f"{variables.zone}\n"))
    place("Set the time zone", zone)
    # A container shares its machine's clock and may not set it; chronyd then only measures (-x), and the unit's
    # condition, which asks for the right to set the clock, must not keep it from starting.
    container = observe("systemd-detect-virt --container || true") != "none"
    configured = write_files(
        "Configure chrony",
        [
            FileSpec("/etc/chrony/chrony.conf", _text("chrony.conf", variables)),
            FileSpec("/etc/default/chrony", f'DAEMON_OPTS="{"-x " if container else ""}-F 1"\n'),
            FileSpec(
                "/etc/systemd/system/chrony.service.d/pacsmith.conf",
                "[Unit]\nConditionCapability=\n" if container else "# The clock is this machine's own.\n",
            ),
        ],
    )
    service("Run chrony", "chrony", restart_if=[configured])


def _trust(variables: Variables, material: Material) -> None:
    if not material.ca_pem:
        raise StepError(f"{variables.name}: no certificate of the site CA was handed over; complete `ca` in the site")
    path = f"/usr/local/share/ca-certificates/pacsmith-{variables.ca_name}.crt"
    placed = write_files("Place the site CA's certificate", [FileSpec(path, material.ca_pem)])
    line = material.ca_pem.strip().splitlines()[-2]  # the end of the certificate: its signature, like no other
    command(
        "Trust the site CA",
        "update-ca-certificates",
        unless=f"grep -qxF '{line}' /etc/ssl/certs/ca-certificates.crt",
        if_changed=[placed],
    )


def _journal(variables: Variables) -> None:
    limits = write_files(
        "Limit the journal", [FileSpec("/etc/systemd/journald.conf.d/pacsmith.conf", _text("journald.conf", variables))]
    )
    service("Run the journal with its limits", "systemd-journald", restart_if=[limits])


def _updates(variables: Variables) -> None:
    shortest = min((window.minutes for window in variables.windows), default=0)
    lists = _text("timer", variables, times=schedule.times(variables.windows), delay=0)
    upgrades = _text(
        "timer", variables, times=schedule.times(variables.windows, upgrade=True), delay=schedule.spread(shortest)
    )
    timers = [
        FileSpec(f"/etc/systemd/system/{timer}.d/pacsmith.conf", text)
        for timer, text in zip(TIMERS, (lists, upgrades), strict=True)
    ]
    on = bool(variables.windows)
    where = "to the maintenance windows" if on else "off: the site has no maintenance window for this host"
    kept = write_files(
        f"Keep automatic security updates {where}",
        [
            FileSpec(f"{APT}/52pacsmith-unattended-upgrades", _text("unattended-upgrades", variables)),
            FileSpec(f"{APT}/20auto-upgrades", _text("auto-upgrades", variables)),
            *timers,
        ],
    )
    service(
        "Run the update timers" if on else "Stop the update timers", *TIMERS, enabled=on, running=on, restart_if=[kept]
    )
    # Its package starts it at the next boot only: without this a host would differ from what was accepted by then.
    service("Hold a shutdown until an update is whole", "unattended-upgrades")


def _monitoring(variables: Variables) -> None:
    configured = write_files(
        "Configure the node exporter",
        [
            FileSpec("/etc/default/prometheus-node-exporter", _text("node-exporter", variables)),
            FileSpec(
                "/etc/systemd/system/prometheus-node-exporter.service.d/pacsmith.conf",
                _text("node-exporter.service", variables),
            ),
        ],
    )
    service("Run the node exporter", "prometheus-node-exporter", restart_if=[configured])
    _drives()


def _drives() -> None:
    """smartd tells the journal of a drive that fails. It asks no drive of a virtual machine or container, and a machine
    without a drive that keeps a record (a thin client's flash memory) is no failed unit."""
    metal = observe("systemd-detect-virt || true") == "none"
    kept = write_files(
        "Configure the watch over the drives", [FileSpec("/etc/default/smartmontools", 'smartd_opts="--quit=never"\n')]
    )
    name = "Watch the drives" if metal else "Watch no drives: they are those of the machine beneath"
    service(name, "smartmontools", running=metal, restart_if=[kept] if metal else [])


def _firewall(variables: Variables) -> None:
    here = controller_address()
    if here and not any(IPv4Address(here) in network for network in variables.administration if ":" not in here):
        raise StepError(
            f"access.administration does not hold {here}, from which this build reaches {variables.name}: "
            "the firewall would lock it out; add the address to the site"
        )
    rules = write_files(
        "Write the firewall's rules",
        [FileSpec(NFT, _text("nftables.conf", variables), mode="755", validate="nft -c -f %s")],
    )
    service("Keep the firewall over restarts", "nftables")
    # What is loaded is compared with what the file says when it is loaded into a network of its own.
    command(
        "Load the firewall",
        f"nft -f {NFT}",
        unless=f'meant=$(unshare -n sh -c "nft -f {NFT} && {LIST}") && [ "$meant" = "$({LIST})" ]',
        if_changed=[rules],
    )


def _ssh(variables: Variables) -> None:
    # The first value of a setting wins: our file is read before any 00-…, and is checked as if it were so already.
    hardened = place(
        "Harden SSH",
        [
            FileSpec(
                SSHD,
                _text("sshd.conf", variables),
                validate="mkdir -p /run/sshd; cat %s /etc/ssh/sshd_config | sshd -t -f /dev/stdin",
            ),
            AbsentSpec("/etc/ssh/sshd_config.d/10-pacsmith.conf"),  # its name before
        ],
    )
    service("Run SSH", "ssh", reload_if=[hardened])
