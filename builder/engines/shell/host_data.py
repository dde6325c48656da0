"""What a pyinfra inventory may say of a host for our connector: pyinfra's settings for SSH, and ours."""

from pyinfra.connectors.base import DataMeta
from pyinfra.connectors.ssh import ConnectorData as SshData
from pyinfra.connectors.ssh import connector_data_meta as ssh_meta


class HostData(SshData):
    """pyinfra's settings for SSH, and ours."""

    ssh_proxy_jump: str
    pacsmith_questions: str


META = {
    **ssh_meta,
    "ssh_proxy_jump": DataMeta("Hosts to jump through, the first one first: user@a,user@b:2222"),
    "pacsmith_questions": DataMeta("A file that keeps what was asked, so that the next run asks it all at once"),
}
