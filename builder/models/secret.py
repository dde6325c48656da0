"""Where a secret's value comes from; the value itself is never part of a model that is written or shown."""

from pydantic import model_validator

from builder.models.base import Line, Model


class SecretReference(Model):
    """Exactly one of: a name in the site's vault, an environment variable, a command that prints the value."""

    vault: Line | None = None
    env: Line | None = None
    command: tuple[Line, ...] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> "SecretReference":
        if sum(source is not None for source in (self.vault, self.env, self.command)) != 1:
            raise ValueError("a secret names exactly one of vault, env or command")
        return self

    @property
    def key(self) -> str:
        """A stable text for this reference, as `vault:web_reader`."""
        if self.vault is not None:
            return f"vault:{self.vault}"
        if self.env is not None:
            return f"env:{self.env}"
        return "command:" + " ".join(self.command or ())


class VaultPassword(Model):
    """Exactly one of: a file, an environment variable, a prompt on the terminal."""

    file: Line | None = None
    env: Line | None = None
    prompt: bool = False

    @model_validator(mode="after")
    def _one_source(self) -> "VaultPassword":
        if sum((self.file is not None, self.env is not None, self.prompt)) != 1:
            raise ValueError("the vault password comes from exactly one of file, env or prompt: true")
        return self


class Vault(Model):
    """An Ansible-vault file; paths are relative to the folder in which pacsmith runs (the project folder)."""

    file: Line
    password: VaultPassword
