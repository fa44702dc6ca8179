#!/bin/sh
# Installs what the longer tests run against, on Debian and Ubuntu. Tests skip, and say so, where something is missing.
set -eu
SUDO=; [ "$(id -u)" = 0 ] || SUDO=sudo

# No package is to start its service when it is installed: the tests start their own, on loopback.
guard=; tmp=
cleanup() {
	[ -z "$tmp" ] || rm -rf "$tmp"
	[ -z "$guard" ] || $SUDO rm -f "$guard"
}
trap cleanup EXIT
if [ ! -e /usr/sbin/policy-rc.d ]; then
	guard=/usr/sbin/policy-rc.d
	printf '#!/bin/sh\nexit 101\n' | $SUDO tee "$guard" >/dev/null
	$SUDO chmod 755 "$guard"
fi

$SUDO apt-get update
# certs: Let's Encrypt's test CA, and a DNS server for it.
$SUDO apt-get install -y pebble
# internal/test/interop: clients that others wrote, and a test of the TLS that a server offers.
$SUDO apt-get install -y --no-install-recommends swaks curl python3 testssl.sh strace
# cmd/clawback, packaging: the manual's form, the shells that are completed for, what Debian says of a package.
$SUDO apt-get install -y --no-install-recommends mandoc bash zsh fish lintian rpm
# systemd, score/attach/confined, retract/graph: what nearly every machine has.
$SUDO apt-get install -y --no-install-recommends systemd openssl
# console: a browser, and what finds pages that some people cannot use. Of the latter one file is kept.
$SUDO apt-get install -y --no-install-recommends chromium
AXE=/usr/local/lib/clawback-test/axe.min.js
if [ ! -f "$AXE" ] && command -v npm >/dev/null; then
	axe=$(mktemp -d)
	(cd "$axe" && npm pack --silent axe-core@4.14.1 >/dev/null && tar -xzf axe-core-4.14.1.tgz)
	$SUDO install -D -m 0644 "$axe/package/axe.min.js" "$AXE"
	rm -rf "$axe"
fi
# bounce, internal/test/interop, internal/test/benchsmtp: Postfix, which is not to run by itself.
echo 'postfix postfix/main_mailer_type select No configuration' | $SUDO debconf-set-selections
$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postfix
$SUDO systemctl disable --now postfix 2>/dev/null || true

# score/engines: the engines that may be asked beside the scorer. None is to run by itself: the tests start their own, on loopback.
$SUDO env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends rspamd spamassassin spamd clamav-daemon
$SUDO systemctl disable --now rspamd spamd clamav-daemon clamav-freshclam 2>/dev/null || true

# internal/test/interop: Exim as a sending client. Its package cannot be installed beside Postfix's, so that only its program
# is taken out of it, to where the tests look for it. It wants the user that its package would have made.
EXIM=/usr/local/lib/clawback-test/exim4
if [ ! -x "$EXIM" ]; then
	tmp=$(mktemp -d)
	chmod 755 "$tmp"
	(cd "$tmp" && apt-get download exim4-daemon-light && dpkg -x exim4-daemon-light_*.deb exim)
	# What it is linked against, of which all but libidn12 is on nearly every machine.
	$SUDO apt-get install -y --no-install-recommends libidn12 libdb5.3 libgnutls-dane0 libnsl2 libpcre2-8-0
	$SUDO install -D -m 0755 "$tmp/exim/usr/sbin/exim4" "$EXIM"
fi
id Debian-exim >/dev/null 2>&1 || $SUDO useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin Debian-exim
