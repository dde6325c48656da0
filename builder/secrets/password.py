"""The vault's password: from a file, the environment or a prompt, as the site says."""

import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from builder.errors import BadInput
from builder.models.secret import Vault
from builder.secrets.environment import take

Ask = Callable[[str], str]
_SCRIPT_TIMEOUT = 120.0
_LONGEST = 4096  # it goes to ansible-vault through a pipe, whose buffer is far larger


def _from_script(path: Path) -> str:
    """Ansible's own convention: an executable password file is a program that prints the password."""
    try:
        done = subprocess.run([str(path.resolve())], capture_output=True, timeout=_SCRIPT_TIMEOUT, check=False)
    except (OSError, subprocess.TimeoutExpired):
        raise BadInput(
            f"{path}: the vault password program cannot be run; run it by hand, or chmod 600 if it is a text"
        ) from None
    if done.returncode != 0:
        raise BadInput(f"{path}: the vault password program failed (exit {done.returncode}); run it by hand to see why")
    return done.stdout.decode("utf-8", "replace")


def _from_file(path: Path) -> str:
    try:
        mode = path.stat().st_mode
        if mode & stat.S_IXUSR:
            return _from_script(path)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise BadInput(f"{path}: others can read the vault password; run chmod 600 {path}")
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise BadInput(
            f"{path}: the vault password file is missing; restore it, or for a new site run `pacsmith secrets generate`"
        ) from None
    except (OSError, UnicodeDecodeError) as fault:
        why = fault.strerror if isinstance(fault, OSError) else "it is not UTF-8 text"
        raise BadInput(f"{path}: the vault password cannot be read ({why}); mend the file") from None


def vault_password(vault: Vault, ask: Ask | None) -> SecretStr:
    """The password without the white space at its ends, as Ansible takes it. Raises BadInput with the remedy."""
    source = vault.password
    if source.file is not None:
        password, place = _from_file(Path(source.file)), source.file
    elif source.env is not None:
        taken = take(source.env)
        if taken is None:
            raise BadInput(
                f"vault {vault.file}: the environment variable {source.env} is not set; set it to the vault password"
            )
        password, place = taken.get_secret_value(), f"environment variable {source.env}"
    else:
        if ask is None:
            raise BadInput(
                f"vault {vault.file}: the password is asked for on a terminal and there is none; "
                "run pacsmith in a terminal, or name a password file or variable in the site"
            )
        password, place = ask(f"Password of {vault.file}: "), "the password typed"
    if not password.strip():
        raise BadInput(f"{place}: the vault password is empty; write it there")
    if len(password) > _LONGEST:
        raise BadInput(f"{place}: the vault password has over {_LONGEST} characters; is it the right file?")
    return SecretStr(password.strip())
