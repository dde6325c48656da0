"""What a host needs beside its variables: the values of its secrets, its certificate, and files from the depot. Secrets
are never printed."""

from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from builder.errors import BadInput
from builder.models.base import Model
from builder.models.depot import Delivered, Needed
from builder.models.secret import SecretReference


class Material(Model):
    """Secret values by reference key (`vault:web_reader`), the site CA, the host's certificate and its private key, and
    what its roles need from the depot."""

    secrets: Mapping[str, SecretStr] = {}
    ca_pem: str = ""
    certificate_pem: str = ""
    key_pem: SecretStr = SecretStr("")
    artefacts: tuple[Delivered, ...] = ()

    def secret(self, reference: SecretReference) -> str:
        """The value behind a reference. Raises BadInput when it was not handed over."""
        value = self.secrets.get(reference.key)
        if value is None:
            raise BadInput(
                f"the secret {reference.key} was not handed to the engine; give it a value with `pacsmith secrets`"
            )
        return value.get_secret_value()

    def artefact(self, needed: Needed) -> Delivered:
        """The file of an artefact. Raises BadInput when it was not handed over."""
        for one in self.artefacts:
            if (one.name, one.version) == (needed.name, needed.version):
                return one
        raise BadInput(
            f"{needed} was not handed to the engine; name it in `artefacts` of the role's variables, "
            "so that a build takes it from the depot"
        )

    def hidden_values(self) -> tuple[str, ...]:
        """Every value that must appear nowhere, the private key line by line too."""
        key = self.key_pem.get_secret_value()
        lines = [line for line in key.splitlines() if line and not line.startswith("-----")]
        return (*(value.get_secret_value() for value in self.secrets.values()), *([key] if key else []), *lines)

    def unveiled(self) -> dict[str, Any]:
        """Plain data for the engine's standard input, and for nothing else."""
        return {
            "secrets": {name: value.get_secret_value() for name, value in self.secrets.items()},
            "ca_pem": self.ca_pem,
            "certificate_pem": self.certificate_pem,
            "key_pem": self.key_pem.get_secret_value(),
            "artefacts": [one.model_dump(mode="json") for one in self.artefacts],
        }
