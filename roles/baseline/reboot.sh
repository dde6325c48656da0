# Prints a line for each reason why this host must be booted anew; nothing when there is none. It only reads.
if [ -e /run/reboot-required ]; then
    echo "packages ask for it: $(sort -u /run/reboot-required.pkgs 2>/dev/null | tr '\n' ' ')"
fi
# A container runs the kernel of its machine, whatever lies in its own /boot.
if ! systemd-detect-virt --container --quiet; then
    newest=$(find /boot -maxdepth 1 -name 'vmlinuz-*' 2>/dev/null | sed 's|.*/vmlinuz-||' | sort -V | tail -n 1)
    running=$(uname -r)
    if [ -n "$newest" ] && [ "$newest" != "$running" ]; then
        echo "kernel $newest is installed, and $running runs"
    fi
fi
exit 0
