#!/bin/bash
# Run as process 1 of new namespaces, it becomes a systemd that starts nothing by itself: etc and opt are folders
# of the test's own, /run is new, and what a machine would have by this time is there in name.
set -euo pipefail
etc=$1 opt=$2
mount --make-rprivate /
mount -t proc proc /proc
mount --bind "$etc" /etc
mount --bind "$opt" /opt
mount -t tmpfs -o mode=0755 tmpfs /run
units=/run/systemd/system
mkdir -p "$units/zoho-tokend.service.d" /run/lock
for name in network-online booted; do
    printf '[Unit]\nDefaultDependencies=no\n' >"$units/$name.target"
done
printf 'Wants=systemd-journald.service\n' >>"$units/booted.target"
# sysinit.target would start the machine's own services.
printf '[Unit]\nDefaultDependencies=no\n' >"$units/zoho-tokend.service.d/booted.conf"
mount --make-rshared /
exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --unit=booted.target
