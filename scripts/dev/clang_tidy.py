#!/usr/bin/env python3
"""Runs clang-tidy over our C++ files that changed since their last clean run (results are kept in .cache/tidy).

Reads them as they are compiled, several at once (see TURNSCOPE_UNITY): most of a run's time are headers that all of them read.

Usage: clang_tidy.py BUILD_DIR [FILE...]     FILE: only the units that hold it
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
# A unit of several files is a list of #include "x.cc".
ARGS = ["--extra-arg=-Wno-everything", "--quiet", "--checks=-bugprone-suspicious-include"]


def sources_of(unit):
    """The files of ours that a file of the compile commands holds: itself, or what it includes."""
    if "/Unity/" not in str(unit):
        return [unit]
    return [pathlib.Path(p).resolve() for p in re.findall(r'#include "(.+)"', unit.read_text())]


def ours(path):
    return path.is_relative_to(ROOT) and str(path.relative_to(ROOT)).startswith(OURS)


def all_headers():
    return [p for top in OURS for p in (ROOT / top).rglob("*.h") if "node_modules" not in p.parts]


def headers_read(build):
    """By object file: the headers of ours that its last compilation read. Empty for a tree that was never built."""
    text = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True).stdout
    read, current = {}, []
    for line in text.splitlines():
        if ": #deps " in line:
            current = read.setdefault(line.split(": #deps ")[0], [])
        elif line.endswith(".h"):
            path = pathlib.Path(build, line.strip()).resolve()
            if ours(path) and path.exists():
                current.append(path)
    return read


def key_of(sources, headers):
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sorted({*sources, *headers}):
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
    build, wanted = str(pathlib.Path(sys.argv[1]).resolve()), [pathlib.Path(p).resolve() for p in sys.argv[2:]]
    CACHE.mkdir(parents=True, exist_ok=True)
    commands = json.loads((pathlib.Path(build) / "compile_commands.json").read_text())
    for c in commands:
        # clang reads neither gcc's precompiled header nor the name of the standard.
        c["command"] = re.sub(r"-Winvalid-pch -include \S+", f"-include {ROOT}/src/base/pch.h", c["command"])
        c["command"] = c["command"].replace(" -std=", f" -include {ROOT}/scripts/dev/clang_concepts.h -std=", 1)
        c["command"] = c["command"].replace("-std=c++23", "-std=c++2b").replace(" -Werror", "")
    (CACHE / "commands").mkdir(exist_ok=True)
    (CACHE / "commands/compile_commands.json").write_text(json.dumps(commands))
    read, every = headers_read(build), all_headers()
    units, headers = {}, {}
    for c in commands:
        sources = sources_of(pathlib.Path(c["file"]).resolve())
        if all(map(ours, sources)) and (not wanted or set(sources) & set(wanted)):
            unit = pathlib.Path(c["file"]).resolve()
            units[unit] = sources
            headers[unit] = read.get(re.search(r" -o (\S+)", c["command"])[1], every)
    count = sum(map(len, units.values()))
    if count < 200 and not wanted:
        sys.exit(f"clang-tidy: {build} names {count} of our files only")
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        jobs = [pool.submit(run, str(CACHE / "commands"), unit, key_of(files, headers[unit]))
                for unit, files in units.items()]
        for n, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            path, bad, text = job.result()
            if bad:
                failed += 1
                print(text)
            print(f"[{n}/{len(units)}] {os.path.relpath(path, ROOT)}{'  ✗' if bad else ''}", file=sys.stderr)
    print(f"clang-tidy: {count} files in {len(units)} units, {failed} units with findings", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
