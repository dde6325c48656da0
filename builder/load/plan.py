"""Read a plan's file: whole, of this form, and as `pacsmith plan` wrote it."""

import json
from pathlib import Path

from pydantic import ValidationError

from builder.errors import BadInput
from builder.models.plan import FORMAT, WrittenPlan

_AGAIN = "make it again with: pacsmith plan --out FILE"
_LARGEST = 256 * 1024 * 1024  # bytes; a plan of 1,000 hosts with all their differences has a tenth of it


def load_plan(file: Path) -> WrittenPlan:
    """The plan in `file`. Raises BadInput, one sentence, for one that is not there, is cut or edited, is no plan, or
    was written by another pacsmith in another form."""
    try:
        if file.stat().st_size > _LARGEST:
            raise BadInput(f"{file}: larger than any plan; name a file that pacsmith plan --out wrote")
        text = file.read_text(encoding="utf-8")
    except OSError as fault:
        raise BadInput(f"{file}: the plan cannot be read ({fault.strerror}); {_AGAIN}") from None
    except UnicodeDecodeError:
        raise BadInput(f"{file}: this is no text, so no plan; {_AGAIN}") from None
    return plan_of(text, file)


def plan_of(text: str, file: Path) -> WrittenPlan:
    """The plan that `text` is; `file` is named in faults. Raises BadInput."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BadInput(f"{file}: the plan is damaged, it is no whole JSON; {_AGAIN}") from None
    form = data.get("format") if isinstance(data, dict) else None
    if form is None:
        raise BadInput(f"{file}: this is no plan of pacsmith; {_AGAIN}")
    if form != FORMAT or isinstance(form, bool):
        raise BadInput(f"{file}: a plan of form {form!r:.20}, and this pacsmith knows form {FORMAT}; {_AGAIN}")
    try:
        plan = WrittenPlan.model_validate_json(text)
    except ValidationError as fault:
        first = fault.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"{file}: the plan is damaged at {place or 'its top'}; {_AGAIN}") from None
    if plan.digest != plan.seal:
        raise BadInput(
            f"{file}: the plan is not as it was written (its digest does not fit): "
            f"a plan is carried out as it is or not at all; {_AGAIN}"
        )
    return plan
