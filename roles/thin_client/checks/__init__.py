"""Checks of the role `thin_client`."""
