"""Acceptance checks of the role `workstation`."""
