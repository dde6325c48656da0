"""The role `thin_client` as steps: account and consoles, then the X server, then the browser's session in it."""

from builder.engines.material import Material
from builder.engines.steps import StepError, command, only, place, service

from . import files
from .variables import Variables


def deploy(variables: Variables, material: Material) -> None:
    """A session counts as started when the browser's window is there and answers, so a build waits for that."""
    if not material.ca_pem:
        raise StepError(f"{variables.host}: no certificate of the site CA was handed over; complete `ca` in the site")
    place("Account of the kiosk", files.account_files(variables))
    command(
        "The kiosk's account is there, without a shell",
        f"systemd-sysusers {files.ACCOUNT}",
        unless=f"getent passwd {variables.user} | grep -q ':{files.HOME}:/usr/sbin/nologin$'",
    )
    consoles = place("No login and no restart at the keyboard", files.console_files())
    command(
        "No login waits at the keyboard",
        "systemctl daemon-reload && systemctl stop 'getty@*.service'",
        unless="! systemctl list-units --no-legend --state=active 'getty@*.service' | grep -q .",
        if_changed=[consoles],
    )
    screen = place("X server, its settings and unit", files.x_files(variables))
    service("X server runs", files.X_UNIT, restart_if=[screen])
    session = [
        place("What the browser may do", files.policy_files(variables, material.ca_pem)),
        only("No other policies", f"{files.POLICIES}/managed", ".json", {files.POLICY_FILE}),
        only("No recommended policies", f"{files.POLICIES}/recommended", ".json", set()),
        place("Session of the kiosk", files.session_files(variables)),
    ]
    service("The browser shows the archive's viewer", files.KIOSK_UNIT, restart_if=session)
