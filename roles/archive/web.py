"""What nginx has to know: password hashes, addresses and rights (pure)."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network

import bcrypt

from builder.errors import BadInput

from .orthanc import INTERNAL_USER, internal_password
from .variables import Variables

# 2^6 rounds: about 3 ms a request on one core. The hashes are for root and nginx only, the passwords are generated.
BCRYPT_COST = 6
CLASSES = ("qido", "wado", "stow", "rest")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT64 = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def password_hash(password: str, host: str, user: str) -> str:
    """A bcrypt hash whose salt follows from password, host and user, so that the same site gives the same file.

    Raises BadInput for a password over 72 bytes, which bcrypt cannot tell apart, or with a NUL.
    """
    secret = password.encode()
    if not 1 <= len(secret) <= 72 or b"\0" in secret:
        raise BadInput(f"the web password of {user} must have 1 to 72 bytes; choose another one")
    salt = hmac.new(secret, f"pacsmith web {host} {user}".encode(), hashlib.sha256).digest()[:16]
    text = base64.b64encode(salt).rstrip(b"=").translate(bytes.maketrans(_BASE64, _BCRYPT64))
    return bcrypt.hashpw(secret, b"$2b$%02d$%s" % (BCRYPT_COST, text)).decode()


def password_file(variables: Variables, passwords: Mapping[str, str]) -> str:
    """nginx's user file: `name:hash` a line. `passwords` by user name."""
    return "".join(
        f"{user.name}:{password_hash(passwords[user.name], variables.host, user.name)}\n"
        for user in variables.web_users
    )


def upstream_header(variables: Variables, database_password: str) -> str:
    """The header by which Orthanc knows nginx."""
    pair = f"{INTERNAL_USER}:{internal_password(database_password, variables.host)}"
    return f'proxy_set_header Authorization "Basic {base64.b64encode(pair.encode()).decode()}";\n'


def curl_file(variables: Variables, database_password: str) -> str:
    """curl's configuration for root's own questions to Orthanc, so that no password stands in an argument list."""
    return f'user = "{INTERNAL_USER}:{internal_password(database_password, variables.host)}"\n'


def addresses(variables: Variables) -> dict[str, list[IPv4Address | IPv4Network]]:
    """Who may come for each class of request: the routes' addresses, for REST the administrators', and
    for a web viewer's files every address with a web route."""
    allowed: dict[str, list[IPv4Address | IPv4Network]] = {name: [] for name in CLASSES}
    for client in variables.web_clients:
        for operation in client.may:
            allowed[operation].append(client.address)
    if variables.viewer is not None:
        allowed["viewer"] = [client.address for client in variables.web_clients]
    return {name: sorted(set(found), key=str) for name, found in allowed.items()} | {
        "rest": list(variables.administration)
    }


def users(variables: Variables) -> dict[str, list[str]]:
    """Who may ask each class of request, by user name."""
    return {name: [user.name for user in variables.web_users if name in user.may] for name in CLASSES}
