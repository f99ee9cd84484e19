#!/usr/bin/env python3
"""Whatever is discarded, cut, refused, repaired or skipped is counted and shown: the real binary is made to do each, and
/metrics and GET /api/v1/health have to say so. What only a broken disk, a broken store or another day brings about stands in
ELSEWHERE with its reason and the test that brings it about; each row of the table is in one of the two.
"""
import argparse
import os
import re
import sys

sys.path.insert(0, os.path.dirname(__file__))
from lib import anomaly_cases  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
DISK = "the disk has to fail under the process: done through the seam at the file system"
RECORD = "nothing gets into the log that cannot be decoded: put there by hand"
TIME = "a day has to be over: done with a clock that is put forward"
ELSEWHERE = {
    "log_sync_failed": ("src/log/log_fault_test.cc", DISK),
    "store_insert_retried": ("src/sinks/store_writer_test.cc", "the embedded engine has to refuse: done through the seam at the engine"),
    "store_record_undecodable": ("src/sinks/store_writer_test.cc", RECORD),
    "exporter_record_undecodable": ("src/sinks/offload/offload_test.cc", RECORD),
    "store_part_missing": ("tests/faults/retention_test.cc", "shared texts have to be taken out of the store by hand"),
    "renormalise_skipped": ("src/sinks/renormaliser_test.cc", "shared texts have to be taken out of the store by hand"),
    "retention_days_dropped": ("src/query/retention_test.cc", TIME),
    "retention_traces_dropped": ("src/query/retention_test.cc", TIME),
    "retention_failed": ("src/query/retention_test.cc", "the store has to be away: done through the seam at the engine"),
    "receiver_refused_memory": ("src/receivers/export_handler_test.cc", "the process has to be near its ceiling at the right moment"),
}


def rows_of_table():
    with open(os.path.join(ROOT, "src/base/anomaly.def"), encoding="utf-8") as f:
        return re.findall(r"^ANOMALY\((\w+),", f.read(), re.M)


def program():
    text = ""
    for folder, _, names in os.walk(os.path.join(ROOT, "src")):
        for name in names:
            if name.endswith((".cc", ".h")) and not name.endswith("_test.cc"):
                with open(os.path.join(folder, name), encoding="utf-8") as f:
                    text += f.read()
    return text


def table(report, brought):
    """Each row of the table is counted by the program, and brought about here or by the test that ELSEWHERE names."""
    rows, text = rows_of_table(), program()
    never = [r for r in rows if f"Anomaly::{r}" not in text]
    report.check("each row is counted somewhere", not never, never or "")
    left = [r for r in rows if r not in brought and r not in ELSEWHERE]
    report.check(f"of {len(rows)} rows {len(brought)} are brought about here, the others named with a reason", not left, left or "")
    both = sorted(brought & ELSEWHERE.keys()) + [r for r in ELSEWHERE if r not in rows]
    report.check("no row is named for nothing", not both, both or "")
    for row, (path, reason) in ELSEWHERE.items():
        with open(os.path.join(ROOT, path), encoding="utf-8") as f:
            report.check(f"{row}: {path} ({reason})", re.search(rf"\b{row}\b", f.read()) is not None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="", help="cases: " + ", ".join(name for name, _ in anomaly_cases.CASES))
    arguments = parser.parse_args()
    report = Report("declared anomalies")
    seed, _ = seed_of(arguments)
    for name, case in anomaly_cases.CASES:
        if arguments.only in name:
            report.case(name, case, seed)
    if not arguments.only:
        report.case("table", table, anomaly_cases.BROUGHT)
    finish(report)


if __name__ == "__main__":
    main()
