#!/bin/sh
# scripts/debian-root.sh DIR: makes a Debian 12 that boots, for internal/test/debian, where DIR has none. Debian and Ubuntu, as root.
set -eu
DIR=$1
[ ! -e "$DIR/etc/os-release" ] || exit 0
[ "$(id -u)" = 0 ] || { echo "$0: needs root" >&2; exit 1; }
apt-get install -y --no-install-recommends debootstrap systemd-container iproute2
mkdir -p "$(dirname "$DIR")"
rm -rf "$DIR.new"
debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,ca-certificates,rpm bookworm "$DIR.new" "${MIRROR:-http://deb.debian.org/debian}"
mv "$DIR.new" "$DIR" # whole, or not at all
