"""The sheet of a product that is not installed yet, by its id and version (pure)."""

from collections.abc import Sequence
from difflib import get_close_matches

from builder.errors import BadInput
from builder.models.quantity import version
from builder.models.sheet import Sheet


def planned_sheet(text: str, sheets: Sequence[Sheet]) -> Sheet:
    """The sheet of `weasis@4.6` or, where one file covers all its versions, of `weasis`. Raises BadInput with what
    there is."""
    product, at, release = text.partition("@")
    its = [sheet for sheet in sheets if sheet.product.id == product and sheet.machine != "display"]
    if not its:
        known = sorted({sheet.product.id for sheet in sheets if sheet.machine != "display"})
        near = get_close_matches(product, known, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        raise BadInput(f"--plan-for {text}: there is no sheet of {product or 'nothing'}; {remedy}")
    ranges = ", ".join(f'"{sheet.product.versions}"' for sheet in its)
    if at:
        if version(release) is None:
            raise BadInput(f'--plan-for {text}: "{release}" is no version; write it as {product}@1.2.3')
        its = [sheet for sheet in its if sheet.covers(release)]
        if not its:
            raise BadInput(f"--plan-for {text}: no sheet covers this version; those of {product} cover {ranges}")
    elif len(its) > 1:
        raise BadInput(f"--plan-for {text}: name the version, as {product}@1.2.3; its sheets cover {ranges}")
    return its[0]
