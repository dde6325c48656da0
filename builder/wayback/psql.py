"""How the host's own database is asked, as its owner (pure)."""


def psql(database: str = "orthanc", separator: str | None = None) -> str:
    """The beginning of a shell text whose --command prints rows and nothing else, their fields `separator` apart."""
    apart = "" if separator is None else f"--field-separator '{separator}' "
    return f"runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align {apart}--dbname {database}"
