# The lab plays an NVIDIA card: X.org draws into memory, and kernel and nvidia-smi say the version that is installed.
set -e
apt-get -q update >/dev/null
DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends binutils xserver-xorg-video-dummy >/dev/null
mkdir -p /etc/X11/xorg.conf.d /etc/systemd/system/pacsmith-screen.service.d
cat >/etc/X11/xorg.conf.d/10-lab.conf <<'XORG'
Section "Device"
    Identifier "lab"
    Driver "dummy"
    VideoRam 256000
EndSection
Section "Monitor"
    Identifier "lab panel"
    HorizSync 5-1000
    VertRefresh 5-200
    Modeline "1600x1200" 47.27 1600 1648 1712 1920 1200 1203 1207 1231
    Modeline "1920x1200" 55.15 1920 1968 2032 2240 1200 1203 1207 1231
EndSection
Section "Screen"
    Identifier "lab screen"
    Device "lab"
    Monitor "lab panel"
    DefaultDepth 24
    SubSection "Display"
        Depth 24
        Modes "1600x1200" "1920x1200"
        Virtual 3520 1200
    EndSubSection
EndSection
XORG
printf '%s\n' '[Service]' ExecStart= 'ExecStart=/usr/lib/xorg/Xorg :0 -auth /run/pacsmith-screen/authority -noreset -nolisten tcp -s 0' >/etc/systemd/system/pacsmith-screen.service.d/lab.conf
dpkg-divert --local --rename --divert /usr/bin/nvidia-smi.real --add /usr/bin/nvidia-smi
printf '#!/bin/sh\ndpkg-query -W -f "\${source:Upstream-Version}\\n" nvidia-driver\n' >/usr/bin/nvidia-smi
chmod 755 /usr/bin/nvidia-smi
cat >/usr/local/sbin/lab-card <<'CARD'
#!/bin/sh
set -e
version=$(dpkg-query -W -f '${source:Upstream-Version}' nvidia-driver 2>/dev/null) || exit 0
[ -n "$version" ] || exit 0
mkdir -p /run/lab/driver/nvidia
echo "NVRM version: NVIDIA UNIX x86_64 Kernel Module  $version  Thu Jun  5 10:00:00 UTC 2026" >/run/lab/driver/nvidia/version
mountpoint -q /proc/driver || mount --bind /run/lab/driver /proc/driver
folder=/lib/modules/$(uname -r)
mkdir -p $folder/updates/dkms
printf "version=$version\0" >/tmp/modinfo
cd $folder/updates/dkms
objcopy -I binary -O elf64-x86-64 --rename-section .data=.modinfo /tmp/modinfo nvidia-current.ko
depmod
CARD
chmod 755 /usr/local/sbin/lab-card
cat >/etc/systemd/system/lab-card.service <<'UNIT'
[Unit]
Description=The lab plays an NVIDIA card
Before=pacsmith-nvidia-guard.service pacsmith-screen.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/lab-card
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable -q lab-card
