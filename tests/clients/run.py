#!/usr/bin/env python3
"""Real clients against the real server: what they send comes back intact, and every refusal reaches them as it should.

    tests/clients/run.py [--bin build/turnscope] [--only TEXT] [--list]

Needs tests/clients/setup.sh once (`./dev setup --test` calls it). The last line is "N passed, N failed"."""
import argparse
import os
import pathlib
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PYTHON = pathlib.Path(os.environ.get("TURNSCOPE_DEPS", ROOT / ".deps")) / "venv/bin/python3"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--bin", default=str(ROOT / "build/turnscope"), help="the server; the other programs stand beside it")
    options.add_argument("--only", default="", help="cases whose name contains this text")
    options.add_argument("--list", action="store_true", help="name the cases")
    chosen = options.parse_args()
    if not PYTHON.exists():
        print(f"{PYTHON} is missing: run tests/clients/setup.sh", file=sys.stderr)
        return 2
    if pathlib.Path(sys.prefix).resolve() != PYTHON.parents[1].resolve():
        os.execv(PYTHON, [str(PYTHON), str(HERE / "run.py"), *sys.argv[1:]])

    sys.path.insert(0, str(HERE))
    import comparison
    import harness
    import refusals
    import roundtrip
    from genai import cases as genai

    cases = [case for case in comparison.CASES + roundtrip.CASES + genai.CASES + refusals.CASES if chosen.only.lower() in case[0].lower()]
    if chosen.list:
        print("\n".join(name for name, _ in cases))
        return 0
    build = harness.Build(os.path.abspath(chosen.bin))
    if build.missing:
        print("missing: " + ", ".join(build.missing) + "\nbuild with ./dev build, then run tests/clients/setup.sh", file=sys.stderr)
        return 2

    failed = 0
    model = harness.Program([build.model_server], "scripted_model_server")
    try:
        server = build.servers.get({})
        for name, case in cases:
            failed += not passes(name, case, build, server, model.ready["base_url"])
    except harness.Failure as failure:
        print(f"✗ the server: {failure}")
        failed = len(cases)
    finally:
        genai.CLIENTS.stop()
        build.servers.stop()
        model.stop()
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


def passes(name, case, build, server, model) -> bool:
    import harness
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="turnscope-client-") as directory:
            case(build, server, model, directory)
    except harness.Failure as failure:
        print(f"✗ {name}\n  {failure}", flush=True)
        return False
    except Exception:  # a defect of the test, or of what it drives: told like a failure
        print(f"✗ {name}\n{traceback.format_exc()}", flush=True)
        return False
    print(f"✓ {name} ({time.monotonic() - began:.1f} s)", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
