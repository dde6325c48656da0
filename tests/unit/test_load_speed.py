"""A large site is read in a time that a person waits for; benchmarks/ measures it against a named peer."""

import time
from pathlib import Path

from builder.load import load_site

EXAMPLE = Path(__file__).parents[2] / "inventory" / "example" / "site.yml"


def _text(hosts: int) -> str:
    before, _, rest = EXAMPLE.read_text(encoding="utf-8").partition("hosts:\n")
    hosts_text, _, after = rest.partition("\npeers:\n")
    host = hosts_text.partition("\n  - name:")[0] + "\n"
    return f"{before}hosts:\n{host * hosts}\npeers:\n{after}"


def _seconds(file: Path, hosts: int) -> float:
    """Processor seconds of the faster of two readings."""
    file.write_text(_text(hosts), encoding="utf-8")
    taken = []
    for _ in range(2):
        began = time.process_time()
        assert len(load_site(file).value.hosts) == hosts
        taken.append(time.process_time() - began)
    return min(taken)


def test_reading_costs_no_more_a_host_on_a_large_site(tmp_path: Path) -> None:
    """Eight times the hosts: linear reading takes 8 times as long, quadratic reading 64 times."""
    assert _seconds(tmp_path / "site.yml", 2400) / _seconds(tmp_path / "site.yml", 300) < 24
