"""pacsmith: from a vendor's requirement sheet and a site file to accepted imaging machines."""

__version__ = "0.1.0"
