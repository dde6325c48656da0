"""What the role `workstation` is told, and that Ansible's own description of it says the same."""

import re
from pathlib import Path
from types import NoneType
from typing import Any, Literal, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from builder.errors import BadInput
from builder.models.site import Site
from roles.workstation.variables import KnownArchive, Variables, mount_unit
from tests.unit.site_parts import host, peer, site_of

ROLE = Path(__file__).parents[2] / "roles" / "workstation"
DISPLAY = {"name": "left", "maker": "EIZ", "product": "2334", "mode": "2048x1536", "primary": True}
SETTINGS = {"graphics": "dummy", "auto_login": True, "cache": {"encrypted": False}, "displays": [DISPLAY]}


def site(settings: dict[str, Any] | None = None, *, may: tuple[str, ...] = ("find", "move"), **changes: Any) -> Site:
    """A station beside one archive of ours and one of somebody else."""
    station = {
        "name": "read1", "class": "workstation", "os": "debian-12", "product": {"id": "aeskulap", "version": "0.2.2"},
        "network": "imaging", "address": "10.9.1.1", "location": "Room 1", "ae": {"title": "READ'1", "port": 11112},
        "workstation": SETTINGS | (settings or {}),
    } | changes  # fmt: skip
    old = peer("old", "10.9.1.2", kind="archive", modality=None)
    routes = [{"from": "read1", "to": "arc1", "may": ["find", "move", "get"]},
              {"from": "read1", "to": "old", "may": list(may)}]  # fmt: skip
    return site_of([host(1), station], peers=[old], routes=routes)


def variables(made: Site) -> Variables:
    return Variables.of(made, next(one for one in made.hosts if one.name == "read1"))


def test_the_viewer_knows_the_archives_in_which_it_may_search_and_from_which_it_may_fetch() -> None:
    assert variables(site()).archives == (
        KnownArchive.model_validate({"name": "arc1", "title": "ARC1", "address": "10.9.0.3", "port": 104}),
        KnownArchive.model_validate({"name": "old", "title": "OLD", "address": "10.9.1.2", "port": 11112}),
    )
    assert [one.name for one in variables(site(may=("find", "echo"))).archives] == ["arc1"], "it could fetch nothing"


def test_the_dummy_driver_comes_only_where_no_panel_hangs() -> None:
    assert "xserver-xorg-video-dummy" in variables(site()).packages
    real = variables(site({"graphics": "automatic"})).packages
    assert "xserver-xorg-video-dummy" not in real
    assert "xserver-xorg-input-libinput" in real


def test_nvidia_s_driver_comes_only_where_it_is_used_and_of_a_branch_that_debian_has() -> None:
    named = {"branch": "535", "guarded_at": "05:30"}
    found = variables(site({"graphics": "nvidia", "nvidia": named}))
    assert (found.nvidia_branch, found.nvidia_guarded_at) == ("535", "05:30")
    assert found.nvidia_packages == ("nvidia-driver", "nvidia-smi")
    assert not set(found.nvidia_packages) & set(found.packages), "they want their own sections, pin and hold"
    other = variables(site({"graphics": "automatic", "nvidia": named}))
    assert (other.nvidia_branch, other.nvidia_packages) == (None, ())
    with pytest.raises(BadInput, match="debian-12 has NVIDIA's driver of branch 535, not 550; write `nvidia: "):
        variables(site({"graphics": "nvidia", "nvidia": {"branch": "550"}}))


def test_a_login_screen_and_an_encrypted_cache_bring_their_own_packages() -> None:
    plain = variables(site())
    assert not {"lightdm", "dmsetup"} & set(plain.packages)
    wished = variables(site({"auto_login": False, "password": {"vault": "reader"}, "cache": {"size": "20 GiB"}}))
    assert {"lightdm", "lightdm-gtk-greeter", "dmsetup"} <= set(wished.packages)
    assert (wished.cache_size, wished.cache_encrypted, plain.cache_encrypted) == (20 * 1024**3, True, False)
    assert wished.reader_password is not None
    assert wished.reader_password.key == "vault:reader"


@pytest.mark.parametrize(
    ("directory", "unit"),
    [
        ("/var/cache/pacsmith-viewer", r"var-cache-pacsmith\x2dviewer.mount"),
        ("/srv//a.b/.c_d", "srv-a.b-.c_d.mount"),
        ("/.x", r"\x2ex.mount"),
    ],
)
def test_the_mount_is_called_as_systemd_escape_calls_it(directory: str, unit: str) -> None:
    assert mount_unit(directory) == unit


def test_the_driver_and_its_kernel_are_kept_back_where_there_is_one() -> None:
    assert variables(site()).kept_back == ("^aeskulap$",)
    kept = variables(site({"graphics": "nvidia", "nvidia": {"branch": "535"}})).kept_back
    meant = (
        "linux-image-amd64",
        "linux-headers-6.1.0-56-amd64",
        "xserver-xorg-video-nvidia",
        "libcuda1",
        "libnvcuvid1",
    )
    assert all(any(re.match(pattern, name) for pattern in kept) for name in meant if name != meant[2])
    assert not any(re.match(pattern, "openssl") for pattern in kept)


@pytest.mark.parametrize(
    ("settings", "changes", "said"),
    [
        ({}, {"os": "debian-13"}, "write `os: debian-12`"),
        ({}, {"ae": {"title": "READ1", "tls": True}}, "no DICOM TLS for Aeskulap; write `tls: false`"),
        ({"depth": 30}, {}, "Aeskulap, that draws images at depth 24 alone; write `depth: 24`"),
        ({}, {"product": {"id": "slicer", "version": "5.2"}}, "knows the viewer aeskulap, not slicer"),
    ],
)
def test_what_the_role_cannot_do_is_refused_before_any_host_is_touched(
    settings: dict[str, Any], changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput, match="hosts/read1: role workstation") as fault:
        variables(site(settings, **changes))
    assert said in str(fault.value)


KINDS = {str: ("str", "path"), int: ("int",), bool: ("bool",), tuple: ("list",)}


def compare(model: type[BaseModel], options: dict[str, Any], prefix: str, required_only: bool) -> None:
    """Names, types, choices and whether a value must be given, all the way down."""
    told = {name: field for name, field in model.model_fields.items() if not field.exclude}
    assert set(options) == {f"{prefix}{name}" for name in told}
    for name, field in told.items():
        option, kind = options[f"{prefix}{name}"], field.annotation
        optional = NoneType in get_args(kind)
        if optional:
            kind = next(one for one in get_args(kind) if one is not NoneType)
        if get_origin(kind) is Literal and isinstance(get_args(kind)[0], str):
            assert tuple(option["choices"]) == get_args(kind), name
        assert option.get("required", False) != optional, name
        assert option["type"] in KINDS[plain(kind)], name
        if option["type"] == "list":
            (inner, _) = get_args(kind)
            nested = isinstance(inner, type) and issubclass(inner, BaseModel)
            assert option["elements"] == ("dict" if nested else "str"), name
            if nested:
                compare(inner, option["options"], "", required_only)


def plain(kind: Any) -> type:
    """The type in which a field's value comes to Ansible as JSON."""
    origin = get_origin(kind)
    if origin is Literal:
        return type(get_args(kind)[0])
    if origin is tuple:
        return tuple
    if origin is Union:
        raise TypeError(f"{kind}: one kind only")
    found = get_args(kind)[0] if origin is not None else kind
    return found if found in KINDS else str


def test_the_argument_specs_say_what_the_model_says() -> None:
    options = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]["options"]
    compare(Variables, options, "workstation_", required_only=False)
