#!/bin/bash
# Makes the archives in this directory, with programs of Debian: 7zip, gcab, genisoimage, arj, bzip2, xz-utils.
# Each holds a script of one line, whose name says so, and a page, which is only seen by who unpacks what stands before it.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export SOURCE_DATE_EPOCH=1790000000
echo 'WScript.Echo(1)' > run.js
: > empty.txt
echo '<html><body>the page inside</body></html>' > page.html
head -c 40000 /dev/zero | tr '\0' a > long.txt
touch -d @$SOURCE_DATE_EPOCH ./*
pack() { rm -f "$here/$1"; 7zz a -bso0 -mtm- -mtr- -mx1 "${@:2}" "$here/$1" long.txt empty.txt run.js page.html; }
pack solid.7z -md64k
pack lzma.7z -m0=lzma
pack deflate.7z -m0=deflate
pack bzip2.7z -m0=bzip2
pack copy.7z -m0=copy
pack each.7z -ms=off
pack filter.7z -m0=BCJ -m1=LZMA2
pack ppmd.7z -m0=PPMd:mem64k
pack plainheader.7z -mhc=off
pack encrypted.7z -psecret
pack locked.7z -psecret -mhe=on
head -c 268435456 /dev/zero > zeros.bin
rm -f "$here/bomb.7z"; 7zz a -bso0 -mtm- -mx9 -md1024m "$here/bomb.7z" zeros.bin
xz -9 -c zeros.bin > "$here/bomb.xz"
bzip2 -9 -c zeros.bin > "$here/bomb.bz2"
xz -c page.html > "$here/page.html.xz"
bzip2 -c page.html > "$here/page.html.bz2"
gcab -c -n "$here/plain.cab" long.txt run.js page.html
gcab -c -z -n "$here/mszip.cab" long.txt run.js page.html
mkdir -p disc/folder && cp long.txt page.html disc/ && cp run.js "disc/folder/A report of some length.pdf.js"
genisoimage -quiet -no-pad -J -o disc.iso disc && xz -c disc.iso > "$here/disc.iso.xz"
arj a -y "$here/plain.arj" page.html run.js > /dev/null
arj a -y -gsecret "$here/encrypted.arj" page.html > /dev/null
