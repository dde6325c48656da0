"""What is said of a connection that was there and ended in the middle of the work (pure)."""


def broke(host: str, said: str) -> str:
    """A sentence for a connection that was there and ended in the middle of the work."""
    return f"{host}: the connection broke ({said}); run the same command again when the host is back"
