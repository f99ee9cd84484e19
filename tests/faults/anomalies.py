#!/usr/bin/env python3
"""Whatever is discarded, cut, refused, repaired or skipped is counted and shown: the real binary is made to do each, and
/metrics and GET /api/v1/health have to say so. Rows that only a broken disk or store brings about are proven beside the code;
that each row of the table is named by some test is checked as well.
"""
import argparse
import json
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import Batches, field, varint  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server, StartFailed  # noqa: E402
from lib.wire import get, post, request, send_json, span  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))


def metrics(server):
    text = get(server.ui, "/metrics")[2].decode()
    return {name: int(value) for name, value in re.findall(r'^turnscope_anomalies_total\{name="(\w+)"[^}]*\} (\d+)$', text, re.M)}


def wait_counted(report, server, name, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until and metrics(server).get(name, 0) == 0:
        time.sleep(0.1)
    observer = Observer(server.ui)
    shown = {a["name"]: a for a in observer.health()["anomalies"]}
    report.check(f"{name} is counted in /metrics and health", metrics(server).get(name, 0) > 0 and shown.get(name, {}).get("count", 0) > 0 and
                 shown[name]["help"] and shown[name]["severity"] in ("info", "warn", "error"), shown.get(name, {}).get("count"))


def requests(report, seed):
    """What a request can bring about."""
    settings = ["limits.spans_per_request=20", "limits.events_per_span=3", "limits.links_per_span=3", "limits.attributes_per_item=10",
                "limits.string_bytes=1KiB", "limits.request_bytes=256KiB", "limits.hold=200ms"]
    with Server(settings=settings) as server:
        server.start()
        send_json(server.http, [span("events", events=[{"name": f"e{i}"} for i in range(5)])])
        send_json(server.http, [span("parent", parentSpanId="12")])
        pb = field(1, field(2, field(2, field(1, bytes(15) + b"\1") + field(2, bytes(7) + b"\1") + field(4, b"abc") + field(5, b"short parent"))))
        post(server.http, pb)
        send_json(server.http, [span(f"many{i}") for i in range(30)])
        send_json(server.http, [span("no id", trace_id="00" * 16)])
        deep = {"stringValue": "x"}
        for _ in range(40):
            deep = {"arrayValue": {"values": [deep]}}
        send_json(server.http, [span("deep", attributes={"deep": deep})])
        send_json(server.http, [span("attributes", attributes={f"k{i}": {"intValue": i} for i in range(20)})])
        send_json(server.http, [span("long", attributes={"k": {"stringValue": "x" * 5000}})])
        double = json.dumps(request([span("double", attributes={"k": {"intValue": 1}})])).replace('"attributes": [{"key": "k"', '"attributes": [{"key": "k", "value": {"intValue": 2}}, {"key": "k"')
        post(server.http, double.encode(), "application/json")
        twice = field(9, field(1, b"k") + field(2, varint(3 << 3) + varint(1))) * 2
        post(server.http, field(1, field(2, field(2, field(1, bytes(15) + b"\2") + field(2, bytes(7) + b"\2") + field(5, b"a\xff") + twice))))
        send_json(server.http, [span("year 2300", start=10_413_792_000 * 10**9, end=10_413_792_000 * 10**9)])
        post(server.http, b"no otlp", "application/json")
        post(server.http, b"\0" * (300 << 10))
        for name in ("otlp_parts_dropped", "otlp_id_left_out", "otlp_spans_over_limit", "otlp_span_rejected_id", "otlp_depth_cut", "otlp_attributes_dropped",
                     "otlp_string_cut", "otlp_duplicate_key", "otlp_utf8_repaired", "store_time_clamped", "receiver_refused_invalid", "receiver_refused_too_large"):
            wait_counted(report, server, name)
        server.stop()
        # A client whose announced body fills the room for bodies; the next ones are refused.
        server.start(settings=["store.enabled=false", "memory.max=160MB", "limits.in_flight_bytes=1MiB", "limits.hold=200ms"])
        stuck = []
        try:
            for _ in range(3):
                s = socket.create_connection(("127.0.0.1", server.http), timeout=10)
                s.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000000\r\n\r\n" + bytes(999_000))
                stuck.append(s)
            until = time.monotonic() + 10
            while metrics(server).get("receiver_refused_overload", 0) == 0 and time.monotonic() < until:
                post(server.http, bytes(600_000))
            wait_counted(report, server, "receiver_refused_overload", 5)
        finally:
            for s in stuck:
                s.close()


def starts(report, seed):
    """What a crash brings about: a range inserted again, a store left out."""
    batches = Batches(f"{seed}-starts", spans=50)
    with Server() as server:
        server.spawn(env={"TURNSCOPE_CRASH_POINT": "store.after_insert:1"})
        server.wait_ready()
        post(server.http, batches.encode(0, time.time_ns()))
        server.wait(60)
        server.start()
        Observer(server.ui).wait_caught_up()
        wait_counted(report, server, "store_range_replayed")
        server.forget_starts = False
        for _ in range(4):
            server.kill()
            try:
                server.start()
            except StartFailed as failure:
                report.check("starts again after a kill", False, failure)
                return
        wait_counted(report, server, "store_degraded")


def table(report, _):
    """Each row of the table is counted by the program and named by a test."""
    with open(os.path.join(ROOT, "src/base/anomaly.def"), encoding="utf-8") as f:
        rows = re.findall(r"^ANOMALY\((\w+),", f.read(), re.M)
    program, tests = "", ""
    for top in ("src", "tests"):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            for name in names:
                if not name.endswith((".cc", ".h", ".py")):
                    continue
                with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                    text = f.read()
                if top == "tests" or name.endswith("_test.cc"):
                    tests += text
                else:
                    program += text
    never = [r for r in rows if f"Anomaly::{r}" not in program]
    report.check("each row is counted somewhere", not never, never or "")
    untested = [r for r in rows if not re.search(rf"\b{r}\b", tests)]
    report.check("each row is named by a test", not untested, untested or "")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    report = Report("declared anomalies")
    seed, _ = seed_of(arguments)
    for name, case in (("requests", requests), ("starts", starts), ("table", table)):
        if arguments.only in name:
            report.case(name, case, seed)
    finish(report)


if __name__ == "__main__":
    main()
