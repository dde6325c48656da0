"""What only two answers of a host together tell (pure)."""

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

from builder.models.site import Host
from builder.survey import disks, drives, network, orthanc, raid
from builder.survey.merging import Merged
from builder.survey.question import NotAskedError, Reply, Said, UnreadableError
from builder.survey.stating import parsed

Answers = Mapping[str, Reply]


def derived(host: Host, answers: Answers, said: Mapping[str, Merged], commands: Mapping[str, str]) -> dict[str, Merged]:
    """Facts that stand instead of those that one answer alone told. `commands`: by question."""
    plain = {name: one.said for name, one in said.items()}
    return {
        **_of_archive(host, answers, plain, commands),
        **_encrypted(host, answers, plain, commands),
        **_adapters(answers, commands),
        "raid.controllers": Merged(raid.controllers(answers.get("lspci")), commands["lspci"]),
    }


def _of_archive(
    host: Host, answers: Answers, said: Mapping[str, Said], commands: Mapping[str, str]
) -> dict[str, Merged]:
    if host.archive is None:
        return {}
    mounts = [said.get(f"disk.{purpose}.mount") for purpose in ("storage", "database")]
    same = mounts[0] == mounts[1] if all(isinstance(mount, str) for mount in mounts) else None
    apart = disks.apart(answers.get("drives-storage"), answers.get("drives-database"), same)
    database = orthanc.database(answers.get("orthanc-files"), answers.get("orthanc-process"))
    found = {
        "disk.apart": Merged(apart, f"{commands['drives-storage']}; {commands['drives-database']}"),
        "orthanc.database": Merged(database, f"{commands['orthanc-files']}; {commands['orthanc-process']}"),
    }
    server = _database_server(said)
    if server is not None and server not in ("127.0.0.1", "::1", "localhost") and not server.startswith("/"):
        elsewhere = UnreadableError(f"Orthanc's database is on {server}, not on this host")
        found["postgresql.latency"] = Merged(elsewhere, commands["postgresql-latency"])
    return found


def _database_server(said: Mapping[str, Said]) -> str | None:
    """Where Orthanc's database is, by name or address; None where it does not say."""
    uri, name = said.get("orthanc.config.PostgreSQL.ConnectionUri"), said.get("orthanc.config.PostgreSQL.Host")
    if isinstance(uri, str):
        try:
            return urlsplit(uri).hostname
        except ValueError:
            return uri
    return name if isinstance(name, str) else None


def _encrypted(
    host: Host, answers: Answers, said: Mapping[str, Said], commands: Mapping[str, str]
) -> dict[str, Merged]:
    """Of each purpose that the class has, whether the devices below its filesystem are encrypted."""
    found: dict[str, Merged] = {}
    tree = _tree(answers.get("lsblk"))
    for purpose in disks.places(host):
        facts = (f"disk.{purpose}.encrypted", f"disk.{purpose}.encryption")
        command = f"{commands['lsblk']}; {commands[f'space-{purpose}']}"
        mount = said.get(f"disk.{purpose}.mount")
        if isinstance(mount, NotAskedError) and purpose == "system":
            continue  # lsblk alone has told it
        try:
            values = drives.encryption(_known(tree), str(_known(mount)))
        except UnreadableError as why:
            values = (why, why)
        found |= {fact: Merged(value, command) for fact, value in zip(facts, values, strict=True)}
    return found


_T = TypeVar("_T")


def _known(said: _T | UnreadableError) -> _T:
    if isinstance(said, UnreadableError):
        raise said
    return said


def _tree(reply: Reply | None) -> list[drives.Device] | UnreadableError:
    question = next(one for one in drives.questions() if one.name == "lsblk")
    told = parsed(question, reply)["drives.count"]  # whatever makes it unreadable is the reason here, too
    if isinstance(told, UnreadableError) or reply is None:
        return told if isinstance(told, UnreadableError) else UnreadableError("the answer of the host was cut off")
    return drives.tree(reply)


def _adapters(answers: Answers, commands: Mapping[str, str]) -> dict[str, Merged]:
    """Network adapters by the names that lspci has of them."""
    names = network.names_of(answers.get("lspci"))
    if not names or "links" not in answers:
        return {}
    try:
        said = network.links(answers["links"], names)
    except (UnreadableError, ValueError, LookupError):
        return {}
    command = f"{commands['links']}; {commands['lspci']}"
    return {name: Merged(value, command) for name, value in said.items() if name.endswith((".adapter", ".adapters"))}
