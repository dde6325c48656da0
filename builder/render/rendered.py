"""Everything that is rendered from a site, by file name."""

from collections.abc import Callable, Mapping

from builder.inventory import Inventory
from builder.models.site import Site
from builder.render.ae_csv import ae_csv
from builder.render.ansible import ansible_inventory
from builder.render.flow import flow
from builder.render.hosts_file import hosts_file
from builder.render.lab_hosts import lab_hosts
from builder.render.mark import heading
from builder.render.pyinfra import pyinfra_inventory
from builder.render.ssh_config import ssh_config
from builder.render.vagrant import vagrant_list


def _lab_list(inventory: Inventory) -> str:
    hosts = "".join(
        f"- {flow(host.model_dump(mode='json', exclude_defaults=True))}\n" for host in lab_hosts(inventory.site)
    )
    return f"{heading(inventory.site)}hosts:\n{hosts}"


FILES: Mapping[str, Callable[[Inventory], str]] = {
    "ae-table.csv": ae_csv,
    "ansible/inventory.yml": ansible_inventory,
    "hosts": hosts_file,
    "lab-hosts.yml": _lab_list,
    "pyinfra/inventory.py": pyinfra_inventory,
    "ssh_config": ssh_config,
    "vagrant.yml": lambda inventory: vagrant_list(inventory.site),
}


def render(site: Site, inventory: Inventory) -> dict[str, str]:
    """File name (relative, with `/`) -> exact text; sorted, free of dates, without a secret's value.

    `inventory` is `build_inventory(site)`; `site` is its site.
    """
    if inventory.site is not site:
        raise ValueError("the inventory is of another site")
    return {name: make(inventory) for name, make in FILES.items()}
