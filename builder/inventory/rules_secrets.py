"""Rules about secrets and the certificate authority. No value is ever read into a fault."""

import re
from collections.abc import Iterator

from builder.inventory.references import secret_references
from builder.inventory.rules_case import Case, Found
from builder.models.secret import SecretReference

# user:password@host of an address
_PASSWORD_IN_ADDRESS = re.compile(r"://[^/@]*:[^/]*@")


def vault_references_have_a_vault(case: Case) -> Iterator[Found]:
    """A name in the vault needs a vault."""
    if case.site.vault is not None:
        return
    for placed in secret_references(case.site):
        if placed.reference.vault is not None:
            what = "this secret is in the vault, and the site names none"
            yield placed.path, what, "add `vault:` with file and password to the site"
            return  # one missing vault is one fault, however many secrets are in it


def secrets_can_be_read(case: Case) -> Iterator[Found]:
    """Every secret that is named can be had now. Asked only where somebody can answer."""
    if case.secret_problem is None:
        return
    known: dict[str, str | None] = {}
    said: set[str] = set()
    for placed in secret_references(case.site):
        key = placed.reference.key
        if placed.reference.vault is not None and case.site.vault is None:
            continue
        if key not in known:
            known[key] = case.secret_problem(placed.reference)
        problem = known[key]
        if problem is not None and problem not in said:  # a vault that does not open is said once
            said.add(problem)
            what, _, remedy = problem.partition("; ")
            yield placed.path, what, remedy or "make it readable"


def certificate_authority_is_complete(case: Case) -> Iterator[Found]:
    """Our own CA has a key, the hospital's own has a certificate; neither has the other's."""
    ca = case.site.ca
    if ca.mode == "internal":
        if ca.key is None:
            yield ("ca",), "the site's own CA (mode: internal) needs a key", "add `key: {vault: NAME}`"
        if ca.certificate is not None:
            yield (
                ("ca", "certificate"),
                "mode: internal makes its own certificate",
                "remove it, or write `mode: external`",
            )
    else:
        if ca.certificate is None:
            yield (
                ("ca",),
                "the hospital's CA (mode: external) needs its certificate",
                "add `certificate:` with a PEM file",
            )
        if ca.key is not None:
            yield (
                ("ca", "key"),
                "the key of the hospital's CA is not ours to use",
                "remove it, or write `mode: internal`",
            )
    if ca.renew_before_days >= ca.host_days:
        what = (
            f"certificates of {ca.host_days} days would be renewed {ca.renew_before_days} days before their end: always"
        )
        yield ("ca", "renew_before_days"), what, "write fewer days than host_days"


def ledger_address_holds_no_password(case: Case) -> Iterator[Found]:
    """A database address with a password is a secret."""
    ledger = case.site.ledger
    if ledger is not None and not isinstance(ledger, SecretReference) and _PASSWORD_IN_ADDRESS.search(ledger):
        remedy = "give the whole address by reference: {vault: NAME}, {env: NAME} or {command: [PROGRAM, ...]}"
        yield ("ledger",), "a password is written into the address of the ledger", remedy
