"""One step of pyinfra before Ansible's."""

from builder.engines.material import Material
from builder.engines.steps import command
from builder.models.base import Model


def deploy(variables: Model, material: Material) -> None:
    """A folder for the other role, in which a test may leave flags."""
    command("Have a folder", "install -d -m 0777 /srv/trial", unless="test -d /srv/trial")
