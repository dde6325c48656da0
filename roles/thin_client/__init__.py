"""The role `thin_client`: a browser kiosk that shows one archive's web viewer and nothing else (engine: pyinfra)."""
