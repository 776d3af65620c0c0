#!/bin/sh
# Writes the lock files anew. Versions stay as they are locked unless an .in file says otherwise; to move one, delete its lines.
set -eu
cd "$(dirname "$0")"
uv=../../.pipeline/uv/bin/uv
for name in requirements lambda-runtime java node; do
  "$uv" pip compile --quiet --generate-hashes --no-annotate --python-version 3.13 \
    --custom-compile-command infra/localstack/lock.sh "$name.in" --output-file "$name.txt"
done
npm install --package-lock-only --ignore-scripts --omit-lockfile-registry-resolved --no-audit --no-fund
