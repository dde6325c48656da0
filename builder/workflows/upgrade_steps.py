"""What the roles of a host do to its packages between two states: steps in the next system, beside the one that
serves."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any

from builder.inventory import Machine
from builder.inventory.roles import has_module, load_role_module
from builder.models.base import Model
from builder.wayback.logs import Log

Step = tuple[str, str]
"""A name, and shell text that runs as root in the next system."""


def steps_beside(was: Machine, shall: Machine, *, updates: bool) -> tuple[Step, ...]:
    """In their order: where packages come from, of every role, then the packages, then what comes last. None at all
    where no package is changed."""
    roles = list(_with_a_word(was, shall))
    packages = [step for module, *both in roles for step in _called(module, "packages", *both, updates=updates)]
    if not packages:
        return ()
    sources = [step for module, *both in roles for step in _called(module, "sources", *both)]
    last = [step for module, *both in roles for step in _called(module, "settle", *both)]
    return (*sources, *packages, *last)


def configuration_of(was: Machine, shall: Machine) -> tuple[str, ...]:
    """The files whose settings must be after the upgrade what they were before."""
    return _of_both("configuration", was, shall)


def logs_of(was: Machine, shall: Machine) -> tuple[Log, ...]:
    """The logs that are read for errors once the host serves again."""
    return _of_both("logs", was, shall)


def _of_both(word: str, was: Machine, shall: Machine) -> tuple[Any, ...]:
    named = (_called(module, word, state) for module, *both in _with_a_word(was, shall) for state in both)
    return tuple(sorted({one for every in named for one in every}))


def _with_a_word(was: Machine, shall: Machine) -> Iterator[tuple[ModuleType, Model, Model]]:
    had = {role.role: role.variables for role in was.roles}
    for role in shall.roles:
        if role.role in had and has_module(role.role, "upgrade"):
            yield load_role_module(role.role, "upgrade"), had[role.role], role.variables


def _called(module: ModuleType, name: str, *states: Model, **more: bool) -> Iterator[Any]:
    function = getattr(module, name, None)
    yield from function(*states, **more) if function is not None else ()
