"""The lab's pure parts: names, command lines, rules and files."""

import json
from pathlib import Path

import pytest

from builder.errors import BadInput
from builder.lab import cgroups, furnish, image, keys, mounts, needs, nft, nspawn, snapshots
from builder.lab.errors import LabError
from builder.lab.layout import Layout
from builder.lab.network import half_made, overlaps, used_networks
from builder.lab.processes import is_below, is_of_host
from builder.lab.sources import Mirrors
from builder.models.connection import Connection
from builder.render.lab_hosts import lab_hosts
from tests.unit.lab_site import lab_site


def connection(**changes: object) -> Connection:
    fields = {"host": "store", "address": "10.2.0.11", "user": "pacsmith", "key": "k", "known_hosts": "h", **changes}
    return Connection.model_validate(fields)


def test_lab_hosts_are_the_hosts_and_stand_ins_by_name() -> None:
    site = lab_site()
    assert [(h.name, h.kind, h.os, h.address, h.gateway) for h in lab_hosts(site)] == [
        ("ct", "stand_in", "debian-13", "10.1.0.21/24", "10.1.0.1"),
        ("store", "host", "debian-12", "10.2.0.11/16", "10.2.0.1"),
    ]


def test_only_networks_with_a_lab_host_get_a_bridge() -> None:
    assert [network.name for network in used_networks(lab_site())] == ["wards", "servers"]


def test_names_fit_the_kernel_and_differ() -> None:
    longest = "a" * 31
    labs = [Layout(site, Path("/x") / site) for site in (longest, "a" * 30 + "b", "hill")]
    bridges = [lab.bridge(network) for lab in labs for network in ("wards", "servers", longest)]
    assert len(set(bridges)) == len(bridges)
    assert max(map(len, bridges)) <= 15
    assert len(labs[0].machine(longest)) <= 64
    assert len({lab.table for lab in labs}) == len({lab.cgroup for lab in labs}) == len(labs)


def test_overlap_names_both_networks_and_whose_they_are() -> None:
    links = [
        {"ifname": "eth0", "addr_info": [{"family": "inet", "local": "10.2.7.1", "prefixlen": 24}]},
        {
            "ifname": "ps-1",
            "ifalias": "pacsmith lab dale at /x",
            "addr_info": [{"family": "inet", "local": "10.1.0.1", "prefixlen": 24}],
        },
        {"ifname": "ps-2", "addr_info": [{"family": "inet", "local": "10.3.0.1", "prefixlen": 16}]},
        {"ifname": "lo", "addr_info": [{"family": "inet6", "local": "::1", "prefixlen": 128}]},
    ]
    assert overlaps(links, lab_site().networks, frozenset({"ps-2"})) == [
        "network servers (10.2.0.0/16) overlaps 10.2.7.0/24 on eth0 (this machine's own)",
        "network wards (10.1.0.0/24) overlaps 10.1.0.0/24 on ps-1 (pacsmith lab dale at /x)",
    ]


def test_only_an_interface_that_nobody_marked_or_uses_is_half_made() -> None:
    link = {"ifname": "ps-e9de8487", "flags": ["BROADCAST", "MULTICAST"], "ifalias": "", "addr_info": []}
    assert half_made(link)
    assert not half_made(link | {"flags": ["BROADCAST", "UP"]})
    assert not half_made(link | {"ifalias": "somebody's"})
    assert not half_made(link | {"addr_info": [{"family": "inet", "local": "10.1.0.1", "prefixlen": 24}]})


def test_nat_leaves_traffic_between_the_site_s_networks_alone() -> None:
    site = lab_site()
    text = nft.table_text("pacsmith-hill", {"ps-a": site.networks[0].address, "ps-b": site.networks[1].address})
    assert 'ip saddr 10.1.0.0/24 ip daddr != { 10.1.0.0/24, 10.2.0.0/16 } oifname != "ps-a" masquerade' in text
    assert text.count("masquerade") == 2


