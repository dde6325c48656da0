"""The site of `benchmarks.fleet`: archives that differ in name, AE title, address and certificate alone (pure).

All of them are one booted host. Names and addresses of all hosts are equally long, as are then the files in which they
stand: by times and sizes of files a host knows for which of them a service was last restarted.
"""

from pathlib import Path
from typing import Any

import yaml

NAME = "flt"
BRIDGE, LAB, VIEWS = "10.125.0.1", "10.125.0.0/24", "10.126.0.0/16"
_TEMPLATE = Path(__file__).parent / "site.yml"


def name_of(number: int) -> str:
    """The host's name; `number` from 1 to 1,700."""
    return f"archive{number:04d}"


def title_of(number: int) -> str:
    """Its AE title."""
    return f"ARC{number:04d}"


def address_of(number: int) -> str:
    """Its address: the first host's is its own, the others' lead to it."""
    if number == 1:
        return "10.125.0.11"
    if number < 900:
        return f"10.126.{number // 90}.{10 + number % 90}"
    return f"10.126.{10 + (number - 900) // 9}.{1 + (number - 900) % 9}"


def as_host(text: str, number: int, *, addressed: bool = True) -> str:
    """What was said of the first host, said of another one; unless `addressed`, of the machine at the same address."""
    for of in (name_of, title_of, address_of) if addressed else (name_of, title_of):
        text = text.replace(of(1), of(number))
    return text


def site_text(hosts: int) -> str:
    """The site file, with so many archives."""
    data: dict[str, Any] = yaml.safe_load(_TEMPLATE.read_text(encoding="utf-8"))
    first = data["hosts"][0]
    for gone in ("peers", "routes", "windows", "peak_hours"):
        del data[gone]
    vault = {"file": f".pacsmith/{NAME}/secrets.yml", "password": {"file": f".pacsmith/{NAME}/vault-password"}}
    access = {"administration": [f"{BRIDGE}/32"], "monitoring": [f"{BRIDGE}/32"]}
    networks = [
        {"name": "lab", "address": LAB, "gateway": BRIDGE},
        {"name": "views", "address": VIEWS, "gateway": "10.126.0.1"},
    ]
    machines = [
        {
            **first,
            "name": name_of(number),
            "network": "lab" if number == 1 else "views",
            "address": address_of(number),
            "asset": {**first["asset"], "serial": f"FS22-{number:04d}"},
            "ae": {"title": title_of(number), "port": first["ae"]["port"]},
        }
        for number in range(1, hosts + 1)
    ]
    site = {**data, "name": NAME, "title": "Fleet", "vault": vault, "access": access}
    whole = {**site, "networks": networks if hosts > 1 else networks[:1], "hosts": machines}
    return yaml.dump(whole, Dumper=_Plain, sort_keys=False)


class _Plain(yaml.CSafeDumper):
    """A site file has no YAML aliases."""

    def ignore_aliases(self, _: Any) -> bool:
        return True
