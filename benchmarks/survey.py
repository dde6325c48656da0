"""`pacsmith survey` of a lab's hosts, against one bare ssh a host that runs the same commands, and Ansible's `setup`.

Run as root where the lab is up and built (`make demo`): .venv/bin/python -m benchmarks.survey [SITE] [ROUNDS]. Each
round asks all hosts at once in each of the four ways, one way after the other. Every way begins without a connection:
it pays for its own, and for the start of its own program. Ansible is asked as it comes (its own settings, five forks),
and tuned: pipelining, as many forks as hosts, Python named beforehand. Prints seconds, then the ratios of the medians.
Goals: at most 1.5 times the bare ssh, at most 0.3 of Ansible as it comes.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from builder.inventory import Machine, build_inventory
from builder.load import load_site
from builder.load.place import find_site
from builder.survey.facts import questions

GOAL_SSH, GOAL_ANSIBLE = 1.5, 0.3


def plain(machine: Machine) -> bytes:
    """The commands of the survey as a person would put them into one shell, one after the other."""
    asked = questions(machine.host, machine.archives)
    return "".join(f"( {one.command}\n) </dev/null\n" for one in asked).encode()


def bare(machines: Sequence[Machine]) -> float:
    """Seconds of one ssh a host, all at once."""
    began = time.monotonic()
    running = []
    for machine in machines:
        to = machine.connection
        argv = ["ssh", *to.ssh_options(), f"{to.user}@{to.address}", "sudo -n -- sh -s"]
        one = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert one.stdin is not None
        one.stdin.write(b"LC_ALL=C; export LC_ALL; cd /\n" + plain(machine))
        one.stdin.close()
        running.append(one)
    for one in running:
        assert one.stdout is not None
        if len(one.stdout.read()) < 1000 or one.wait() == 255:
            raise SystemExit("ssh did not reach a host; is the lab up?")
    return time.monotonic() - began


def timed(argv: Sequence[str], environment: Mapping[str, str] | None = None) -> float:
    """Seconds of a program. Ends the benchmark when it fails."""
    began = time.monotonic()
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
    seconds = time.monotonic() - began
    if done.returncode != 0:
        raise SystemExit(f"{argv[0]}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
    return seconds


def ansible(folder: Path, machines: Sequence[Machine], number: int, *, tuned: bool) -> float:
    """Seconds of Ansible's fact gathering as root."""
    lines = [
        f"{one.host.name} ansible_host={one.connection.address} ansible_user={one.connection.user} "
        f"ansible_port={one.connection.port} ansible_ssh_private_key_file={Path(one.connection.key).resolve()} "
        f"{'ansible_python_interpreter=/usr/bin/python3 ' if tuned else ''}"
        f"ansible_ssh_common_args='-F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes "
        f"-o UserKnownHostsFile={Path(one.connection.known_hosts).resolve()}'"
        for one in machines
    ]
    hosts = folder / "hosts"
    hosts.write_text("\n".join(lines) + "\n")
    hosts.with_name("ansible.cfg").touch()  # no other file of this machine decides
    environment = {
        **os.environ,
        "ANSIBLE_CONFIG": str(hosts.with_name("ansible.cfg")),
        "ANSIBLE_LOCALHOST_WARNING": "False",
        **({"ANSIBLE_PIPELINING": "True"} if tuned else {}),
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(folder / f"c{number}"),
        "LC_ALL": "C.UTF-8",
    }
    program = str(Path(sys.executable).parent / "ansible")
    forks = ["-f", str(len(machines))] if tuned else []
    return timed([program, "all", "-i", str(hosts), "-b", *forks, "-m", "ansible.builtin.setup"], environment)


def main(name: str | None, rounds: int) -> int:
    """Measure, print, and return 1 when a goal is missed."""
    file = find_site(name)
    machines = build_inventory(load_site(file).value, roles=False).machines
    survey = [sys.executable, "-m", "builder.cli.main", "survey", str(file)]
    taken: dict[str, list[float]] = {"ssh": [], "pacsmith": [], "ansible": [], "tuned ansible": []}
    with tempfile.TemporaryDirectory(prefix="psb-") as text:  # a control path must be short
        for number in range(1, rounds + 1):
            ways: dict[str, Callable[[], float]] = {
                "ssh": lambda: bare(machines),
                "pacsmith": lambda: timed(survey),
                "ansible": lambda n=number: ansible(Path(text), machines, 2 * n, tuned=False),  # type: ignore[misc]
                "tuned ansible": lambda n=number: ansible(Path(text), machines, 2 * n + 1, tuned=True),  # type: ignore[misc]
            }
            for way, ask in ways.items():
                taken[way].append(ask())
            said = ", ".join(f"{way} {seconds[-1]:.2f} s" for way, seconds in taken.items())
            print(f"round {number}: {said}", flush=True)
    middle = {way: statistics.median(seconds) for way, seconds in taken.items()}
    to_ssh, to_ansible, to_tuned = (middle["pacsmith"] / middle[way] for way in ("ssh", "ansible", "tuned ansible"))
    print(
        f"{len(machines)} hosts, {rounds} rounds, {os.cpu_count()} cores, medians: survey {middle['pacsmith']:.2f} s; "
        f"to a bare ssh that runs the same commands {to_ssh:.2f} (goal: at most {GOAL_SSH}); "
        f"to Ansible's setup {to_ansible:.2f} (goal: at most {GOAL_ANSIBLE}), "
        f"to the same when it is tuned {to_tuned:.2f}"
    )
    return 0 if to_ssh <= GOAL_SSH and to_ansible <= GOAL_ANSIBLE else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None, int(sys.argv[2]) if len(sys.argv) > 2 else 7))
