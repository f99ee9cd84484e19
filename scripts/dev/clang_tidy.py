#!/usr/bin/env python3
"""Runs clang-tidy over our C++ files that changed since their last clean run (results are kept in .cache/tidy).

Usage: clang_tidy.py BUILD_DIR [FILE...]
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache/tidy"
OURS = ("src/", "sdk/", "examples/", "bench/")
ARGS = ["--extra-arg=-Wno-everything", "--quiet"]


def key_of(path, headers):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + headers)
    digest.update(path.read_bytes())
    return digest.hexdigest()


def run(build, path, key):
    done = CACHE / key
    if done.exists():
        return path, 0, ""
    out = subprocess.run(["clang-tidy-16", "-p", build, *ARGS, str(path)], capture_output=True, text=True)
    findings = "\n".join(l for l in out.stdout.splitlines() if l.strip())
    bad = out.returncode != 0 or "warning:" in findings or "error:" in findings
    if not bad:
        done.touch()
    return path, int(bad), findings + ("\n" + out.stderr if bad and not findings else "")


def main():
    build, wanted = sys.argv[1], [pathlib.Path(p).resolve() for p in sys.argv[2:]]
    CACHE.mkdir(parents=True, exist_ok=True)
    commands = json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
    for c in commands:
        # clang reads neither gcc's precompiled header nor the name of the standard.
        c["command"] = re.sub(r"-Winvalid-pch -include \S+", f"-include {ROOT}/src/base/pch.h", c["command"])
        c["command"] = c["command"].replace(" -std=", f" -include {ROOT}/scripts/dev/clang_concepts.h -std=", 1)
        c["command"] = c["command"].replace("-std=c++23", "-std=c++2b").replace(" -Werror", "")
    (CACHE / "commands").mkdir(exist_ok=True)
    (CACHE / "commands/compile_commands.json").write_text(json.dumps(commands))
    build = str(CACHE / "commands")
    files = sorted({pathlib.Path(c["file"]).resolve() for c in commands})
    files = [f for f in files if f.is_relative_to(ROOT) and str(f.relative_to(ROOT)).startswith(OURS)]
    if len(files) < 100:
        sys.exit(f"clang-tidy: {build} names {len(files)} of our files only: configure it with -DTURNSCOPE_UNITY=OFF")
    if wanted:
        files = [f for f in files if f in wanted]
    headers = hashlib.sha256()
    for h in sorted(p for top in OURS for p in (ROOT / top).rglob("*.h") if "node_modules" not in p.parts):
        headers.update(h.read_bytes())
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        jobs = [pool.submit(run, build, f, key_of(f, headers.digest())) for f in files]
        for n, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            path, bad, text = job.result()
            if bad:
                failed += 1
                print(text)
            print(f"[{n}/{len(files)}] {path.relative_to(ROOT)}{'  ✗' if bad else ''}", file=sys.stderr)
    print(f"clang-tidy: {len(files)} files, {failed} with findings", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
