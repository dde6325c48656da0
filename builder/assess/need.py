"""What a shopping list is made of: parts, who needs them, which line asks, and what is to be found out first."""

from builder.assess.wanted import Want
from builder.models.base import Model


class Asking(Model):
    """The line that asks: of which product's sheet, what it asks, and where that is written. `expired`: owner and last
    day of a waiver of it that holds no more."""

    product: str
    requirement: str
    asked: str
    source: str
    expired: str | None = None


class Need(Model):
    """One part that a host lacks, with all that it must have; hosts together that lack the same for the same lines.

    `which`: which display, drive or card it is, where a host has several. `either`: another part would do as well for
    every property of it, so that it may not be needed at all.
    """

    hosts: tuple[str, ...]
    which: str | None = None
    wants: tuple[Want, ...]
    notes: tuple[str, ...] = ()
    either: bool = False
    lines: tuple[Asking, ...]


class Item(Model):
    """A kind of part, for all hosts that lack it. `amount`: how much of it altogether, as people say it."""

    part: str
    amount: str
    needs: tuple[Need, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """The hosts that lack it, each once."""
        return tuple(dict.fromkeys(host for need in self.needs for host in need.hosts))


class Question(Model):
    """What is not known of hosts, and so may have to be bought or not; `person`: who can tell, None: the machine."""

    hosts: tuple[str, ...]
    product: str
    requirement: str
    sentence: str
    source: str
    person: str | None = None


class ShoppingList(Model):
    """`buy` and `wish` are mended with money, `arrange` and `wish_arranged` with an installation, a setting or a
    calibration."""

    buy: tuple[Item, ...] = ()
    arrange: tuple[Item, ...] = ()
    wish: tuple[Item, ...] = ()
    wish_arranged: tuple[Item, ...] = ()
    find_out: tuple[Question, ...] = ()