def test_foreign_chains_that_drop_are_found_and_our_rules_in_them() -> None:
    ruleset = json.dumps({"nftables": [
        {"metainfo": {}},
        {"table": {"family": "ip", "name": "pacsmith-hill"}},
        {"table": {"family": "ip6", "name": "pacsmith-other"}},
        {"chain": {"family": "ip", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}},
        {"chain": {"family": "ip", "table": "filter", "name": "INPUT", "hook": "input", "policy": "drop"}},
        {"chain": {"family": "ip6", "table": "filter", "name": "FORWARD", "hook": "forward", "policy": "drop"}},
        {"chain": {"family": "inet", "table": "open", "name": "fwd", "hook": "forward", "policy": "accept"}},
        {"chain": {"family": "ip", "table": "filter", "name": "DOCKER"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "FORWARD", "handle": 7, "comment": "pacsmith lab hill"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "FORWARD", "handle": 8, "comment": "pacsmith lab hills"}},
        {"rule": {"family": "ip", "table": "filter", "chain": "FORWARD", "handle": 9}},
    ]})  # fmt: skip
    assert nft.closed_forward_chains(ruleset) == (("ip", "filter", "FORWARD"),)
    assert nft.marked_rules(ruleset, "pacsmith lab hill") == (("ip", "filter", "FORWARD", 7),)
    assert nft.lab_tables(ruleset) == {"pacsmith-hill"}
    assert nft.lab_tables("") == frozenset()


def test_pin_replaces_only_its_own_host() -> None:
    before = "store,10.2.0.11 ssh-ed25519 OLD\nreal.hill.test ssh-rsa REAL\n"
    names = keys.pin_names(connection(), "store.hill.test")
    after = keys.with_pin(before, names, "ssh-ed25519 NEW store\n")
    assert after == "real.hill.test ssh-rsa REAL\nstore,store.hill.test,10.2.0.11 ssh-ed25519 NEW\n"
    assert keys.with_pin(after, names, "ssh-ed25519 NEW store\n") == after


def test_pin_of_another_port_is_in_brackets() -> None:
    assert keys.pin_names(connection(port=2222), "store.hill.test")[2] == "[10.2.0.11]:2222"


def test_sshd_lets_root_in_only_when_the_site_says_so() -> None:
    assert "PermitRootLogin no\n" in furnish.sshd_text(connection())
    assert "PermitRootLogin prohibit-password\n" in furnish.sshd_text(connection(user="root"))
    assert "Port 2222\n" in furnish.sshd_text(connection(port=2222))
    assert "Port" not in furnish.sshd_text(connection())


def test_loopback_name_servers_are_of_no_use_to_a_host() -> None:
    stub = "nameserver 127.0.0.53\noptions edns0\n"
    real = "# by resolved\nnameserver 10.9.9.9\nnameserver ::1\nsearch hill.test\n"
    assert furnish.resolver_text((stub, real)) == "search hill.test\nnameserver 10.9.9.9\n"
    assert furnish.resolver_text((stub,)) == ""


def test_network_file_has_address_with_prefix_and_gateway() -> None:
    text = furnish.network_text(lab_hosts(lab_site())[1])
    assert "Address=10.2.0.11/16\nGateway=10.2.0.1\n" in text


def test_overlay_puts_the_first_layer_on_top_and_refuses_what_it_cannot_say() -> None:
    argv = mounts.overlay_argv((Path("/c/stand-in"), Path("/c/base")), Path("/u"), Path("/w"), Path("/m"))
    assert argv[-2:] == ["lowerdir=/c/stand-in:/c/base,upperdir=/u,workdir=/w", "/m"]
    with pytest.raises(LabError, match="PACSMITH_LAB_DIR"):
        mounts.overlay_argv((Path("/c/a:b"),), Path("/u"), Path("/w"), Path("/m"))


