#!/bin/sh
# Written by pacsmith (role thin_client). One session: its end is the end of the browser, and its beginning is empty.
set -eu
umask 077
xset s off -dpms || true
openbox --config-file /etc/pacsmith/openbox.xml &
/usr/local/lib/pacsmith/kiosk-watch &
# Not Debian's start script: it reads settings that allow extensions.
exec /usr/lib/chromium/chromium \
    --kiosk --incognito --no-first-run --no-default-browser-check --noerrdialogs --disable-pings \
    --password-store=basic --user-data-dir="$HOME/profile" --force-device-scale-factor=1 \
    --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist \
    "${PACSMITH_ADDRESS:-https://arc1.g.example/}"
