"""Acceptance checks of the role `baseline`."""
