"""Every run, event, piece of evidence, lock and host state: SQLite by default, PostgreSQL by URL."""

from builder.ledger.ledger import Ledger, open_ledger
from builder.ledger.process import ProcessIdentity
from builder.ledger.records import Held, HostState, Lock, Reservation

__all__ = ["Held", "HostState", "Ledger", "Lock", "ProcessIdentity", "Reservation", "open_ledger"]
