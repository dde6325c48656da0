"""As whom a command runs: pyinfra's arguments become shell text and environment, with no password in either (pure).

pyinfra's own SSH connector hands a password to `env NAME=password sudo …`, where every user of the host can read it in
the process list. Here the variable is set by the agent, for that one command.
"""

from collections.abc import Mapping
from typing import Any

from pyinfra.api.command import QuoteString, StringCommand
from pyinfra.connectors.util import SU_ASKPASS_ENV_VAR, SUDO_ASKPASS_ENV_VAR, make_unix_command

CONTROL = ("_success_exit_codes", "_timeout", "_get_pty", "_stdin")  # how a command runs, not what it is
_OTHERS = ("_sudo", "_su_user", "_doas", "_dzdo")


def becomes_another(arguments: Mapping[str, Any]) -> bool:
    """Whether the command is to run under another account than the connection's."""
    return any(arguments.get(key) for key in _OTHERS)


def account_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What counts for a script of ours, as those that move files: the account, and no shell of the user's choice."""
    dropped = (*CONTROL, "_shell_executable", "_env")
    return {key: value for key, value in arguments.items() if key not in dropped}


def passwords_wanted(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """Of `sudo` and `su`, for which a password was given."""
    return tuple(
        name
        for name, user, password in (("sudo", "_sudo", "_sudo_password"), ("su", "_su_user", "_su_password"))
        if arguments.get(user) and arguments.get(password)
    )


def unix_command(
    command: StringCommand, arguments: Mapping[str, Any], askpass: Mapping[str, str]
) -> tuple[StringCommand, dict[str, str]]:
    """The text for the host's shell, and the environment that must go with it.

    `askpass` gives, for each of `passwords_wanted`, a program on the host that prints the password's variable.
    """
    given = dict(arguments)
    environment: dict[str, str] = {}
    plain = given.get("_shell_executable", "sh") == "sh" and not becomes_another(given)
    if plain:
        given["_shell_executable"] = None  # the agent's own sh is the shell
    if "sudo" in askpass:
        environment = {"SUDO_ASKPASS": askpass["sudo"], SUDO_ASKPASS_ENV_VAR: str(given["_sudo_password"])}
    su_password = given.pop("_su_password", None)
    made = make_unix_command(command, **given)
    if "su" in askpass:
        environment[SU_ASKPASS_ENV_VAR] = str(su_password)
        # PAM reads the password byte by byte, so what follows it is still the command's own input. su hands its
        # environment on: what runs under it has no business with the password.
        piped = StringCommand("{", QuoteString(askpass["su"]), "&& cat; } |")
        made = StringCommand(piped, "{ unset", SU_ASKPASS_ENV_VAR, "&&", made, "; }")
    return made, environment
