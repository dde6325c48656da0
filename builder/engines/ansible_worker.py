"""The Ansible engine's process: one JSON order on standard input, one JSON event a line on standard output.

`python -m builder.engines.ansible_worker`. Ansible itself is a program that ansible-runner starts; secrets reach it
through a pipe with a name, and whatever it writes for itself lies in a folder in memory that is gone afterwards.
"""

import json
import os
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from ansible_runner.config.runner import RunnerConfig
from ansible_runner.runner import Runner

from builder.engines import ansible_documents as documents
from builder.engines.ansible_events import Listener
from builder.engines.ansible_results import early_end
from builder.engines.ansible_tasks import TaskFiles, handlers_of
from builder.engines.child import begin
from builder.engines.job import JobHost, Order
from builder.engines.order_in import EXIT_BAD_ORDER, read_order
from builder.engines.workroom import workroom
from builder.errors import PacsmithError
from builder.inventory.roles import role_folder
from builder.load.shipped import roles_folders
from builder.models.event import Event
from builder.survey.unreached import why_unreached


class Ansible:
    """One order, in one folder. `work` emits events and raises nothing that a host or a role can cause."""

    def __init__(self, order: Order, emit: Callable[[Event], None], folder: Path) -> None:
        self.order, self.emit, self.folder = order, emit, folder
        self.files = TaskFiles()
        self.hosts = order.job.hosts
        for name in ("project", "home", "tmp", "cp"):
            (folder / name).mkdir(mode=0o700)
        (folder / "ansible.cfg").write_text("[defaults]\n", encoding="utf-8")
        (folder / "inventory").write_text(f"#!/bin/sh\nexec cat {folder}/hosts\n", encoding="utf-8")
        (folder / "inventory").chmod(0o700)
        os.mkfifo(folder / "hosts", 0o600)

    def work(self) -> None:
        """Plan, or converge and read the changed hosts again."""
        if self.order.job.mode == "plan":
            self._run("plan", self.hosts)
            return
        done = self._run("converge", self.hosts)
        whole = {name: state for name, state in done.hosts.items() if not state.broken}
        moved = [host for host in self.hosts if host.connection.host in whole and whole[host.connection.host].moved]
        again = self._run("again", moved) if moved else None
        for name in whole:
            state = again.hosts.get(name) if again is not None else None
            if state is None:
                done.say(name, "note", step="nothing had to be changed")
            elif not state.broken:
                done.say(name, "note", step=f"{state.seen} steps read again after the changes")

    def _run(self, mode: documents.Mode, hosts: Sequence[JobHost]) -> Listener:
        listener = Listener(self.order.job.run, mode, hosts, self.files.at, self.emit, why=why_unreached)
        roles = {role for host in hosts for role, _ in host.roles}
        handlers = {role: handlers_of(role_folder(role)) for role in roles}
        book = documents.playbook(hosts, mode, handlers)
        (self.folder / "project" / f"{mode}.json").write_text(json.dumps(book), encoding="utf-8")
        feeder = self._feed(json.dumps(documents.inventory(hosts, self.order.materials, Path.cwd(), mode)))
        config = RunnerConfig(
            private_data_dir=str(self.folder),
            project_dir=str(self.folder / "project"),
            ident=mode,
            playbook=f"{mode}.json",
            inventory=str(self.folder / "inventory"),
            cmdline=None if mode == "converge" else "--check",
            forks=min(len(hosts), documents.AT_ONCE),
            verbosity=1,  # or events of skipped tasks would not say why
            quiet=True,
            suppress_output_file=True,
        )
        config.prepare()
        runner = Runner(config=config, event_handler=listener.hear)
        runner.run()
        if feeder.is_alive():
            os.close(os.open(self.folder / "hosts", os.O_RDONLY | os.O_NONBLOCK))  # nobody has asked
        self._tell_an_early_end(listener, runner.rc)
        return listener

    def _feed(self, text: str) -> threading.Thread:
        """Hand the inventory to whoever opens the pipe, once: it is on no disk, in no argument and no environment."""

        def write() -> None:
            try:
                (self.folder / "hosts").write_text(text, encoding="utf-8")
            except BrokenPipeError:
                return

        feeder = threading.Thread(target=write, daemon=True)
        feeder.start()
        return feeder

    @staticmethod
    def _tell_an_early_end(listener: Listener, code: int | None) -> None:
        """Ansible refuses a whole run for a fault in a role's files: that is each host's failure."""
        for name, state in listener.hosts.items() if not listener.finished else ():
            if not state.broken:
                state.broken = True
                listener.say(name, "failed", error=early_end(code, listener.said))


def main() -> int:
    """Carry out the order; 0 when it was carried through, whatever came of it on the hosts."""
    begun = begin(read_order())
    if begun is None:
        return EXIT_BAD_ORDER
    order, emit = begun
    try:
        with workroom() as folder:
            person, programs = dict(os.environ), Path(sys.executable).parent
            hidden = {value for material in order.materials.values() for value in material.hidden_values()}
            ours = documents.environment(person, hidden, folder, roles_folders(), programs)
            os.environ.clear()
            os.environ.update(ours)
            Ansible(order, emit, folder).work()
    except PacsmithError as fault:
        sys.stderr.write(f"{fault}\n")
        return fault.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
