"""The dossier as HTML, PDF and JSON, evidence as JUnit XML, tables for a terminal; formats decide nothing."""

from builder.report.assemble import assemble, cleaned
from builder.report.drawing import network_svg
from builder.report.formats import dossier_json, junit_xml
from builder.report.gather import choose_run, gather
from builder.report.page import dossier_html
from builder.report.pdf import to_pdf
from builder.report.write import FORMATS, Format, write_dossier

__all__ = [
    "FORMATS",
    "Format",
    "assemble",
    "choose_run",
    "cleaned",
    "dossier_html",
    "dossier_json",
    "gather",
    "junit_xml",
    "network_svg",
    "to_pdf",
    "write_dossier",
]
