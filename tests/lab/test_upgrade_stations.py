"""A thin client, a reading station and a web viewer are upgraded and go back. Long: make lab-long.

The lab has no NVIDIA card. What the kernel and nvidia-smi would say is played for it, always of the version that is
installed: this shows how packages, pins and holds go there and back, and not that the driver drives a card.
"""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.lab import panels
from builder.load.site import load_site
from tests.lab.conftest import SITES, BuiltSite, new_folder, run_steps, stocked

pytestmark = pytest.mark.long
OLDER = "535.261"
"""Debian 12's own release of the driver; its security archive has a newer one."""
NEWER_VIEWER = "4.0"
"""One page that stands for a newer OHIF: what is shown here is how an archive comes to serve it."""
CARD = (Path(__file__).parent / "card.sh").read_text()


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuiltSite]:
    """An archive with the web viewer, a thin client and a station with a card that is played, all accepted."""
    site = new_folder(tmp_path_factory.mktemp("renew"), "renew.yml", {})
    try:
        stocked(site, NEWER_VIEWER)
        run_steps(site, ["depot", "fetch"], ["secrets", "generate", "--site", site.name], ["lab", "up", site.name])
        root(site, "read1", CARD)
        root(site, "read1", panels_script())
        site.pacsmith("build", "--site", site.name)  # the driver comes, and drives no card yet
        root(site, "read1", "/usr/local/sbin/lab-card; systemctl restart pacsmith-nvidia-guard pacsmith-screen")
        run_steps(site, ["build", "--site", site.name])
        yield site
    finally:
        site.pacsmith("lab", "down", site.name)


def panels_script() -> str:
    """Shell text that hangs the station's panels as the lab does where no driver is wanted."""
    station = next(one for one in load_site(SITES / "renew.yml").value.hosts if one.name == "read1")
    assert station.workstation is not None
    screen, _ = panels.SCREENS["workstation"]
    unit = panels.unit_text("workstation", station.workstation.displays)
    return (
        f"set -e; mkdir -p {panels.PROGRAM.rpartition('/')[0]} /etc/systemd/system/{screen}.wants; "
        f"{written(panels.program_text(), panels.PROGRAM)}; {written(unit, f'/etc/systemd/system/{panels.UNIT}')}; "
        f"ln -sf ../{panels.UNIT} /etc/systemd/system/{screen}.wants/; systemctl daemon-reload"
    )


def written(text: str, path: str) -> str:
    """Shell text that writes it."""
    return f"echo {base64.b64encode(text.encode()).decode()} | base64 -d >{path}"


def root(site: BuiltSite, host: str, script: str) -> str:
    """What a shell text prints that runs as root; it must succeed."""
    done = site.on(host, f"{written(script, '/tmp/script')} && sudo sh /tmp/script", timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


def there_and_back(site: BuiltSite, host: str, word: str, asked: str, versions: tuple[str, str]) -> None:
    """Upgraded and accepted, back and accepted; `asked` is shell text that prints which of the versions is there."""
    was, shall = versions
    before = (site.folder / f"inventory/{site.name}/site.yml").read_text()
    assert root(site, host, asked) == was
    run_steps(site, ["upgrade", host, "--to", word])
    assert root(site, host, asked) == shall
    run_steps(site, ["rollback", host])
    assert root(site, host, asked) == was
    assert (site.folder / f"inventory/{site.name}/site.yml").read_text() == before
    run_steps(site, ["verify", "--site", site.name])


def test_a_thin_client_goes_to_the_next_debian_and_back(ward: BuiltSite) -> None:
    asked = ". /etc/os-release; echo $VERSION_CODENAME"
    there_and_back(ward, "bedside", "debian-13", asked, ("bookworm", "trixie"))


def test_a_station_s_driver_goes_to_another_release_of_its_branch_and_back(ward: BuiltSite) -> None:
    asked = "dpkg-query -W -f '${source:Upstream-Version}' nvidia-driver | cut -d . -f 1-2"
    newest = "apt-cache madison nvidia-driver | cut -d '|' -f 2 | sort -V | tail -n 1 | tr -d ' ' | cut -d . -f 1-2"
    newer = root(ward, "read1", newest)
    assert newer != OLDER, "Debian has one release of the driver only"
    there_and_back(ward, "read1", f"nvidia={newer}", asked, (OLDER, newer))
    held = root(ward, "read1", "apt-mark showhold").split()
    assert {"nvidia-driver", "nvidia-kernel-dkms", "nvidia-smi"} <= set(held)


def test_an_archive_serves_a_newer_viewer_and_the_former_again(ward: BuiltSite) -> None:
    assert ward.on("store", "sudo systemctl start pacsmith-backup.service").returncode == 0
    asked = "ls /usr/local/share/pacsmith/viewers | sed -n 's/^ohif-\\([0-9.]*[0-9]\\)$/\\1/p'"
    there_and_back(ward, "store", f"ohif={NEWER_VIEWER}", asked, ("3.12.10", NEWER_VIEWER))


def assert_would_replace(site: BuiltSite, host: str, packages: int) -> None:
    plan = site.pacsmith("upgrade", host, "--to", "security", "--plan")
    assert f"packages: {packages} would be replaced or added" in plan.stdout.splitlines(), plan.stdout + plan.stderr


def test_security_updates_come_and_go(ward: BuiltSite) -> None:
    """Debian's own version of a library comes first in place of the newer one of its security archive. One for which no
    service is restarted: with libssl3, sshd is away for a moment."""
    asked = "dpkg-query -W -f '${Version}' libexpat1"
    older = "apt-cache madison libexpat1 | cut -d '|' -f 2 | tr -d ' ' | sort -V | head -n 1"
    old, new = root(ward, "bedside", older), root(ward, "bedside", asked)
    assert old != new
    assert_would_replace(ward, "bedside", 0)
    root(ward, "bedside", f"DEBIAN_FRONTEND=noninteractive apt-get -q -y --allow-downgrades install libexpat1={old}")
    run_steps(ward, ["build", "--site", ward.name, "--host", "bedside"])
    assert_would_replace(ward, "bedside", 1)
    there_and_back(ward, "bedside", "security", asked, (old, new))
