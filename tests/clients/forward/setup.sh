#!/usr/bin/env bash
# What ./dev test --forward needs besides tests/clients/setup.sh: a real Collector, Jaeger and S3 server, built from their Go modules
# (pinned in go.mod and go.sum). Minutes the first time, nothing when they have not changed.
set -euo pipefail
shopt -s nullglob  # a folder may hold no Go code of our own
cd "$(dirname "${BASH_SOURCE[0]}")"
DEPS=${TURNSCOPE_DEPS:-$(cd ../../.. && pwd)/.deps}
mkdir -p "$DEPS/bin"

# once NAME FOLDER PACKAGE: builds PACKAGE in FOLDER into .deps/bin/NAME unless it was built from the same files.
once() {
  local key stamp=$DEPS/.forward-$1
  key=$(cat "$2"/go.* "$2"/*.go | sha256sum | cut -d' ' -f1)
  if [ -x "$DEPS/bin/$1" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then return 0; fi
  echo "▸ building $1" >&2
  (cd "$2" && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$DEPS/bin/$1" "$3")
  echo "$key" >"$stamp"
}

once otel_collector collector .
once jaeger jaeger github.com/jaegertracing/jaeger/cmd/jaeger
once s3_server s3 .

phoenix=arize-phoenix==20.26.1
if [ "$(cat "$DEPS/.forward-phoenix" 2>/dev/null)" != "$phoenix" ]; then
  echo "▸ installing Phoenix" >&2
  rm -rf "$DEPS/venv-phoenix"
  python3 -m venv "$DEPS/venv-phoenix"
  "$DEPS/venv-phoenix/bin/pip" install -q --disable-pip-version-check "$phoenix"
  echo "$phoenix" >"$DEPS/.forward-phoenix"
fi
