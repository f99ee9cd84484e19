#!/usr/bin/env python3
"""Forwarding to the real thing: a real Collector → Turnscope → a second real Collector, Jaeger and Phoenix; every recipe of docs/export.md.

    tests/clients/forward/run.py [--bin build/turnscope] [--only TEXT]

Needs tests/clients/forward/setup.sh once (`./dev test --forward` calls it). The last line is "N passed, N failed"."""
import argparse
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
DEPS = pathlib.Path(os.environ.get("TURNSCOPE_DEPS", ROOT / ".deps"))
PYTHON = DEPS / "venv/bin/python3"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bin", default=str(ROOT / "build/turnscope"))
    options.add_argument("--only", default="", help="cases whose name contains this text")
    chosen = options.parse_args()
    if not PYTHON.exists():
        print(f"{PYTHON} is missing: run tests/clients/setup.sh", file=sys.stderr)
        return 2
    if pathlib.Path(sys.prefix).resolve() != PYTHON.parents[1].resolve():
        os.execv(PYTHON, [str(PYTHON), str(HERE / "run.py"), *sys.argv[1:]])
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    import chain
    import objects
    import phoenix
    import recipes
    import time
    import tls
    import traceback
    failed = total = 0
    for name, case in chain.CASES + phoenix.CASES + tls.CASES + objects.CASES + recipes.CASES:
        if chosen.only.lower() not in name.lower():
            continue
        total += 1
        began = time.monotonic()
        try:
            case(os.path.abspath(chosen.bin), DEPS)
            print(f"✓ {name} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:  # noqa: BLE001: whatever went wrong is this case's failure
            failed += 1
            print(f"✗ {name}\n{traceback.format_exc()}", flush=True)
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed or not total else 0


if __name__ == "__main__":
    sys.exit(main())
