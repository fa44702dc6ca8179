#!/bin/bash
# Measures the scorer on the labelled mail that lies beside the checkout, and prints its table beside other filters' figures.
# The mail is no part of the project: without it there is nothing to measure, and this says so.
set -euo pipefail
cd "$(dirname "$0")/.."
data=${MAIL:-../shared/data/mail}
if [ ! -f "$data/dev-reports.tar.xz" ]; then
    echo "bench-score: no labelled mail at $data: name its directory by MAIL=DIR" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tar -C "$work" -xJf "$data/dev-reports.tar.xz"
python3 "$data/evaluate.py" "$work/dev" --cmd 'bin/clawback score --json --no-trust-microsoft {files...}' ${SAVE:+--save "$SAVE"}
echo
echo "Other filters on the same kind of mail:"
sed -n '/^## Dev/,/^## Sealed/p' "$data/BASELINES.md" | sed '$d'
echo
${GO:-go} run ./internal/test/benchscore "$work/dev"
