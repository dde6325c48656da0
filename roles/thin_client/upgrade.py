"""What stays as it is when a thin client goes to another version of Debian (its packages are the baseline's)."""

from .files import POLICIES, POLICY_FILE, SETTINGS
from .variables import Variables


def configuration(variables: Variables) -> tuple[str, ...]:  # noqa: ARG001 - as every role's
    """The files whose settings an upgrade leaves as they are: the displays, what the browser may, whom it reaches."""
    return (f"{SETTINGS}/displays.json", f"{POLICIES}/managed/{POLICY_FILE}", f"{SETTINGS}/kiosk.nft")
