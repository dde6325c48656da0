"""The role `workstation`: X.org, the reader's session and the viewer Aeskulap (engine: Ansible)."""
