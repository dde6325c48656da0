"""nginx: how large a request body may be in the locations that are passed on to another server."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from builder.survey.question import Question, Reply, Said, UnreadableError

# `nginx -T` would print the same, but testing a configuration may leave an empty pid file behind: the files are read.
# Only the lines that matter leave the host: a header with a password does not.
_FILES = r"""
test -r /etc/nginx/nginx.conf || { echo "/etc/nginx/nginx.conf is not there" >&2; exit 3; }
find -L /etc/nginx -type f \( -name '*.conf' -o -path '*/sites-enabled/*' -o -path '*/snippets/*' \) | sort |
while read -r file; do
  printf '@@file %s\n' "$file"
  sed -n -E -e 's/(^|[[:space:]])#.*//' -e '/^[[:space:]]*(proxy_set_header|add_header|auth_|set)[[:space:]]/d' \
    -e '/[{}]|client_max_body_size|proxy_pass|include/p' "$file" || exit 4
done
echo '@@file end'
"""
_FOLDER = "/etc/nginx/"
_HARMLESS = ("mime.types", "proxy_params", "fastcgi_params", "uwsgi_params", "scgi_params")
"""Debian's own lists of types and headers, which set no limit and pass nothing on."""
_TOKENS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|[{};]|(?:[^\s{};\"']|\$\{)+")
_SIZE = re.compile(r"([0-9]{1,9})([kKmMgG]?)")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_DEFAULT = "1m"
"""nginx's own limit where none is set (ngx_http_core_module, client_max_body_size)."""
_DEEPEST = 10


def questions() -> tuple[Question, ...]:
    """The configuration files."""
    return (
        Question("nginx-files", _FILES.strip(), ("nginx.body_limit", "nginx.body_unlimited"), body_limit, beside=True),
    )


def body_limit(reply: Reply) -> dict[str, Said]:
    """The smallest limit over all locations with a proxy_pass, in bytes; 0 in nginx means none."""
    parts = re.split(r"^@@file (.+)\n?", reply.checked(), flags=re.MULTILINE)
    if parts[-2:-1] != ["end"]:
        raise UnreadableError("the configuration was not printed whole")
    files = dict(zip(parts[1:-2:2], parts[2:-2:2], strict=True))
    sizes = [_bytes(limit) for limit in _proxied(_statements(files, _FOLDER + "nginx.conf", 0))]
    if not sizes:
        raise UnreadableError("no location passes requests on")
    limited = [size for size in sizes if size]
    none = UnreadableError("nginx sets no limit (client_max_body_size 0)")
    return {"nginx.body_limit": min(limited) if limited else none, "nginx.body_unlimited": not limited}


def _bytes(text: str) -> int:
    match = _SIZE.fullmatch(text)
    if match is None:
        raise UnreadableError(f'client_max_body_size "{text}" is not understood')
    return int(match[1]) * int(1024 ** _POWERS[match[2].lower()])


def _statements(files: Mapping[str, str], name: str, depth: int) -> Iterator[tuple[list[str], str]]:
    """The words of each statement and what ends it, with every included file in its place."""
    if name not in files or depth > _DEEPEST:
        raise UnreadableError(f"the file {name} that the configuration includes was not printed")
    words: list[str] = []
    for token in _TOKENS.findall(files[name]):
        if token not in ("{", "}", ";"):
            words.append(token)
            continue
        if words[:1] == ["include"] and token == ";":
            for included in _included(files, words[-1].strip("\"'")):
                yield from _statements(files, included, depth + 1)
        else:
            yield words, token
        words = []


def _included(files: Mapping[str, str], pattern: str) -> list[str]:
    path = pattern if pattern.startswith("/") else _FOLDER + pattern
    if path.rpartition("/")[2] in _HARMLESS:
        return []
    if not re.search(r"[*?\[]", path):
        return [path]
    folder = path.rpartition("/")[0]
    return [file for file in files if fnmatchcase(file, path) and file.rpartition("/")[0] == folder]


class _Block:
    """A block: the limit that it sets itself, whether it passes requests on, and the blocks in it."""

    def __init__(self) -> None:
        self.limit: str | None = None
        self.passes = False
        self.within: list[_Block] = []


def _proxied(statements: Iterator[tuple[list[str], str]]) -> Iterator[str]:
    """The limit that holds in each block with a proxy_pass; a block inherits from the one around it."""
    outside = _Block()
    around = [outside]
    for words, end in statements:
        if end == "{":
            inner = _Block()
            around[-1].within.append(inner)
            around.append(inner)
            continue
        _apply(words, around[-1])
        if end == "}":
            around.pop()
            if not around:
                raise UnreadableError("a brace is closed that none opened")
    if len(around) != 1:
        raise UnreadableError("a brace is not closed")
    yield from _limits(outside, _DEFAULT)


def _apply(words: list[str], block: _Block) -> None:
    if words[:1] == ["client_max_body_size"] and len(words) == 2:
        block.limit = words[1]
    elif words[:1] == ["proxy_pass"]:
        block.passes = True


def _limits(block: _Block, inherited: str) -> Iterator[str]:
    limit = block.limit or inherited
    if block.passes:
        yield limit
    for inner in block.within:
        yield from _limits(inner, limit)
