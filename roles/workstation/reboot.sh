# Prints a line for each reason why this station must be booted anew; nothing when there is none. It only reads.
# NVIDIA's module in the kernel must be of the version that lies on the disk: otherwise no program can draw.
loaded=$(cat /sys/module/nvidia/version 2>/dev/null)
built=$(modinfo -F version nvidia-current 2>/dev/null || modinfo -F version nvidia 2>/dev/null)
if [ -n "$loaded" ] && [ -n "$built" ] && [ "$loaded" != "$built" ]; then
    echo "NVIDIA's module $built is installed, and $loaded runs"
fi
if [ -n "$built" ] && [ -z "$loaded" ] && [ -d /sys/module/nouveau ]; then
    echo "NVIDIA's module $built is installed, and nouveau holds the card until the next start"
fi
exit 0
