"""The lab: real Debian hosts on the administrator's own machine (systemd-nspawn on overlays of one cached base).

`Lab` is imported on first use only, so that the keeper, which lives as long as its host, stays small.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from builder.lab.lab import Lab

__all__ = ["Lab"]


def __getattr__(name: str) -> Any:
    if name == "Lab":
        from builder.lab.lab import Lab  # noqa: PLC0415

        return Lab
    raise AttributeError(name)
