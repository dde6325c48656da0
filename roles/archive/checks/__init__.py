"""Acceptance checks of the role `archive`."""
