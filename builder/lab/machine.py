"""One host of the lab on this machine: its disk, its keeper, whether it runs and whether it answers."""

import contextlib
import json
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import Unreachable
from builder.lab import cgroups, mounts
from builder.lab.errors import LabError
from builder.lab.execute import environment
from builder.lab.furnish import Furniture, write_fresh, write_identity
from builder.lab.keeper import STOP_SECONDS, keeper_argv
from builder.lab.keys import HOST_KEY
from builder.lab.layout import HostFolder, Layout
from builder.lab.nspawn import ENVIRONMENT, boot_argv
from builder.lab.processes import Process, boot_id, command_lines, is_of_host, send, wait_gone
from builder.lab.sources import CODENAME
from builder.models.connection import Connection
from builder.models.site import OperatingSystem
from builder.render.lab_hosts import LabHost
from builder.survey.remote import Remote

BOOT_SECONDS = 90


@dataclass(frozen=True, slots=True)
class KeeperState:
    """What a host's keeper wrote last. `booted_at` is seconds since the epoch; `ended` says why it stopped."""

    keeper: Process
    machine: Process
    boots: int
    booted_at: float
    ended: str | None


def read_keeper(folder: HostFolder) -> KeeperState | None:
    """The keeper's state; None when there is none of this boot of the machine."""
    try:
        state: Mapping[str, Any] = json.loads(folder.keeper_state.read_text())
    except (OSError, ValueError):
        return None
    if state["boot_id"] != boot_id():
        return None
    return KeeperState(Process(state["pid"], state["start"]), Process(state["machine_pid"], state["machine_start"]),
                       state["boots"], state["booted_at"], state["ended"])  # fmt: skip


