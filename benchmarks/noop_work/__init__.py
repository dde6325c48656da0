"""The same 41 operations for pyinfra (`operations.py`) and Ansible (`playbook.yml`); what one bare ssh must read."""
