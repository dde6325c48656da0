"""What every host has before it becomes anything: name, time, trust, firewall, updates, logs, monitoring, SSH."""
