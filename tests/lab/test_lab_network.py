"""The lab's bridges and rules in a network name space of their own, beside a firewall that drops by default."""

import subprocess
import sys

SCRIPT = """
import json, subprocess, sys
from pathlib import Path
from builder.lab import network
from builder.lab.layout import Layout
from builder.models.site import Network

def sh(*argv): return subprocess.run(argv, check=True, capture_output=True, text=True).stdout
def lab(name, net):
    networks = (Network(name="ward", address=net + ".0/24", gateway=net + ".1"),)
    return network.LabNetwork(Layout(name, Path("/nowhere") / name), networks)
def forwarding(): return Path("/proc/sys/net/ipv4/ip_forward").read_text().strip()

run = Path(sys.argv[1])
network._FORWARD_BEFORE, network._LOCK = run / "before", run / "lock"
Path("/proc/sys/net/ipv4/ip_forward").write_text("0")
sh("nft", "add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }")
before = sh("nft", "list", "ruleset"), sh("ip", "-o", "link")
one, two = lab("one", "10.92.8"), lab("two", "10.92.9")
seen = {}
one.up(); two.up()
seen["up"] = [one.is_up(), two.is_up(), forwarding()]
chain = sh("nft", "list", "chain", "ip", "filter", "FORWARD")
seen["accepted"] = [chain.count('comment "pacsmith lab one"'), chain.count('comment "pacsmith lab two"')]
one.up()
seen["again"] = sh("nft", "list", "chain", "ip", "filter", "FORWARD").count("accept comment")
one.down()
seen["one down"] = [one.is_up(), two.is_up(), forwarding()]
two.down(); two.down()
seen["both down"] = [two.is_up(), forwarding(), (sh("nft", "list", "ruleset"), sh("ip", "-o", "link")) == before]
print(json.dumps(seen))
"""


def test_two_labs_beside_a_firewall_that_drops(tmp_path: object) -> None:
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        '{"up": [true, true, "1"], "accepted": [2, 2], "again": 4, '
        '"one down": [false, true, "1"], "both down": [false, "0", true]}\n'
    )
