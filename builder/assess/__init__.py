"""Requirement x facts -> finding. Pure: nothing here reads a machine, a file or the clock."""
