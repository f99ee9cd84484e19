#!/usr/bin/env python3
"""The stricter tier on a real server: who has no key sees that there was something and not what; who has it reads it and is written
down; exporters leave it out; it outlives kill -9; its cursor does not hold the log when it is switched off."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.backend import Backend  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import post  # noqa: E402

import http.client  # noqa: E402

KEY = "correct-horse-battery-staple-7"
WORDS = "the diagnosis of patient zero is confidential"
TRACE, PLAIN, MARKED, RULED = "a" * 32, "1" * 16, "2" * 16, "3" * 16


def text(key, value):
    return {"key": key, "value": {"stringValue": value}}


def request(start):
    def span(id_, parent, name, attributes):
        return {"traceId": TRACE, "spanId": id_, "parentSpanId": parent, "name": name, "startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 1000),
                "attributes": attributes, "events": [{"timeUnixNano": str(start), "name": "e", "attributes": [text("content", WORDS if id_ != PLAIN else "open")]}]}
    spans = [span(PLAIN, "", "turn", [text("note", "open words")]),
             span(MARKED, PLAIN, f"chat: {WORDS}", [text("gen_ai.input.messages", f"{WORDS}, write to anna.berg@example.com"), text("gen_ai.request.model", "m1"),
                                                    {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "11"}}]),
             span(RULED, PLAIN, f"triage {WORDS}", [text("tenant", "gold-7")])]
    return {"resourceSpans": [{"resource": {"attributes": [text("service.name", "clinic")]}, "scopeSpans": [{"spans": spans}]}]}


def log_request(start):
    records = [{"timeUnixNano": str(start), "body": {"stringValue": "open log"}, "traceId": TRACE, "spanId": PLAIN},
               {"timeUnixNano": str(start), "body": {"stringValue": f"{WORDS} anna.berg@example.com"}, "traceId": TRACE, "spanId": MARKED}]
    return {"resourceLogs": [{"resource": {"attributes": [text("service.name", "clinic")]}, "scopeLogs": [{"logRecords": records}]}]}


def get(address, path, key=None, reader=None):
    host, port = address if isinstance(address, tuple) else ("127.0.0.1", address)
    connection = http.client.HTTPConnection(host, port, timeout=30)
    headers = {**({"x-turnscope-restricted-key": key} if key else {}), **({"x-turnscope-reader": reader} if reader else {})}
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body.decode()


PATHS = [f"/api/v1/traces/{TRACE}", f"/api/v1/traces/{TRACE}/otlp", f"/api/v1/traces/{TRACE}/spans", f"/api/v1/traces/{TRACE}/spans/{MARKED}",
         f"/api/v1/traces/{TRACE}/spans/{RULED}", f"/api/v1/traces/{TRACE}/logs", "/api/v1/traces?from=now-1h", "/api/v1/spans?from=now-1h",
         "/api/v1/operations?from=now-1h", "/api/v1/values?key=gen_ai.input.messages&from=now-1h", f"/api/traces/{TRACE}", "/api/traces?service=clinic",
         f"/api/v1/traces/{TRACE}/context", f"/api/v1/traces/{TRACE}/find?q=diagnosis", "/metrics", "/api/v1/health"]


def tier(report):
    backend = Backend()
    backend.keep_bodies = True
    start = time.time_ns() - 10_000_000_000
    settings = ["redact.enabled=true", "restricted.enabled=true", f"restricted.key={KEY}", "restricted.rules.0.attribute=tenant",
                "restricted.rules.0.value=gold*", "restricted.rules.0.name=vip", "exporters.0.name=far", f"exporters.0.endpoint={backend.url()}",
                "exporters.0.compression=none", "exporters.0.signals=traces,logs"]
    try:
        with Server(settings=settings) as server:
            server.start()
            for path, body in (("/v1/traces", request(start)), ("/v1/logs", log_request(start))):
                status, _, answer = post(server.http, json.dumps(body).encode(), "application/json", path)
                report.check(f"{path} is taken", status == 200, answer)
            Observer(server.ui).wait_caught_up()
            server.kill()
            server.start()
            Observer(server.ui).wait_caught_up()
            seen = [p for p in PATHS if "diagnosis" in get(server.ui, p)[1].replace("find?q=diagnosis", "")]
            report.check("nobody without the key reads a word", not seen, seen)
            status, trace = get(server.ui, f"/api/v1/traces/{TRACE}/spans")
            report.check("the trace has its three spans, two withheld", trace.count("[withheld]") >= 2 and "turn" in trace, trace[:300])
            status, stub = get(server.ui, f"/api/v1/traces/{TRACE}/spans/{MARKED}")
            report.check("numbers and model of a withheld span are there", '"m1"' in stub and "11" in stub and "turnscope.withheld" in stub, stub[:500])
            status, whole = get(server.ui, f"/api/v1/traces/{TRACE}/spans/{MARKED}", KEY, "anna")
            report.check("with the key it is whole, without what redaction took", status == 200 and WORDS in whole and "anna.berg@" not in whole, whole[:500])
            status, ruled = get(server.ui, f"/api/v1/traces/{TRACE}/spans/{RULED}", KEY, "anna")
            report.check("so is what a rule named", status == 200 and WORDS in ruled, ruled[:300])
            status, open_span = get(server.ui, f"/api/v1/traces/{TRACE}/spans/{PLAIN}", KEY, "anna")
            report.check("the tier has marked spans only", status == 404, open_span[:300])
            status, logs = get(server.ui, f"/api/v1/traces/{TRACE}/logs", KEY, "anna")
            report.check("and marked log records", WORDS in logs and "open log" not in logs, logs[:300])
            status, denied = get(server.ui, f"/api/v1/traces/{TRACE}", "wrong", "eve")
            report.check("a wrong key is refused", status == 403 and KEY not in denied, (status, denied))
            status, _ = get(server.ui, "/api/v1/restricted/audit")
            report.check("the trail needs the key", status == 403, status)
            status, audit = get(server.ui, "/api/v1/restricted/audit?limit=50", KEY, "auditor")
            entries = json.loads(audit)["entries"]
            report.check("the trail has every reader, also who was refused",
                         [e["reader"] for e in entries[:2]] == ["auditor", "eve"] and not entries[1]["allowed"] and entries[1]["peer"]
                         and sum(e["reader"] == "anna" for e in entries) == 4, entries[:3])
            with open(os.path.join(server.data, "audit/restricted.jsonl"), encoding="utf-8") as f:
                lines = f.read()
            report.check("and not the key", KEY not in lines and lines.count("\n") >= 6, lines.count("\n"))
            with backend.lock:
                sent = b"".join(backend.bodies)
            report.check("exporters leave marked spans and records out", b"open words" in sent and b"open log" in sent and b"diagnosis" not in sent, len(sent))
            health = Observer(server.ui).health()
            counted = {a["name"]: a["count"] for a in health["anomalies"]}
            report.check("what was marked and refused is counted", counted.get("restricted_denied", 0) == 1 and "restricted_items" in counted, counted)
            server.stop()
            server.settings = []
            server.start()
            Observer(server.ui).wait_caught_up()
            cursors = os.listdir(os.path.join(server.data, "log/cursors"))
            report.check("switched off, its cursor holds nothing", "store-restricted" not in cursors, cursors)
            status, after = get(server.ui, f"/api/v1/traces/{TRACE}", KEY)
            report.check("and nobody reads it", status == 403, (status, after[:200]))
            server.stop()
    finally:
        backend.close()


def main():
    report = Report("the stricter tier")
    report.case("tier", tier)
    finish(report)


if __name__ == "__main__":
    main()
