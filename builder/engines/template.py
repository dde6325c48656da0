"""Render a role's Jinja templates. A name that nobody gave is an error, never an empty text."""

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError


@lru_cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        autoescape=False,  # configuration files, not HTML
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(role_file: str, template: str, **values: object) -> str:
    """Text of `templates/<template>` beside `role_file` (a role's `__file__`). Raises ValueError."""
    folder = Path(role_file).parent / "templates"
    try:
        return _environment(folder).get_template(template).render(**values)
    except TemplateError as fault:
        raise ValueError(f"{folder.parent.name}/templates/{template}: {fault}") from fault
