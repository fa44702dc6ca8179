#!/bin/sh
# Installs what the longer tests run against, on Debian and Ubuntu. Tests skip, and say so, where something is missing.
set -eu
SUDO=; [ "$(id -u)" = 0 ] || SUDO=sudo

$SUDO apt-get update
# certs: Let's Encrypt's test CA, and a DNS server for it.
$SUDO apt-get install -y pebble
