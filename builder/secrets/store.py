"""References -> values. Values are `SecretStr`; what was handed out is known, so that it can be redacted everywhere."""

import subprocess
from collections.abc import Callable, Mapping

from pydantic import SecretStr

from builder.errors import BadInput
from builder.inventory.references import secret_references
from builder.models.secret import SecretReference
from builder.models.site import Site
from builder.secrets.environment import take
from builder.secrets.password import Ask, vault_password
from builder.secrets.redact import MINIMUM_LENGTH, Redactor
from builder.secrets.vault_file import VaultFile, vault_file

_COMMAND_TIMEOUT = 60.0


def _from_command(argv: tuple[str, ...]) -> str:
    """What the command prints, without the newline at its end. Its output is never repeated: it may be the secret."""
    try:
        done = subprocess.run(
            argv, capture_output=True, stdin=subprocess.DEVNULL, timeout=_COMMAND_TIMEOUT, check=False
        )
    except FileNotFoundError:
        raise BadInput(f"secret command {argv[0]}: not found; install it or mend the site's reference") from None
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"secret command {argv[0]}: no answer within {_COMMAND_TIMEOUT:.0f} s; run it by hand to see why"
        ) from None
    except OSError as fault:
        raise BadInput(
            f"secret command {argv[0]}: cannot be run ({fault.strerror}); mend the site's reference"
        ) from None
    if done.returncode != 0:
        raise BadInput(f"secret command {argv[0]}: failed (exit {done.returncode}); run it by hand to see why")
    try:
        return done.stdout.decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise BadInput(f"secret command {argv[0]}: printed no UTF-8 text; make it print the value as text") from None


class SecretStore:
    """The secrets of one site, each read when it is first asked for and kept in memory only."""

    def __init__(self, site: Site, vault: VaultFile | None) -> None:
        self.site = site
        self._vault = vault
        self._seen: dict[str, SecretStr] = {}
        self._handed_out = 0
        self._redactor: tuple[object, Redactor] = (None, Redactor(()))

    @property
    def vault(self) -> VaultFile | None:
        """The site's vault; None when the site has none."""
        return self._vault

    def value(self, reference: SecretReference) -> SecretStr:
        """The secret. Raises BadInput, with the remedy, when it is missing, empty or too short to redact."""
        known = self._seen.get(reference.key)
        if known is not None:
            return known
        value = self._read(reference)
        text = value.get_secret_value()
        if not text.strip():
            raise BadInput(f"secret {reference.key}: the value is empty; {self._remedy(reference)}")
        if len(text.strip()) < MINIMUM_LENGTH:
            raise BadInput(
                f"secret {reference.key}: the value is shorter than {MINIMUM_LENGTH} characters, too short to be kept "
                "out of logs; choose a longer one"
            )
        self._seen[reference.key] = value
        self._handed_out += 1
        return value

    def problem(self, reference: SecretReference) -> str | None:
        """Why `value` would fail, as one sentence; None when it would not."""
        try:
            self.value(reference)
        except BadInput as fault:
            return str(fault)
        return None

    def all_values(self) -> tuple[str, ...]:
        """Every value in this process so far, the vault's password and unused vault entries too: what to redact."""
        values = {value.get_secret_value() for value in self._seen.values()}
        if self._vault is not None and self._vault.opened_with is not None:
            values.add(self._vault.opened_with.get_secret_value())
            values.update(value.get_secret_value() for value in self._vault.seen().values())
        return tuple(sorted(values))

    def redactor(self) -> Redactor:
        """Cleans texts of all values seen so far. Make it after the values were asked for."""
        vault = self._vault
        known = (self._handed_out, vault and (vault.times_read, vault.opened_with is None))
        if known != self._redactor[0]:  # made once for the same values: it is asked for with every text
            self._redactor = (known, Redactor(self.all_values()))
        return self._redactor[1]

    def keep(self, make: Callable[[Mapping[str, SecretStr]], Mapping[str, str]]) -> tuple[str, ...]:
        """Write what `make` returns for the vault's present values into the vault; the names written, sorted.

        Raises BadInput when the site has no vault, or it cannot be opened or written.
        """
        if self._vault is None:
            raise BadInput(f"site {self.site.name}: it has no vault to keep a secret in; add `vault:` to the site file")
        changes = self._vault.change(make)
        for name in changes:
            self._seen.pop(f"vault:{name}", None)
        return tuple(sorted(changes))

    def _read(self, reference: SecretReference) -> SecretStr:
        if reference.env is not None:
            taken = take(reference.env)
            if taken is None:
                raise BadInput(
                    f"secret {reference.key}: the environment variable is not set; {self._remedy(reference)}"
                )
            return taken
        if reference.command is not None:
            return SecretStr(_from_command(reference.command))
        if self._vault is None:
            raise BadInput(f"secret {reference.key}: the site has no vault; add `vault:` to the site file")
        found = self._vault.values().get(reference.vault or "")
        if found is None:
            raise BadInput(f"secret {reference.key}: not in {self._vault.path}; {self._remedy(reference)}")
        return found

    def _remedy(self, reference: SecretReference) -> str:
        if reference.env is not None:
            return f"set {reference.env}"
        if reference.command is not None:
            return "run the command by hand to see why"
        return f"run `pacsmith secrets set {reference.vault}`, or `pacsmith secrets generate` for a random one"


def open_store(site: Site, *, ask: Ask | None = None) -> SecretStore:
    """The site's secrets. Nothing is decrypted or asked before the first vault value is wanted.

    Secrets in environment variables are taken out of the environment at once, so that no child process inherits them.
    """
    for placed in secret_references(site):
        if placed.reference.env is not None:
            take(placed.reference.env)
    vault = site.vault
    if vault is None:
        return SecretStore(site, None)
    if vault.password.env is not None:
        take(vault.password.env)
    return SecretStore(site, vault_file(vault, lambda: vault_password(vault, ask)))
