"""What a site declares of a host's work, as facts: their command is "site file" (pure)."""

from builder.models.catalogue import fact_kind
from builder.models.fact import Fact
from builder.models.quantity import BASE_UNITS, amount
from builder.models.site import Host

SITE_FILE = "site file"


def declared_facts(host: Host) -> dict[str, Fact]:
    """The facts of the host's workload and of its equipment record's days. What is not declared is no fact."""
    found: dict[str, bool | int | float | str] = {}
    load = host.workload
    if load is not None:
        figures = {
            "studies_per_year": load.studies_per_year, "concurrent_users": load.concurrent_users,
            "instances": load.instances, "slices": load.slices, "columns": load.columns, "rows": load.rows,
            "years": load.years, "high_availability": load.high_availability,
        }  # fmt: skip
        found |= {name: value for name, value in figures.items() if value is not None}
        found |= {f"studies.{modality}": count for modality, count in load.studies.items()}
        if load.largest_data_set is not None:
            found["largest_data_set"] = int(amount(load.largest_data_set, "bytes"))
        if load.growth is not None:
            found["growth"] = float(amount(load.growth, "per cent"))
        if load.modalities:
            found["modalities"] = ", ".join(load.modalities)
    facts = {f"workload.{name}": value for name, value in found.items()}
    if host.asset is not None:
        days = {"asset.installed": host.asset.installed, "asset.released": host.asset.released}
        facts |= {name: day for name, day in days.items() if day is not None}
    return {name: _fact(name, value) for name, value in facts.items()}


def _fact(name: str, value: bool | int | float | str) -> Fact:
    return Fact(name=name, value=value, unit=BASE_UNITS.get(fact_kind(name).kind), command=SITE_FILE)
