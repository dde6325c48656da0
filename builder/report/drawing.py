"""The network drawing as SVG."""

from markupsafe import Markup

from builder.models.dossier import Network
from builder.models.site import Site
from builder.report.assemble import network_of
from builder.report.network import LABEL_LINE, LINE, PADDING, lay_out
from builder.report.templating import environment

_STYLES = {
    "name": Markup(' font-weight="700"'),
    "plain": "",
    "ae": Markup(" font-family=\"'Liberation Mono','DejaVu Sans Mono',monospace\" font-weight=\"700\""),
    "faint": Markup(' fill="#555"'),
}


def network_svg(site: Site) -> str:
    """Hosts, peers, AE titles, ports, addresses and routes of a site, as one SVG element without external parts."""
    return draw(network_of(site))


def draw(network: Network) -> str:
    """The same from a dossier's record."""
    template = environment().get_template("network.svg.j2")
    return template.render(d=lay_out(network), label_line=LABEL_LINE, line=LINE, padding=PADDING, styles=_STYLES)
