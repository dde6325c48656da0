"""Whom an archive has served, what of that a plan takes away for good, and whether the running Orthanc knows others."""

import json
import subprocess
from typing import Any

import pytest

from builder.inventory import build_inventory
from builder.inventory.outage import Change, outages
from builder.inventory.served import for_good, served
from builder.models.interruption import Interruption
from builder.models.plan import PlannedStep
from builder.models.site import Host, Site
from roles.archive import orthanc
from roles.archive.variables import Variables
from tests.unit.site_parts import example, example_data

RESTART = PlannedStep(role="archive", step="Orthanc runs", changes=True, diff="# systemctl restart orthanc.service")
ORTHANC = Interruption(step="Orthanc runs", stops=("dicom", "web"), seconds=2, source="a lab")


def variables(site: Site) -> dict[str, Any]:
    """The role archive's of the first host, as they are kept at an acceptance."""
    machine = build_inventory(site).machines[0]
    return next(role.variables for role in machine.roles if role.role == "archive").model_dump(mode="json")


def changed(edit: Any) -> Site:
    data = example_data()
    edit(data)
    return example(**{key: data[key] for key in ("hosts", "peers", "routes")})


def sentence(before: Site, after: Site) -> str:
    host = after.hosts[0]
    assert isinstance(host, Host)
    was, now = served(before, variables(before)), served(after, variables(after))
    assert was is not None
    assert now is not None
    change = Change(was, for_good(was, now, host))
    (found,) = outages(after, host, [RESTART], [ORTHANC], lambda _: None, change)
    return found.sentence


def test_another_ae_title_is_told_as_for_good_and_the_old_one_goes_away() -> None:
    def rename(data: dict[str, Any]) -> None:
        data["hosts"][0]["ae"]["title"] = "OTHER_ARC"

    before = example()
    old = before.hosts[0].ae
    assert old is not None
    told = sentence(before, changed(rename))
    assert told.startswith(f"AE {old.title} stops answering for about 2 s")
    assert f"for good: AE {old.title} is called OTHER_ARC from then on: change it wherever it is known" in told


def test_a_route_that_is_taken_away_is_told_and_one_that_is_new_is_no_loss() -> None:
    before = example()
    name = before.hosts[0].name
    route = next(one for one in before.routes if one.to == name and {"find"} < set(one.may))

    def without(data: dict[str, Any]) -> None:
        for one in data["routes"]:
            if (one["from"], one["to"]) == (route.from_, name):
                one["may"] = [word for word in one["may"] if word != "find"]

    end = before.end(route.from_)
    title = end.ae.title if end.ae is not None else end.name
    assert f"{title} may no longer find at {name}" in sentence(before, changed(without))
    only_store = served(before, variables(before))
    assert only_store is not None
    lost = sentence(changed(without), before)
    assert "for good" not in lost


def test_variables_of_another_form_say_nothing() -> None:
    assert served(example(), None) is None
    assert served(example(), {"ae_title": "A"}) is None


def archive() -> Variables:
    """The role archive's of the example."""
    site = example()
    return Variables.of(site, site.hosts[0])


def knows(expanded: object) -> int:
    """The exit code of the role's question when Orthanc answers so; None: it does not answer."""
    answer = "return 7" if expanded is None else f"cat <<'SAID'\n{json.dumps(expanded, indent=3)}\nSAID"
    script = f"curl() {{ {answer}\n}}\n{orthanc.knows_others(archive())}"
    return subprocess.run(["sh", "-c", script], capture_output=True, check=False).returncode


def expanded() -> dict[str, Any]:
    """As Orthanc 1.12 lists its modalities: sorted, with more words than were set."""
    more = {"AllowStorageCommitment": True, "LocalAet": "", "Timeout": 0}
    return {
        peer.name: dict(sorted({**orthanc.modality(peer), **more}.items()))
        for peer in sorted(archive().modalities, key=lambda one: str(one.name))
    }


def test_the_running_orthanc_is_asked_for_aes_that_its_settings_do_not_name() -> None:
    as_set = expanded()
    assert knows(as_set) == 1
    assert knows(None) == 1
    assert knows({**as_set, "zz-evil": next(iter(as_set.values()))}) == 0
    assert knows(dict(list(as_set.items())[1:])) == 0
    first = next(iter(as_set))
    assert knows({**as_set, first: {**as_set[first], "AllowFind": not as_set[first]["AllowFind"]}}) == 0
    assert knows({**as_set, first: {**as_set[first], "Host": "10.9.9.9"}}) == 0


@pytest.mark.parametrize("also", ["Manufacturer", "AllowTranscoding"])
def test_words_that_decide_nothing_are_not_compared(also: str) -> None:
    as_set = expanded()
    first = next(iter(as_set))
    assert knows({**as_set, first: {**as_set[first], also: "Generic2"}}) == 1
