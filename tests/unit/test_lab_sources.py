"""Mirrors for the lab's hosts come from this machine's apt or from the site, in every form that apt reads."""

from pathlib import Path

import pytest

from builder.lab.errors import LabError
from builder.lab.sources import Mirrors, choose, mirrors_for, parse_deb822, parse_one_line, sources_text
from tests.unit.lab_site import lab_site

DEB822 = """\
# a comment
Types: deb deb-src
URIs: http://mirror.test/debian/
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites:
 bookworm-security
Components: main

Enabled: no
Types: deb
URIs: http://off.test/debian
Suites: bookworm

Types: deb-src
URIs: http://source.test/debian
Suites: bookworm
"""
ONE_LINE = """\
# deb http://comment.test/debian bookworm main
deb-src http://source.test/debian bookworm main
deb [arch=amd64 signed-by=/x.gpg] http://vendor.test/apt stable-vendor main
deb [ arch=amd64 ] http://mirror.test/debian bookworm main contrib # the hospital's
deb http://mirror.test/debian-security bullseye/updates main
deb broken
"""


def test_deb822_gives_the_binary_sources_that_are_on() -> None:
    assert choose(list(parse_deb822(DEB822))) == ("http://mirror.test/debian", "http://mirror.test/debian-security")
    assert len(list(parse_deb822(DEB822))) == 2


def test_one_line_sources_with_options_and_comments() -> None:
    assert choose(list(parse_one_line(ONE_LINE))) == ("http://mirror.test/debian", "http://mirror.test/debian-security")


@pytest.mark.parametrize(
    "line",
    [
        "deb cdrom:[Debian]/ bookworm main",
        "deb file:/srv/mirror bookworm main",
        "deb http://vendor.test/apt nodistro main",
        "deb http://mirror.test/debian bookworm-backports main",
        "deb http://mirror.test/ubuntu noble main",
    ],
)
def test_what_a_host_cannot_use_is_no_mirror(line: str) -> None:
    assert choose(list(parse_one_line(line))) == (None, None)


def test_a_mirror_list_of_a_cloud_image_is_followed(tmp_path: Path) -> None:
    listed = tmp_path / "debian.list"
    listed.write_text("# comment\nhttp://cloud.test/debian priority:1\n")
    (tmp_path / "sources.list").write_text(f"deb mirror+file:{listed} trixie main\n")
    assert mirrors_for(lab_site(), tmp_path) == Mirrors("http://cloud.test/debian", None)


def test_the_site_wins(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(DEB822)
    site = lab_site(packages={"mirror": "http://hospital.test/debian"})
    assert mirrors_for(site, tmp_path) == Mirrors("http://hospital.test/debian", "http://mirror.test/debian-security")


def test_without_any_mirror_the_sentence_says_where_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"packages: \{mirror"):
        mirrors_for(lab_site(), tmp_path)


def test_host_gets_release_updates_and_security() -> None:
    text = sources_text(Mirrors("http://m.test/debian", "http://m.test/security"), "debian-12")
    assert "URIs: http://m.test/debian\nSuites: bookworm bookworm-updates\n" in text
    assert "URIs: http://m.test/security\nSuites: bookworm-security\n" in text
    assert "security" not in sources_text(Mirrors("http://m.test/debian", None), "debian-13")
