#!/bin/sh
# Builds packages below dist/: packaging/build.sh deb rpm. The same commit makes the same bytes, whenever and wherever it
# is built: every time is the commit's, paths do not get into the binary, and archives are sorted.
# BINARY=FILE packs a binary that is there already.
set -eu
cd "$(dirname "$0")/.."
umask 022
export LC_ALL=C TZ=UTC
GO=${GO:-go}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
ARCH=$($GO env GOARCH)

# A tag v1.2.3 is version 1.2.3, what comes after it 1.2.3+5.gabcdef; before any tag later commits are later versions.
PACKAGE_VERSION=$(git describe --tags --match 'v[0-9]*' 2>/dev/null | sed 's/^v//; s/-\([0-9]*\)-g/+\1.g/' || true)
[ -n "$PACKAGE_VERSION" ] || PACKAGE_VERSION=0~$(date -u -d "@$SOURCE_DATE_EPOCH" +%Y%m%d%H%M%S).$(git rev-parse --short=10 HEAD)
[ -z "$(git status --porcelain)" ] || PACKAGE_VERSION=$PACKAGE_VERSION+dirty
export SOURCE_DATE_EPOCH ARCH PACKAGE_VERSION

mkdir -p dist/tools
if [ -n "${BINARY:-}" ]; then
	[ "$BINARY" = dist/clawback ] || cp "$BINARY" dist/clawback
else
	# No cgo: the binary runs with any libc, and resolves names by files, as the unit's sandbox wants it. -trimpath is for
	# this build alone: it makes every package anew, the Graph SDK too.
	CGO_ENABLED=0 $GO build -trimpath -buildvcs=false -ldflags "-s -w -X main.version=$PACKAGE_VERSION" -o dist/clawback ./cmd/clawback
fi
$GO build -C packaging/tools -o ../../dist/tools/ github.com/goreleaser/nfpm/v2/cmd/nfpm github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

rm -rf dist/root
make -s install-files BINARY=dist/clawback DESTDIR=dist/root
doc=dist/root/usr/share/doc/clawback
dist/tools/cyclonedx-gomod bin -json -noserial -notimestamp -version "v$PACKAGE_VERSION" -output $doc/clawback.cdx.json dist/clawback
cp $doc/clawback.cdx.json "dist/clawback_$PACKAGE_VERSION.cdx.json"
# The notices that go with the modules that are linked in.
$GO list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/clawback | sort -u |
	while read -r path version dir; do
		for file in "$dir"/LICEN[CS]E* "$dir"/COPYING* "$dir"/NOTICE*; do
			[ ! -f "$file" ] || { printf '==== %s %s, %s\n\n' "$path" "$version" "${file##*/}"; cat "$file"; echo; }
		done
	done | gzip -9n >$doc/third-party-licenses.gz
gzip -9nc CHANGELOG.md >$doc/changelog.gz
install -m 0644 packaging/copyright $doc/copyright
find dist/root/usr/share/man -type f -exec gzip -9n {} +

for kind in "$@"; do
	case $kind in
	deb) # Debian has a changelog of the package too, and its own overrides.
		install -D -m 0644 packaging/lintian-overrides dist/root/usr/share/lintian/overrides/clawback
		mv $doc/changelog.gz $doc/changelog.md.gz
		printf 'clawback (%s) unstable; urgency=medium\n\n  * See changelog.md.gz.\n\n -- clawback maintainers <maintainers@clawback.example>  %s\n' \
			"$PACKAGE_VERSION" "$(date -u -d "@$SOURCE_DATE_EPOCH" -R)" | gzip -9n >$doc/changelog.gz ;;
	rpm)
		rm -rf dist/root/usr/share/lintian
		[ ! -e $doc/changelog.md.gz ] || mv $doc/changelog.md.gz $doc/changelog.gz ;;
	*) echo "packaging/build.sh: $kind is neither deb nor rpm" >&2; exit 2 ;;
	esac
	find dist/root -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
	dist/tools/nfpm package --config packaging/nfpm.yaml --packager "$kind" --target dist/
done
