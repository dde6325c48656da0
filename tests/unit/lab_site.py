"""A small site for the lab's unit tests: two networks, one host, one stand-in, one peer that nobody plays."""

from typing import Any

from builder.models.site import Site


def lab_site(**changes: Any) -> Site:
    """The site, with top-level fields changed."""
    site: dict[str, Any] = {
        "name": "hill",
        "title": "Hill",
        "domain": "hill.test",
        "contacts": [{"name": "A", "duty": "administrator"}],
        "access": {"administration": ["10.1.0.1/32"]},
        "ca": {},
        "networks": [
            {"name": "wards", "address": "10.1.0.0/24", "gateway": "10.1.0.1"},
            {"name": "servers", "address": "10.2.0.0/16", "gateway": "10.2.0.1"},
            {"name": "office", "address": "10.3.0.0/16", "gateway": "10.3.0.1"},
        ],
        "hosts": [
            {
                "name": "store",
                "class": "archive",
                "os": "debian-12",
                "product": {"id": "orthanc", "version": "1.10.1"},
                "network": "servers",
                "address": "10.2.0.11",
                "location": "B",
            }
        ],
        "peers": [
            {
                "name": "ct",
                "kind": "modality",
                "network": "wards",
                "address": "10.1.0.21",
                "location": "C",
                "stand_in": True,
            },
            {"name": "old", "kind": "archive", "network": "office", "address": "10.3.0.9", "location": "D"},
        ],
        **changes,
    }
    return Site.model_validate(site)
