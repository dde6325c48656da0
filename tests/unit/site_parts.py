"""Sites and project folders for the tests of inventory, render and secrets."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from builder.load.shipped import example_site
from builder.models.site import Site

ROLE = """\
from builder.models.base import Model
from builder.models.secret import SecretReference


class Variables(Model):
    greeting: str
    password: SecretReference | None = None

    @classmethod
    def of(cls, site, host):
        return cls(greeting=f"this is {host.name}", password=host.archive.database_password if host.archive else None)
"""


def hospital() -> Site:
    """The fictional hospital, whole."""
    return Site.model_validate(hospital_data())


def hospital_data() -> dict[str, Any]:
    """The example's site file as plain data."""
    data: dict[str, Any] = yaml.safe_load(example_site().read_text(encoding="utf-8"))
    return data


def example(**changes: Any) -> Site:
    """The fictional hospital without its stations, with top-level fields replaced."""
    return Site.model_validate(example_data() | changes)


def example_data() -> dict[str, Any]:
    """The example's archive and peers as plain data: no reading station, no thin client, and no viewer for them."""
    data = hospital_data()
    data["hosts"] = [host for host in data["hosts"] if host["class"] == "archive"]
    known = {end["name"] for end in (*data["hosts"], *data["peers"])}
    data["routes"] = [route for route in data["routes"] if {route["from"], route["to"]} <= known]
    for host in data["hosts"]:
        del host["archive"]["viewer"]
        host["archive"]["users"] = [user for user in host["archive"]["users"] if user["name"] != "ward"]
    return data


def host(number: int, **changes: Any) -> dict[str, Any]:
    """A host of class archive, as site data."""
    secret = {"vault": "shared"}
    return {
        "name": f"arc{number}",
        "class": "archive",
        "product": {"id": "orthanc", "version": "1.12.7"},
        "network": "imaging",
        "address": f"10.9.{number // 250}.{number % 250 + 2}",
        "location": "Room 1",
        "ae": {"title": f"ARC{number}", "port": 104},
        "archive": {
            "database_password": secret,
            "users": [{"name": "viewer", "password": secret, "may": ["qido"]}],
            "backup": {"password": secret},
        },
    } | changes


def peer(name: str, address: str, **changes: Any) -> dict[str, Any]:
    """A modality, as site data."""
    start = {"name": name, "kind": "modality", "modality": "CT", "network": "imaging", "address": address}
    return start | {"location": "Room 2", "ae": {"title": name.upper(), "port": 11112}} | changes


def site_of(hosts: list[dict[str, Any]], **changes: Any) -> Site:
    """A small site around `hosts`."""
    data: dict[str, Any] = {
        "name": "g-site",
        "title": "Site of a test",
        "domain": "g.example",
        "contacts": [{"name": "Nobody", "duty": "tests"}],
        "access": {"administration": ["10.9.0.1/32"]},
        "vault": {"file": ".pacsmith/g-site/secrets.yml", "password": {"file": ".pacsmith/g-site/vault-password"}},
        "ca": {"key": {"vault": "site_ca_key"}},
        "networks": [{"name": "imaging", "address": "10.9.0.0/16", "gateway": "10.9.0.1"}],
        "hosts": hosts,
    }
    return Site.model_validate(data | changes)


def with_roles(folder: Path, sources: Mapping[str, str] | None = None) -> None:
    """Give a project folder roles of its own, so that the shipped ones may change without the tests."""
    for role in ("baseline", "archive", "workstation", "thin_client"):
        (folder / "roles" / role).mkdir(parents=True)
        (folder / "roles" / role / "variables.py").write_text((sources or {}).get(role, ROLE), encoding="utf-8")
