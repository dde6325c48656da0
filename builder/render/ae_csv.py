"""The AE table as CSV: what a modality's engineer types in, and whom each title answers."""

import csv
import io

from builder.inventory import Inventory, fqdn_of
from builder.inventory.index import site_index
from builder.inventory.registry import ae_table, grants
from builder.render.mark import heading

COLUMNS = ("ae_title", "machine", "fqdn", "address", "port", "tls", "kind", "location", "answers")


def _answers(inventory: Inventory, machine: str) -> str:
    parts = [(grant.source.name, " ".join(grant.dicom)) for grant in grants(inventory.site, to=machine) if grant.dicom]
    return "; ".join(f"{name}: {operations}" for name, operations in parts)


def ae_csv(inventory: Inventory) -> str:
    """One line an application entity; `answers` says which machine may ask what of it (`ct01: echo store`)."""
    text = io.StringIO()
    text.write(heading(inventory.site))
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    ends = site_index(inventory.site).ends
    for row in ae_table(inventory.site):
        fqdn = fqdn_of(inventory.site, ends[row.machine])
        tls = "yes" if row.tls else "no"
        answers = _answers(inventory, row.machine)
        table.writerow((row.title, row.machine, fqdn, row.address, row.port, tls, row.kind, row.location, answers))
    return text.getvalue()
