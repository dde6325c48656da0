"""Recorded answers instead of a machine: one that is far away, not ours to log in to, or not bought yet."""

import secrets
from pathlib import Path

from builder.errors import BadInput
from builder.models.site import Host
from builder.survey.facts import questions
from builder.survey.script import began, section

_NOT_ASKED = 125  # no command ran, so none failed by itself


def recorded_answer(folder: Path, host: Host) -> str:
    """What `folder` holds of `host`, as `facts_from` reads it: the file HOST.txt that `survey --record` has written, or
    a folder HOST with one file a question, as graphics.xml with what `nvidia-smi -q -x` printed.

    Raises BadInput when it holds neither, or a file that no question is called after.
    """
    whole, parts = folder / f"{host.name}.txt", folder / host.name
    if whole.is_file():
        text = _text(whole)
        if not began(text):
            raise BadInput(f"{whole}: this is no recorded survey; pacsmith survey --record FOLDER writes one")
        return text
    if parts.is_dir():
        return _assembled(parts, host)
    raise BadInput(
        f"{folder}: nothing is recorded of {host.name}; it wants {whole.name} (from pacsmith survey --record) or a "
        f"folder {parts.name} with one file a question"
    )


def _assembled(folder: Path, host: Host) -> str:
    files = {file.stem: file for file in sorted(folder.iterdir()) if not file.name.startswith(".")}
    asked = {question.name: question for question in questions(host)}
    for name, file in files.items():
        if name not in asked:
            raise BadInput(f"{file}: no question is called {name}; there are {', '.join(sorted(asked))}")
    mark = f"@@ {secrets.token_hex(8)}"
    sections = [
        section(mark, name, _text(files[name]), "", 0) if name in files
        else section(mark, name, "", "nobody has recorded it", _NOT_ASKED)
        for name in asked
    ]  # fmt: skip
    return f"{mark} begins\n" + "".join(sections) + f"{mark} ends\n"


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8", "replace")
    except OSError as fault:
        raise BadInput(f"{file}: cannot be read: {fault.strerror}; make it readable") from fault
