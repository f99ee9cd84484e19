#!/usr/bin/env bash
# What the client tests need, from the registries, pinned: a Python environment with the official SDK, Node packages, and the
# built Go client. Safe to run again; quick when nothing has changed. TURNSCOPE_DEPS: where to put it (default .deps).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
DEPS=${TURNSCOPE_DEPS:-$PWD/.deps}
mkdir -p "$DEPS/bin"

# once STAMP FILES... -- COMMAND...: runs the command unless the files are what they were when it last succeeded.
once() {
  local stamp=$1 files=() key
  shift
  while [ "$1" != -- ]; do files+=("$1"); shift; done
  shift
  key=$(sha256sum "${files[@]}" | sha256sum | cut -d' ' -f1)
  if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$key" ]; then return 0; fi
  "$@"
  echo "$key" >"$stamp"
}

python_packages() {
  echo "▸ installing the Python SDK for the client tests" >&2
  [ -x "$DEPS/venv/bin/python3" ] || python3 -m venv "$DEPS/venv"
  "$DEPS/venv/bin/pip" install -q --disable-pip-version-check -r examples/python/requirements.txt
}
node_packages() {
  echo "▸ installing the Node SDK for the client tests" >&2
  (cd examples/clients/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}
go_client() {
  echo "▸ building the Go client" >&2
  (cd examples/clients/go && CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$DEPS/bin/go_agent" .)
}

genai_packages() {
  echo "▸ installing the GenAI libraries for the client tests" >&2
  [ -x "$DEPS/venv-genai/bin/python3" ] || python3 -m venv "$DEPS/venv-genai"
  "$DEPS/venv-genai/bin/pip" install -q --disable-pip-version-check -r tests/clients/genai/requirements.txt
  [ -x "$DEPS/venv-genai-v2/bin/python3" ] || python3 -m venv "$DEPS/venv-genai-v2"
  "$DEPS/venv-genai-v2/bin/pip" install -q --disable-pip-version-check -r tests/clients/genai/requirements-openai-v2.txt
}
genai_node_packages() {
  echo "▸ installing the Vercel AI SDK for the client tests" >&2
  (cd tests/clients/genai/node && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
}

once "$DEPS/.clients-python" examples/python/requirements.txt -- python_packages
[ -d examples/clients/node/node_modules ] || rm -f "$DEPS/.clients-node"
once "$DEPS/.clients-node" examples/clients/node/package.json examples/clients/node/package-lock.json -- node_packages
once "$DEPS/.clients-genai" tests/clients/genai/requirements.txt tests/clients/genai/requirements-openai-v2.txt -- genai_packages
[ -d tests/clients/genai/node/node_modules ] || rm -f "$DEPS/.clients-genai-node"
once "$DEPS/.clients-genai-node" tests/clients/genai/node/package.json tests/clients/genai/node/package-lock.json -- genai_node_packages
[ -x "$DEPS/bin/go_agent" ] || rm -f "$DEPS/.clients-go"
once "$DEPS/.clients-go" examples/clients/go/*.go examples/clients/go/go.mod examples/clients/go/go.sum -- go_client
