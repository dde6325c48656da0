"""Inventory -> exact text for each consumer (pure, sorted, no dates); files.py compares and writes."""

from builder.render.rendered import render

__all__ = ["render"]
