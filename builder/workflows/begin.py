"""Begin a site: its file, and the schema that an editor checks it with."""

from pathlib import Path

from builder.errors import BadInput
from builder.load.new_site import new_site_text
from builder.load.schema import schema_text


def begin_site(name: str, folder: Path) -> tuple[Path, ...]:
    """Write inventory/<name>/site.yml below `folder`, and schema/site.json when it is not there; the files written.

    Raises BadInput when the name is none, the site exists already, or the disk refuses. Nothing is ever overwritten.
    """
    text = new_site_text(name)
    site, schema = folder / "inventory" / name / "site.yml", folder / "schema" / "site.json"
    written = []
    try:
        for file, content in ((site, text), (schema, schema_text("site"))):
            if file is schema and file.exists():
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("x", encoding="utf-8") as out:
                out.write(content)
            written.append(file)
    except FileExistsError:
        raise BadInput(f"{site} exists already; edit it, or choose another name") from None
    except OSError as fault:
        raise BadInput(f"{fault.filename or folder} cannot be written ({fault.strerror}); choose --folder") from None
    return tuple(written)