class LabMachine:
    """One host. `layers` are the lower folders of its disk, top first."""

    def __init__(self, layout: Layout, host: LabHost, connection: Connection, layers: tuple[Path, ...]) -> None:
        self.layout = layout
        self.host = host
        self.connection = connection
        self.layers = layers
        self.folder = layout.host(host.name)
        self.cgroup = layout.host_cgroup(host.name)

    def is_kept(self) -> bool:
        """Whether keeper and nspawn both run and the root is mounted."""
        state = read_keeper(self.folder)
        return state is not None and state.keeper.alive and state.machine.alive and mounts.is_mounted(self.folder.root)

    def is_as_the_site_says(self) -> bool:
        """Whether the disk was finished, and from the same words of the site and the same key."""
        disk = self._disk()
        return disk is not None and disk == self._wanted(disk["layers"])

    def _disk(self) -> dict[str, Any] | None:
        try:
            disk: dict[str, Any] = json.loads(self.folder.disk_state.read_text())
        except (OSError, ValueError):
            return None
        return disk

    def _wanted(self, layers: list[str]) -> dict[str, Any]:
        key = Path(self.connection.key + ".pub")
        return {
            "host": self.host.model_dump(mode="json"),
            "connection": self.connection.model_dump(),
            "authorised_key": key.read_text() if key.is_file() else "",
            "layers": layers,
        }

    def has_disk(self) -> bool:
        """Whether a finished disk is there."""
        return self._disk() is not None

    def prepare(self, furniture: Furniture, pin: Callable[[str], None]) -> None:
        """Mount the disk, made anew when there is no finished one, and write what the site says into it.

        `pin` gets the public key of a host that is new or has new names, before the disk counts as finished.
        Raises LabError when the disk was made for another system or its base is gone.
        """
        disk = self._disk()
        layers = self._layers_of(disk)
        if disk is None:
            mounts.unmount_below(self.folder.path)
            shutil.rmtree(self.folder.path, ignore_errors=True)
        if not mounts.is_mounted(self.folder.root):
            mounts.mount_overlay(layers, self.folder.upper, self.folder.work, self.folder.root)
        if disk is None:
            write_fresh(self.folder.root, furniture)
        wanted = self._wanted([str(layer) for layer in layers])
        if disk != wanted:
            write_identity(self.folder.root, furniture)
            pin(self.public_key())
            part = self.folder.disk_state.with_suffix(".part")
            part.write_text(json.dumps(wanted))
            part.rename(self.folder.disk_state)

    def _layers_of(self, disk: dict[str, Any] | None) -> tuple[Path, ...]:
        """The lower folders: those that the disk was made on, if there is one."""
        if disk is None:
            return self.layers
        was = disk["host"]
        if was["kind"] != self.host.kind or self.host.os not in (was["os"], self._upgraded()):
            raise LabError(
                f"{self.host.name}: its disk holds a {was['kind']} with {was['os']}, the site now says "
                f"{self.host.kind} with {self.host.os}; run `pacsmith lab down`, then up"
            )
        layers = tuple(Path(layer) for layer in disk["layers"])
        for layer in layers:
            if not layer.is_dir():
                raise LabError(
                    f"{self.host.name}: {layer}, on which its disk was made, is gone; `pacsmith lab down`, then up"
                )
        return layers

    def _upgraded(self) -> OperatingSystem | None:
        """The release that the disk itself says, where it has been upgraded since it was made."""
        try:
            said = (self.folder.upper / "usr/lib/os-release").read_text()
        except OSError:
            return None
        return next((os for os, name in CODENAME.items() if f"\nVERSION_CODENAME={name}\n" in said), None)

    def public_key(self) -> str:
        """The host's public SSH key, as the lab made it before the first boot."""
        return (self.folder.upper / HOST_KEY).with_suffix(".pub").read_text()

    def start(self) -> None:
        """Start a keeper of its own session, so that it outlives this command."""
        argv = boot_argv(self.folder.root, self.layout.bridge(self.host.network), self.layout.machine(self.host.name),
                         self.host.name)  # fmt: skip
        self.folder.keeper_state.unlink(missing_ok=True)
        with (self.folder.path / "keeper.log").open("ab") as log:
            subprocess.Popen(keeper_argv(self.folder.path, self.cgroup, argv), stdin=subprocess.DEVNULL, stdout=log,
                             stderr=log, start_new_session=True, cwd="/",
                             env=environment(ENVIRONMENT))  # fmt: skip

    def stop(self, *, orderly: bool = True) -> None:
        """Power the host off; at once when not `orderly`. Processes are found by state, command line and group.

        Raises LabError when a process cannot be ended.
        """
        if orderly:
            state = read_keeper(self.folder)
            if state is not None and state.keeper.alive:
                send(state.keeper, signal.SIGTERM)
                wait_gone([state.keeper, state.machine], STOP_SECONDS + 5)
            elif state is not None and state.machine.alive:  # its keeper was killed
                send(state.machine, signal.SIGTERM)
                wait_gone([state.machine], STOP_SECONDS)
        if not cgroups.kill(self.cgroup):
            raise LabError(f"{self.host.name}: processes in control group {self.cgroup} do not end; see `ps`")
        remains = [process for process, argv in command_lines() if is_of_host(argv, str(self.folder.path))]
        for process in remains:
            send(process, signal.SIGKILL)
        if not wait_gone(remains, 10):
            raise LabError(f"{self.host.name}: process {remains[0].pid} does not end; see `ps`")

    def unmount(self) -> None:
        """Unmount the disk of a stopped host."""
        mounts.unmount_below(self.folder.path)

    def interface(self) -> int | None:
        """Index, on this machine, of the other end of the host's network interface; None while it is not up."""
        state = read_keeper(self.folder)
        if state is None:
            return None
        with contextlib.suppress(OSError, ValueError, IndexError):
            leader = Path(f"/proc/{state.machine.pid}/task/{state.machine.pid}/children").read_text().split()[0]
            return int(Path(f"/proc/{leader}/root/sys/class/net/host0/iflink").read_text())
        return None

    def answers(self, seconds: float = 1.0) -> bool:
        """Whether an SSH server greets on the host's address and port."""
        try:
            with socket.create_connection((self.connection.address, self.connection.port), timeout=seconds) as link:
                return link.recv(4) == b"SSH-"
        except OSError:
            return False

    def wait_ready(self, interrupted: threading.Event) -> str:
        """Wait until SSH lets us in with the pinned key and systemd has finished starting. Returns systemd's word.

        Raises LabError with the end of the console when that takes longer than BOOT_SECONDS or the keeper gives up.
        """
        began = time.monotonic()
        deadline = began + BOOT_SECONDS
        reason = "no SSH server answers"
        while time.monotonic() < deadline and not interrupted.is_set():
            state = read_keeper(self.folder)
            if state is not None and state.ended is not None:
                reason = state.ended
                break
            if not self.answers():
                time.sleep(0.05)
                continue
            try:
                return self._system_state(deadline - time.monotonic())
            except Unreachable as silent:
                reason = str(silent)
                time.sleep(0.2)
        raise LabError(
            f"{self.host.name}: not up after {time.monotonic() - began:.0f} s: {reason}; "
            f"the end of {self.folder.console}:\n{self._tail()}"
        )

    def _system_state(self, seconds: float) -> str:
        with Remote(self.connection) as remote:
            word = (
                remote.run(["systemctl", "is-system-running", "--wait"], timeout=max(seconds, 1))
                .stdout.decode()
                .strip()
            )
            if word == "degraded":
                units = remote.run(["systemctl", "--failed", "--plain", "--no-legend"]).stdout.decode().splitlines()
                return f"degraded, failed: {', '.join(line.split()[0] for line in units if line.strip())}"
        return word

    def _tail(self) -> str:
        try:
            lines = self.folder.console.read_text(errors="replace").splitlines()
        except OSError:
            return "(nothing)"
        return "\n".join(lines[-12:]) or "(nothing)"
