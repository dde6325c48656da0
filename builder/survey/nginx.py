"""nginx: how large a request body may be in the locations that are passed on to another server."""

import re
from collections.abc import Iterator

from builder.survey.question import Question, Reply, Said, UnreadableError

# `nginx -T` would print the same, but testing a configuration may leave an empty pid file behind: the files are read.
# Only the lines that matter leave the host: a header with a password does not.
_FILES = r"""
test -r /etc/nginx/nginx.conf || { echo "/etc/nginx/nginx.conf is not there" >&2; exit 3; }
for file in /etc/nginx/nginx.conf /etc/nginx/conf.d/*.conf /etc/nginx/sites-enabled/*; do
  test -f "$file" || continue
  sed -n -E -e 's/(^|[[:space:]])#.*//' -e '/^[[:space:]]*(proxy_set_header|add_header|auth_)/d' \
    -e '/[{}]|client_max_body_size|proxy_pass|include/p' "$file" || exit 4
done
echo end
"""
_FOLLOWED = ("conf.d/*.conf", "sites-enabled/*", "mime.types", "modules-enabled/*.conf", "proxy_params")
_TOKENS = re.compile(r"[{};]|[^\s{};]+")
_SIZE = re.compile(r"([0-9]{1,9})([kKmMgG]?)")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3}
_DEFAULT = "1m"
"""nginx's own limit where none is set (ngx_http_core_module, client_max_body_size)."""


def questions() -> tuple[Question, ...]:
    """The configuration files."""
    return (Question("nginx-files", _FILES.strip(), ("nginx.body_limit", "nginx.body_unlimited"), body_limit),)


def body_limit(reply: Reply) -> dict[str, Said]:
    """The smallest limit over all locations with a proxy_pass, in bytes; 0 in nginx means none."""
    text = reply.checked()
    if text.rstrip("\n").rpartition("\n")[2] != "end":
        raise UnreadableError("the configuration was not printed whole")
    sizes = [_bytes(limit) for limit in _proxied(text.rstrip("\n").removesuffix("end"))]
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


class _Block:
    """An open block: its name, its own limit, and whether it passes requests on."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.limit: str | None = None
        self.passes = False


def _proxied(text: str) -> Iterator[str]:
    """The limit that holds in each block with a proxy_pass; a block inherits from those around it.

    The files of conf.d and sites-enabled follow nginx.conf: they inherit what its http block sets.
    """
    http, outside = _Block("http"), _Block("")
    open_blocks, finished = [outside], list[tuple[_Block, tuple[_Block, ...]]]()
    for words, end in _statements(text):
        if end == "{":
            name = words[0] if words else ""
            open_blocks.append(http if name == "http" else _Block(name))
            continue
        _apply(words, open_blocks[-1])
        if end == "}":
            if len(open_blocks) == 1:
                raise UnreadableError("a brace is closed that none opened")
            finished.append((open_blocks[-1], tuple(open_blocks)))
            open_blocks.pop()
    if len(open_blocks) != 1:
        raise UnreadableError("a brace is not closed")
    for block, around in finished:
        if block.passes:
            limits = [one.limit for one in (outside, http, *around) if one.limit is not None]
            yield limits[-1] if limits else _DEFAULT


def _statements(text: str) -> Iterator[tuple[list[str], str]]:
    words: list[str] = []
    for token in _TOKENS.findall(text):
        if token in "{};":
            yield words, token
            words = []
        else:
            words.append(token)


def _apply(words: list[str], block: _Block) -> None:
    if not words:
        return
    if words[0] == "client_max_body_size" and len(words) == 2:
        block.limit = words[1]
    elif words[0] == "proxy_pass":
        block.passes = True
    elif words[0] == "include" and not words[-1].endswith(_FOLLOWED):
        raise UnreadableError(f"the file {words[-1]} that the configuration includes was not followed")
