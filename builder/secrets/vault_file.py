"""The site's Ansible-vault file: read once, changed whole or not at all, never in plain text on a disk."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import SecretStr

from builder.durable import held, write_whole
from builder.errors import BadInput
from builder.models.secret import Vault
from builder.secrets.vault_command import NotAVaultError, WrongPasswordError, decrypt, encrypt
from builder.secrets.vault_text import NotAMappingError, parse, with_values


class VaultFile:
    """`ask` gives the password; it is called when the file is first opened, so that nobody is asked in vain."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ask: Callable[[], SecretStr]
        self.times_read = 0
        self._password: SecretStr | None = None
        self._values: dict[str, SecretStr] | None = None
        self._read_at: tuple[int, int, int] | None = None

    @property
    def password(self) -> SecretStr:
        """The vault's password, asked for once."""
        if self._password is None:
            self._password = self.ask()
        return self._password

    @property
    def opened_with(self) -> SecretStr | None:
        """The password if it was needed so far."""
        return self._password

    def seen(self) -> Mapping[str, SecretStr]:
        """The values if the file was opened so far; opens nothing."""
        return self._values or {}

    def values(self) -> Mapping[str, SecretStr]:
        """Names and values; decrypted (about half a second) once, and again only when the file on disk is another.

        Raises BadInput when the file does not open.
        """
        if self._values is None or self._read_at != self._on_disk():
            self._remember(self._text())
        return self._values or {}

    def change(self, make: Callable[[Mapping[str, SecretStr]], Mapping[str, str]]) -> Mapping[str, str]:
        """Put in what `make` returns for the values that are there now, held against other processes; return it.

        Begins the file when there is none. Raises BadInput as `values` does, or when the disk refuses.
        """
        password, target = self.password, self.path.resolve()  # a link stays one; nobody is asked under the lock
        try:
            with held(target.parent):
                text = self._text() if self.path.exists() else ""
                self._remember(text)
                changes = make(self._values or {})
                if changes:
                    text = with_values(text, changes)
                    write_whole(target, encrypt(text, password))
                    self._remember(text)
        except OSError as fault:
            raise BadInput(
                f"{self.path}: the vault cannot be written ({fault.strerror}); mend that and run again"
            ) from None
        return changes

    def _on_disk(self) -> tuple[int, int, int] | None:
        try:
            now = self.path.stat()
        except OSError:
            return None
        return now.st_ino, now.st_mtime_ns, now.st_size

    def _text(self) -> str:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            raise BadInput(
                f"{self.path}: the vault file is missing; restore it, or for a new site run `pacsmith secrets generate`"
            ) from None
        except OSError as fault:
            raise BadInput(
                f"{self.path}: the vault cannot be read ({fault.strerror}); mend its owner or mode"
            ) from None
        try:
            return decrypt(content, self.password)
        except WrongPasswordError:
            self._password = None  # one that was typed wrong is asked for again
            raise BadInput(
                f"{self.path}: the vault password is wrong or the file is damaged; give the password it was made with"
            ) from None
        except NotAVaultError:
            raise BadInput(
                f"{self.path}: this is no Ansible vault; encrypt it with `ansible-vault encrypt {self.path}`"
            ) from None
        except UnicodeDecodeError:
            raise BadInput(f"{self.path}: the decrypted text is not UTF-8; mend it with `ansible-vault edit`") from None

    def _remember(self, text: str) -> None:
        try:
            self._values = {name: SecretStr(value) for name, value in parse(text).items()}
            self._read_at = self._on_disk()
            self.times_read += 1
        except NotAMappingError as fault:
            raise BadInput(f"{self.path}: {fault}; mend it with `ansible-vault edit {self.path}`") from None


_OPEN: dict[tuple[Path, Vault], VaultFile] = {}


def vault_file(vault: Vault, ask: Callable[[], SecretStr]) -> VaultFile:
    """The site's vault, the same object each time in one process: it is decrypted, and its password asked for, once."""
    path = Path(vault.file)
    file = _OPEN.setdefault((path.resolve(), vault), VaultFile(path))
    file.ask = ask
    return file
