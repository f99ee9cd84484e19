#!/usr/bin/env python3
"""Every fault of the catalogue, one after the other, and a table of verdicts at the end.

    tests/faults/run.py            # short forms, some minutes
    tests/faults/run.py --long     # 200 kills, each crash point 20 times, minutes of overload: two hours
"""
import argparse
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.get("TURNSCOPE_BUILD_DIR", os.path.join(HERE, "..", "..", "build"))


def gtest(binary, pattern):
    return [os.path.join(BUILD, "src", binary), f"--gtest_filter={pattern}"]


# What, its numbers in the catalogue, the short form, the long form.
SUITE = (
    ("kill -9 at random moments of load", "F1", ["kill9.py", "--rounds", "5", "--rate", "12000"], ["kill9.py", "--rounds", "200"]),
    ("the same, 64 KB segments", "F1 F36", ["kill9.py", "--rounds", "2", "--segment", "64KiB", "--rate", "6000"], ["kill9.py", "--rounds", "50", "--segment", "64KiB"]),
    ("killed at each named place", "F2", ["crash_points.py", "--rate", "12000"], ["crash_points.py", "--times", "20"]),
    ("power cut, forgotten and torn writes", "F3", gtest("log/log_test", "PowerCut.*"), gtest("log/log_test", "PowerCut.*:LogModel.*")),
    ("no room on the disk", "F4", ["disk_full.py"], ["disk_full.py"]),
    ("errors of the disk", "F5", gtest("log/log_test", "*FaultyDisk*:Poison.*:FullDisk.*"), gtest("log/log_test", "*FaultyDisk*:Poison.*:FullDisk.*")),
    ("hung, slow, refusing store; lost answers; clock jumps", "F6 F7 F9 F16", gtest("sinks/odd_store_test", "*"), gtest("sinks/odd_store_test", "*")),
    ("damaged log files and cursors", "F12-F15", gtest("log/log_test", "Recovery.*:CursorRecovery.*"), gtest("log/log_test", "Recovery.*:CursorRecovery.*")),
    ("memory ceiling under overload", "F17", ["memory_ceiling.py"], ["memory_ceiling.py", "--seconds", "300"]),
    ("slow and cut clients, sizes, bombs, depth, smuggling, paths, log lines", "F19-F21 S1 S2 S9 S13 S16", ["hostile_clients.py"],
     ["hostile_clients.py", "--connections", "5000", "--cuts", "100000"]),
    ("odd times, numbers, texts, spans; a large trace", "F22-F26", ["odd_data.py"], ["odd_data.py", "--spans", "400000"]),
    ("each batch twice", "F23 F34", ["sent_twice.py"], ["sent_twice.py", "--batches", "100"]),
    ("exporters and tail sampling", "F6 F7 F28 F29", ["export.py"],
     ["export.py", "--seconds", "600", "--kills", "50", "--traces", "20000", "--sampled-kills", "100"]),
    ("all far sides away at once, over HTTP and gRPC", "F6 F7", ["outage.py"], ["outage.py", "--seconds", "600"]),
    ("the object store away", "F27", ["offload.py"], ["offload.py", "--seconds", "600"]),
    ("a copy made while spans come in, started elsewhere", "F38", ["restore.py"], ["restore.py", "--rounds", "10"]),
    ("where sinks connect, keys they hold", "S8 S10", ["sink_security.py"], ["sink_security.py"]),
    ("passes of retention killed half-way", "F2", gtest("../tests/faults/retention_faults_test", "*"), gtest("../tests/faults/retention_faults_test", "*")),
    ("two processes, crash loop, SIGTERM under load", "F30-F32", ["stop.py"], ["stop.py", "--rounds", "20"]),
    ("each declared anomaly is counted and shown", "-", ["anomalies.py"], ["anomalies.py"]),
    ("planted secrets: nowhere", "S10", ["planted_secrets.py"], ["planted_secrets.py"]),
    ("the stricter tier", "-", ["restricted.py"], ["restricted.py"]),
    ("a storm of spans, one a request, over kill -9", "-", ["storm.py"], ["storm.py", "--spans", "20000", "--kills", "15"]),
    ("hostile texts and expensive queries", "S5 S14", ["hostile_queries.py"], ["hostile_queries.py", "--share", "1", "--parallel", "1000"]),
)
VERDICT = re.compile(r"owed (\d+), lost (\d+), altered (\d+), twice (\d+)")


def one(command):
    """Runs it, shows what it prints; passed, failed, owed, lost, altered, twice, seconds."""
    python = command[0].endswith(".py")
    began = time.monotonic()
    process = subprocess.Popen([sys.executable, os.path.join(HERE, command[0])] + command[1:] if python else command, stdout=subprocess.PIPE,
                               stderr=None if python else subprocess.DEVNULL, text=True)
    passed = failed = 0
    sums = [0, 0, 0, 0]
    for line in process.stdout:
        if python or "FAILED" in line or "Failure" in line:
            print(line, end="", flush=True)
        if line.startswith("  ok ") or line.startswith("[       OK ]"):
            passed += 1
        elif line.startswith("FAIL ") or line.startswith("[  FAILED  ] ") and "ms)" in line:
            failed += 1
        for found in VERDICT.findall(line):
            sums = [a + int(b) for a, b in zip(sums, found)]
    if process.wait() != 0:
        failed = max(failed, 1)
    return passed, failed, *sums, time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--only", default="", help="rows with this in their name or numbers")
    arguments = parser.parse_args()
    rows = []
    for name, numbers, short, long in SUITE:
        if arguments.only and arguments.only not in name and arguments.only not in numbers.split():
            continue
        print(f"==== {name} ({numbers})", flush=True)
        rows.append((name, numbers, *one(long if arguments.long else short)))
    print(f"\n{'fault':72}{'numbers':26}{'checks':>7}{'owed':>10}{'lost':>6}{'twice':>6}{'seconds':>9}  verdict")
    for name, numbers, passed, failed, owed, lost, altered, twice, seconds in rows:
        print(f"{name:72}{numbers:26}{passed + failed:7}{owed:10}{lost + altered:6}{twice:6}{seconds:9.0f}  {'FAILED' if failed else 'held'}")
    bad = sum(1 for r in rows if r[3])
    print(f"{len(rows) - bad} passed, {bad} failed")
    sys.exit(1 if bad or not rows else 0)


if __name__ == "__main__":
    main()
