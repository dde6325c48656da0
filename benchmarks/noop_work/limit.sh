# All that the 41 operations must know of a host, read once by one bare ssh.
cat /etc/passwd /etc/group
dpkg-query -W -f='${Package} ${Version} ${db:Status-Status}\n'
cd /srv/noop || exit 1
find . -printf '%p %y %m %u %g %l\n'
find . -type f -exec sha256sum {} +
grep -n '^setting_[012] ' folder0/file0 folder0/file1 folder0/file2
if [ -d /run/systemd/system ]; then systemctl show -p Id,ActiveState,UnitFileState ssh systemd-journald systemd-networkd; fi
echo all-read
