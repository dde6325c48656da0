"""The role `archive`: Orthanc on PostgreSQL behind nginx, backed up and hardened (engine: pyinfra)."""
