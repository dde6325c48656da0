"""What the checks of this role are given."""

import pytest
from testinfra.host import Host

from .reading import Reading, read


@pytest.fixture(scope="module")
def seen(host: Host) -> Reading:
    """The host's answers to all questions; asked once, though several files of checks speak of them."""
    return read(host)
