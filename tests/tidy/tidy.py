#!/usr/bin/env python3
"""House rules that no compiler checks: the direction of includes, file sizes, leftovers, declared anomalies in use.

Usage: tests/tidy/tidy.py   prints each finding as file:line: text; exit code 1 if there is any.
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

# A folder may include itself and folders of a lower layer (docs/architecture.md, "Where code lives").
LAYERS = {
    "base": 0,
    "otlp": 1, "genai": 1, "net": 1,
    "log": 2, "store": 2, "pipeline": 2, "query": 2,
    "receivers": 3, "api": 3, "sinks": 3, "cli": 3,
    "server": 4,
}
# Within a layer, these may look at each other in this direction only.
ALLOWED_BESIDE = {("genai", "otlp"), ("query", "store"), ("pipeline", "otlp"),
                  ("api", "sinks")}  # api shows what sinks say of their health (sinks/sink.h)
# Kept to few files, because their headers are slow to compile or must not leak.
CONFINED = {
    "grpcpp/": re.compile(r"^(src/receivers/otlp_grpc|src/sinks/otlp_exporter|sdk/|bench/|tests/)"),
    "boost/beast": re.compile(r"^(src/net/|sdk/|examples/|tests/|bench/)"),
}
MAX_LINES = 800
LEFTOVERS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
PRIVATE = re.compile(r"/work/(main|shared)|/root/|/tmp/chdbprobe")


def tracked():
    out = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                         capture_output=True, text=True).stdout
    return [p for p in out.splitlines() if (ROOT / p).is_file()]


def include_findings(path, number, line):
    match = re.match(r'\s*#\s*include\s+([<"])([^">]+)[">]', line)
    if not match:
        return
    target = match.group(2)
    for prefix, allowed in CONFINED.items():
        if target.startswith(prefix) and not allowed.match(path):
            yield f"{path}:{number}: <{target}> is confined to {allowed.pattern}"
    parts = path.split("/")
    if parts[0] == "sdk" and match.group(1) == '"' and target.split("/")[0] in LAYERS:
        yield f"{path}:{number}: the SDK must not include the server's {target}"
    if parts[0] != "src" or match.group(1) != '"':
        return
    source, wanted = parts[1], target.split("/")[0]
    if source not in LAYERS or wanted not in LAYERS or wanted == source:
        return
    beside = LAYERS[wanted] == LAYERS[source] and (source, wanted) not in ALLOWED_BESIDE
    if LAYERS[wanted] > LAYERS[source] or beside:
        yield f"{path}:{number}: {source} must not include {wanted} (dependencies point down to base)"


def main():
    findings, used = [], set()
    files = tracked()
    for path in files:
        suffix = pathlib.Path(path).suffix
        if path.startswith("tests/fixtures/") or suffix in {".pb", ".png", ".gz", ".zst"} or path.endswith("package-lock.json"):
            continue
        try:
            text = (ROOT / path).read_text()
        except UnicodeDecodeError:
            continue
        lines = text.splitlines()
        if suffix in {".h", ".cc"}:
            if len(lines) > MAX_LINES:
                findings.append(f"{path}:1: {len(lines)} lines; one file, one idea: split it (limit {MAX_LINES})")
            if suffix == ".h" and "#pragma once" not in text:
                findings.append(f"{path}:1: a header needs #pragma once")
            used.update(re.findall(r"Anomaly::(\w+)", text))
        for number, line in enumerate(lines, 1):
            if suffix in {".h", ".cc"}:
                findings.extend(include_findings(path, number, line))
            if path == "tests/tidy/tidy.py":
                continue
            if suffix in {".h", ".cc", ".ts", ".tsx", ".py", ".sh"} and LEFTOVERS.search(line):
                findings.append(f"{path}:{number}: leftover: {line.strip()[:80]}")
            if PRIVATE.search(line):
                findings.append(f"{path}:{number}: path of one machine: {line.strip()[:80]}")
    declared = set(re.findall(r"^ANOMALY\((\w+)", (ROOT / "src/base/anomaly.def").read_text(), re.M))
    for name in sorted(declared - used):
        findings.append(f"src/base/anomaly.def:1: {name} is declared but nothing counts it")
    for finding in findings:
        print(finding)
    print(f"tidy: {len(files)} files, {len(findings)} findings", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
