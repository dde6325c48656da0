"""What may stand after `--to`, and what it comes to for a host."""

from pathlib import Path

import pytest

from builder.errors import BadInput
from builder.inventory.target import changes_of, values_of
from builder.load.site import load_site

SITES = Path(__file__).parents[1] / "lab/sites"
ARCHIVE = load_site(SITES / "boxed.yml").value.hosts[0]
OLD = ARCHIVE.model_copy(
    update={"os": "debian-12", "product": ARCHIVE.product.model_copy(update={"version": "1.10.1"})}
)


@pytest.mark.parametrize(
    ("words", "told", "values"),
    [
        (
            ["postgresql=17", "debian-13", "orthanc=1.12.7"],
            "debian 12 to 13, orthanc 1.10.1 to 1.12.7, postgresql 15 to 17",
            {("os",): "debian-13", ("product", "version"): "1.12.7", ("archive", "database_version"): 17},
        ),
        (["debian=13"], "debian 12 to 13", {("os",): "debian-13", ("archive", "database_version"): 15}),
        (["ohif=3.13.0"], "ohif 3.12.10 to 3.13.0", {("archive", "viewer", "version"): "3.13.0"}),
        (["security"], "security updates", {}),
    ],
)
def test_words_are_changes_in_one_order(words: list[str], told: str, values: dict[tuple[str, ...], str | int]) -> None:
    changes = changes_of(OLD, words)
    assert ", ".join(change.told for change in changes) == told
    assert values_of(OLD, changes) == values


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["debian-12"], "--to debian=12: store has it already; leave it out"),
        (["debian-14"], "--to debian=14: pacsmith knows Debian 12 and 13"),
        (["orthanc=1.12.7"], "--to orthanc=1.12.7: Debian 12 has orthanc 1.10.1; add --to debian-13"),
        (["orthanc=1.9"], "--to orthanc=1.9: store has 1.10.1, which is newer; pacsmith rollback goes back to what "
                          "was"),
        (["orthanc=new"], "--to orthanc=new: 'new' is no version; write it as 1.10.1"),
        (["ohif=3.13.0", "ohif=3.14.0"], "--to ohif=3.14.0: ohif is named twice; name it once"),
        (["nvidia=550"], "--to nvidia=550: store has no nvidia; it has debian=12, orthanc=1.10.1, postgresql=15, "
                         "ohif=3.12.10, security"),
        (
            ["newest"],
            "--to newest: write what shall be upgraded and its version, as debian-13 or orthanc=1.12.7, "
            "or security alone for Debian's updates",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_with_a_remedy(words: list[str], fault: str) -> None:
    with pytest.raises(BadInput) as told:
        changes_of(OLD, words)
    assert str(told.value) == fault
