#!/bin/sh
# Written by pacsmith (role thin_client). One session: its end is the end of the browser, and its beginning is empty.
set -eu
umask 077
xset s off -dpms || true
openbox --config-file /etc/pacsmith/openbox.xml &
/usr/local/lib/pacsmith/kiosk-watch &
# Place and size of the primary display, as "1920,0 1920,1080".
primary=$(xrandr --listmonitors | sed -nE 's|^ *[0-9]+: \+?\*\S+ ([0-9]+)/[0-9]+x([0-9]+)/[0-9]+\+([0-9]+)\+([0-9]+) .*|\3,\4 \1,\2|p')
[ -z "$primary" ] || set -- "--window-position=${primary% *}" "--window-size=${primary#* }"
# Not Debian's start script: it reads settings that allow extensions.
exec /usr/lib/chromium/chromium \
    --kiosk --incognito --no-first-run --no-default-browser-check --noerrdialogs --disable-pings \
    --password-store=basic --user-data-dir="$HOME/profile" --force-device-scale-factor=1 \
    --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist \
    "$@" "${PACSMITH_ADDRESS:-https://arc1.g.example/}"
