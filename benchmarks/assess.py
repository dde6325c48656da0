"""1,000 hosts by 12 sheets assessed from recorded facts, on one core.

Run: .venv/bin/python -m benchmarks.assess [HOSTS [SHEETS]]. The facts are what an archive said when it was
surveyed, parsed anew for each host as `pacsmith assess --recorded` does, with sizes spread so that hosts differ. Prints
seconds to parse and to assess, findings, peak memory (MiB), and what the
table, the shopping list and the page take.
"""

import json
import os
import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from builder.assess.assessment import assess
from builder.assess.overview import Column, HostRow, Overview, summed_up
from builder.assess.shopping import shopping_list
from builder.assess.workload import declared_facts
from builder.load import load_site
from builder.load.sheets import load_sheets
from builder.load.shipped import example_site
from builder.models.fact import Fact
from builder.models.sheet import Sheet
from builder.models.site import Host
from builder.report.assessment import assessment_html
from builder.survey import facts_from

_RECORDED = Path(__file__).parents[1] / "tests" / "unit" / "golden" / "survey" / "archive-debian-13.txt"
_TODAY = date(2026, 11, 22)
_USES = frozenset({"os:debian-13", "storage:filesystem", "dicom-tls", "volume-rendering"})
_GIB = 1024**3


def sheets_of(count: int) -> list[Sheet]:
    """The longest sheets that are shipped: more lines than any one host is held to in a hospital."""
    known = [loaded.value for loaded in load_sheets() if loaded.value.machine != "display"]
    return sorted(known, key=lambda sheet: (-len(sheet.requirements), sheet.product.id))[:count]


def facts_of(text: str, host: Host, number: int) -> Mapping[str, Fact]:
    """The recorded facts of the `number`th host: memory of 4, 16, 32 or 64 GiB, 2 to 32 cores, and a card or none."""
    facts = dict(facts_from(text, host))
    told: Mapping[str, tuple[int, str | None]] = {
        "memory.total": ((4, 16, 32, 64)[number % 4] * _GIB, "B"),
        "cpu.cores": (2 ** (1 + number % 5), "cores"),
        "gpu.memory": ((1, 2, 4, 8, 24)[number % 5] * _GIB, "B"),
        "workload.largest_data_set": ((1 + number % 7) * _GIB, "B"),
        "workload.concurrent_users": (1 + number % 60, None),
    }
    made = {name: Fact(name=name, value=value, unit=unit, command="benchmark") for name, (value, unit) in told.items()}
    return {**facts, **declared_facts(host), **made}


def row_of(host: Host, facts: Mapping[str, Fact], sheets: Sequence[Sheet]) -> HostRow:
    """One host against all sheets."""
    held = tuple(summed_up(sheet, assess(sheet, facts, use=_USES, today=_TODAY)) for sheet in sheets)
    return HostRow(host=host.name, host_class=host.host_class, location=host.location, held=held)


def main() -> None:
    """Measure and print JSON."""
    hosts, count = (int(word) for word in (*sys.argv[1:], *("1000", "12")[len(sys.argv) - 1 :]))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sheets, text = sheets_of(count), _RECORDED.read_text(encoding="utf-8")
    first = load_site(example_site()).value.hosts[0]
    machines = [first.model_copy(update={"name": f"host{number:04d}"}) for number in range(hosts)]
    times = {"start": time.perf_counter()}
    read = [(host, facts_of(text, host, number)) for number, host in enumerate(machines)]
    times["parsed"] = time.perf_counter()
    rows = [row_of(host, facts, sheets) for host, facts in read]
    times["assessed"] = time.perf_counter()
    shopping = shopping_list((row.host, held.findings) for row in rows for held in row.held)
    columns = tuple(Column(product=sheet.product.id, name=sheet.product.name, versions=sheet.product.versions,
                           source=sheet.source.cited) for sheet in sheets)  # fmt: skip
    found = Overview(site="fleet", title="Fleet", day=_TODAY, sheets=columns, hosts=tuple(rows), shopping=shopping)
    times["listed"] = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    page = assessment_html(found)
    times["page"] = time.perf_counter()
    marks = list(times.items())
    told = {
        "hosts": hosts, "sheets": len(sheets), "lines": sum(len(sheet.requirements) for sheet in sheets),
        "facts_a_host": len(read[0][1]),
        "verdicts": dict(Counter(one.verdict for row in rows for held in row.held for one in held.findings)),
        "seconds": {name: round(at - marks[n][1], 2) for n, (name, at) in enumerate(marks[1:])},
        "peak_mib_without_page": round(peak), "page_mib": round(len(page) / 1024**2, 1),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
