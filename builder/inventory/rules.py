"""Every rule that a whole site must keep, beyond what each of its fields must be. Pure; linear in the site's size."""

from collections.abc import Sequence
from datetime import date

from builder.inventory import rules_calendar as calendar
from builder.inventory import rules_displays as displays
from builder.inventory import rules_names as names
from builder.inventory import rules_network as network
from builder.inventory import rules_products as products
from builder.inventory import rules_routes as routes
from builder.inventory import rules_secrets as secrets
from builder.inventory import rules_sheets as of_sheets
from builder.inventory import rules_stations as stations
from builder.inventory import rules_together as together
from builder.inventory.rules_case import Case, Fault, Rule, SecretProblem
from builder.models.sheet import Sheet
from builder.models.site import Site

RULES: tuple[Rule, ...] = (
    names.machine_names_are_unique,
    names.machine_names_are_free,
    names.ae_titles_are_unique,
    names.archives_are_described,
    names.modalities_say_which,
    names.web_users_are_unique,
    names.stand_ins_have_something_to_play,
    names.archive_folders_are_apart,
    network.network_names_are_unique,
    network.networks_are_apart,
    network.networks_can_hold_hosts,
    network.addresses_are_unique,
    network.addresses_fit_their_network,
    network.ports_do_not_clash,
    network.stand_in_ports_do_not_clash,
    network.mirrors_are_addresses,
    routes.route_ends_exist,
    routes.routes_grant_once,
    routes.dicom_ends_have_an_ae,
    routes.targets_provide_what_is_granted,
    routes.web_targets_have_a_user,
    routes.moves_can_arrive,
    routes.commitments_are_reported,
    routes.worklists_are_for_modalities,
    products.products_have_a_sheet,
    products.waivers_name_a_requirement,
    products.waivers_have_not_expired,
    products.dates_are_dates,
    stations.stations_are_described,
    stations.one_display_is_primary,
    stations.displays_can_be_told_apart,
    stations.displays_without_a_panel_are_not_turned,
    stations.desktops_are_not_too_large,
    stations.viewers_are_shown_by_an_archive,
    stations.workstations_can_fetch,
    stations.people_are_no_system_accounts,
    stations.caches_have_a_size,
    stations.login_screens_ask_for_a_password,
    stations.graphics_fit_their_driver,
    displays.displays_are_held_to_a_standard,
    of_sheets.uses_are_words_of_a_sheet,
    of_sheets.branches_are_allowed,
    calendar.time_zone_exists,
    calendar.window_names_are_unique,
    calendar.windows_name_hosts,
    calendar.periods_are_well_formed,
    calendar.windows_avoid_peak_hours,
    calendar.backups_avoid_peak_hours,
    together.groups_have_their_own_names,
    together.groups_name_hosts,
    together.groups_keep_somebody_serving,
    secrets.vault_references_have_a_vault,
    secrets.secrets_can_be_read,
    secrets.certificate_authority_is_complete,
    secrets.ledger_address_holds_no_password,
)


def check_site(
    site: Site, sheets: Sequence[Sheet], *, today: date | None = None, secret_problem: SecretProblem | None = None
) -> tuple[Fault, ...]:
    """Every rule that `site` breaks, in the rules' order.

    Waivers are judged by `today` (by default, today). Without `secret_problem` nobody asks whether secrets can be read.
    """
    case = Case(site, sheets, today or date.today(), secret_problem)
    return tuple(Fault(rule.__name__, *found) for rule in RULES for found in rule(case))