def test_mount_points_are_unescaped() -> None:
    table = "36 35 0:31 / /a\\040b rw - overlay pacsmith rw\n37 35 0:32 / /c rw shared:1 - tmpfs tmpfs rw\n"
    assert mounts.mount_points(table) == (Path("/a b"), Path("/c"))


def test_control_groups_on_hybrid_and_unified_machines() -> None:
    hybrid = (
        "30 25 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "31 25 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
        "32 25 0:28 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    )
    assert cgroups.hierarchies(hybrid) == (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup/systemd"))
    assert [path.name for path in cgroups.everywhere(hybrid)] == ["unified", "systemd", "memory"]
    assert cgroups.hierarchies("30 25 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n") == (Path("/sys/fs/cgroup"),)


def test_a_changed_recipe_is_another_tree() -> None:
    base = image.base_recipe("debian-13")
    changed = image.Recipe(base.name, base.release, (*base.packages, "vim"))
    assert len({base.folder, changed.folder, image.base_recipe("debian-12").folder}) == 3
    assert image.stand_in_recipe("debian-13").over == base.folder


def test_base_is_made_with_security_and_without_recommendations() -> None:
    argv = image.mmdebstrap_argv(image.base_recipe("debian-13"), Mirrors("http://m/d", "http://m/s"), Path("/t"))
    assert argv[argv.index("trixie") :] == [
        "trixie", "/t", "deb http://m/d trixie main", "deb http://m/d trixie-updates main",
        "deb http://m/s trixie-security main",
    ]  # fmt: skip
    assert '--aptopt=APT::Install-Recommends "false";' in argv


def test_nspawn_registers_nowhere() -> None:
    for argv in (nspawn.boot_argv(Path("/r"), "ps-1", "a.hill", "a"), nspawn.inside_argv(Path("/r"), "a", ["true"])):
        assert {"--register=no", "--keep-unit"} <= set(argv)


def test_processes_are_told_by_their_folder_and_not_by_a_longer_name() -> None:
    keeper = ["python", "-m", "builder.lab.keeper", "/l/hill/hosts/a", "pacsmith/hill/a", "--", "systemd-nspawn"]
    machine = ["/usr/bin/systemd-nspawn", "--quiet", "--directory=/l/hill/hosts/a/root"]
    other = ["/usr/bin/systemd-nspawn", "--quiet", "--directory=/l/hill/hosts/ab/root"]
    reader = ["cat", "/l/hill/hosts/a"]
    seen = [is_of_host(argv, "/l/hill/hosts/a") for argv in (keeper, machine, other, reader, [])]
    assert seen == [True, True, False, False, False]
    assert [is_below(argv, "/l/hill/hosts") for argv in (keeper, machine, other, [])] == [True, True, True, False]
    assert not is_below(keeper, "/l/hil/hosts")


@pytest.mark.parametrize("name", ["", "..", ".x", "a/b", "Upper", "-a", "a" * 64])
def test_snapshot_names_are_plain(name: str) -> None:
    with pytest.raises(BadInput, match="no name for a snapshot"):
        snapshots.check_name(name)


def test_what_is_missing_is_named_by_its_debian_package(monkeypatch: pytest.MonkeyPatch) -> None:
    found = dict.fromkeys(needs.PROGRAMS, True) | {"systemd-nspawn": False, "ssh": False, "ssh-keygen": False}
    assert needs.missing_packages(found) == ("openssh-client", "systemd-container")
    monkeypatch.setattr("shutil.which", lambda program, path=None: None if program == "mmdebstrap" else program)
    with pytest.raises(LabError, match="lacks mmdebstrap; run: apt-get install mmdebstrap"):
        needs.require_programs()


def test_without_root_it_says_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(LabError, match="run the same command with sudo"):
        needs.require_root()


def test_too_little_room_says_how_much_is_needed(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"making base trees needs 1099511627776 MiB free"):
        needs.require_space(tmp_path / "not" / "there", 2**60, "making base trees")
