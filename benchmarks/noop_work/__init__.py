"""The same 41 operations for pyinfra (`operations.py`), for Ansible (`playbook.yml`), and what one bare ssh must read."""
