"""What a role's task files say of each task that Ansible's events do not: found by file and line (pure apart from
reading the files)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

_NESTED = ("block", "rescue", "always")


@dataclass(frozen=True)
class Task:
    """`reads`: the role says that it never changes anything. `forgiven`: a failure is ignored, or a rescue follows.
    `always`: it runs in check mode, too.

    `register` is the variable in which the role keeps the result, empty when it keeps none.
    """

    name: str = ""
    register: str = ""
    reads: bool = False
    forgiven: bool = False
    always: bool = False


def tasks_of(text: str) -> Mapping[int, Task]:
    """Tasks by the line on which each begins, 1 for the first. A file that is no list of tasks has none."""
    try:
        top = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError:
        return {}  # Ansible itself says what is wrong
    return dict(_walk(top, forgiven=False))


def _walk(node: yaml.Node | None, *, forgiven: bool) -> Iterator[tuple[int, Task]]:
    if not isinstance(node, yaml.SequenceNode):
        return
    for item in node.value:
        if not isinstance(item, yaml.MappingNode):
            continue
        fields = {key.value: value for key, value in item.value if isinstance(key, yaml.ScalarNode)}
        plain = {name: value.value for name, value in fields.items() if isinstance(value, yaml.ScalarNode)}
        let_off = forgiven or not _is_no(plain.get("ignore_errors", "no"))
        yield (
            item.start_mark.line + 1,
            Task(
                name=plain.get("name", ""),
                register=plain.get("register", ""),
                reads=_is_no(plain.get("changed_when")),
                forgiven=let_off,
                always=_is_no(plain.get("check_mode")),
            ),
        )
        for part in _NESTED:
            inner = let_off or (part == "block" and "rescue" in fields)
            yield from _walk(fields.get(part), forgiven=inner)


def _is_no(written: str | None) -> bool:
    return written is not None and written.lower() in ("no", "false", "off", "n")


class TaskFiles:
    """Tasks by the place that Ansible names (`/path/main.yml:12`); each file is read once."""

    def __init__(self) -> None:
        self._files: dict[str, Mapping[int, Task]] = {}

    def at(self, place: str) -> Task:
        """The task at a place; a plain one when nothing is known of it."""
        file, _, line = place.rpartition(":")
        if file not in self._files:
            path = Path(file)
            ours = path.suffix == ".json"  # the playbook is no role's file
            self._files[file] = tasks_of(path.read_text(encoding="utf-8")) if path.is_file() and not ours else {}
        return self._files[file].get(int(line) if line.isdecimal() else 0, Task())


def handlers_of(folder: Path) -> tuple[str, ...]:
    """Names of a role's handlers, in their order; those whose name is a template have none that could be called."""
    files = sorted((folder / "handlers").glob("*.yml"))
    named = [task.name for file in files for task in tasks_of(file.read_text(encoding="utf-8")).values()]
    return tuple(dict.fromkeys(name for name in named if name and "{{" not in name))
