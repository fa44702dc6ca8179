#!/bin/bash
# Installs from Debian the programs that some tests talk to. Tests whose program is missing skip and say so.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
packages=(swaks curl python3 postfix pebble openssl procps)
missing=()
for p in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing+=("$p")
done
[ ${#missing[@]} = 0 ] && exit 0
# Debian starts services on installation; the tests start their own on loopback.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d && chmod +x /usr/sbin/policy-rc.d
trap 'rm -f /usr/sbin/policy-rc.d' EXIT
apt-get update -q
apt-get install -q -y --no-install-recommends "${missing[@]}"
