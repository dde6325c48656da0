"""Encrypt and decrypt with the `ansible-vault` command. Ansible (GPL) is a program here, never an import.

Plain text and password go through pipes only: nothing of them is in an argument, an environment or a file.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pydantic import SecretStr

from builder.errors import BadInput

_TIMEOUT = 60.0
_DOES_NOT_OPEN = (b"Decryption failed", b"format unhexlify error", b"vaulttext format error")


class WrongPasswordError(Exception):
    """The password does not open the vault, or the vault is damaged: nobody can tell the two apart."""


class NotAVaultError(Exception):
    """The text is no Ansible vault."""


def _executable() -> str:
    beside = Path(sys.executable).parent / "ansible-vault"
    found = str(beside) if beside.is_file() else shutil.which("ansible-vault")
    if found is None:
        raise BadInput(
            "ansible-vault: command not found beside Python or on PATH; install pacsmith's dependency ansible-core"
        )
    return found


def _run(action: str, text: bytes, password: SecretStr) -> bytes:
    """Run `ansible-vault <action>` as a filter, away from the user's ansible.cfg and ANSIBLE_* variables."""
    with tempfile.TemporaryDirectory(prefix="pacsmith-vault-") as folder:
        settings = Path(folder) / "ansible.cfg"
        settings.write_text("[defaults]\n", encoding="utf-8")
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": folder,
            "LANG": "C.UTF-8",
            "ANSIBLE_CONFIG": str(settings),
            "ANSIBLE_HOME": folder,
        }
        reading, writing = os.pipe()
        try:
            os.write(writing, password.get_secret_value().encode() + b"\n")  # far below a pipe's buffer of 64 KiB
        finally:
            os.close(writing)
        argv = [_executable(), action, "--vault-password-file", f"/dev/fd/{reading}", "--output", "-", "-"]
        try:
            done = subprocess.run(
                argv,
                input=text,
                capture_output=True,
                env=environment,
                pass_fds=(reading,),
                timeout=_TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise BadInput(
                f"ansible-vault {action}: no answer within {_TIMEOUT:.0f} s; run it by hand to see why"
            ) from None
        finally:
            os.close(reading)
    if done.returncode == 0:
        return done.stdout
    if b"not vault encrypted" in done.stderr:
        raise NotAVaultError
    if any(words in done.stderr for words in _DOES_NOT_OPEN):
        raise WrongPasswordError
    # Its own words may quote what it was given, so they are not repeated.
    raise BadInput(
        f"ansible-vault {action} failed (exit {done.returncode}); check that ansible-core is installed whole"
    )


def decrypt(text: bytes, password: SecretStr) -> str:
    """The plain text. Raises WrongPasswordError, NotAVaultError, or BadInput when the command itself fails."""
    return _run("decrypt", text, password).decode("utf-8")


def encrypt(text: str, password: SecretStr) -> bytes:
    """The vault's text, as it belongs into the file. Raises BadInput when the command fails."""
    return _run("encrypt", text.encode("utf-8"), password)
