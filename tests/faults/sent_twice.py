#!/usr/bin/env python3
"""Each batch sent twice (F23, F34): every number on every list is as if it had been sent once."""
import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import Batches, NAMES, ROOT_NAME, SERVICE  # noqa: E402
from lib.judge import judge  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402


def twice(report, seed, count):
    batches, memory = Batches(f"{seed}-twice", spans=120), Memory()
    with Server() as server:
        server.start()
        producer = Producer(batches, memory, server.http, threads=2, times=2)
        with producer:
            while len(memory.acked) < count:
                server.process.poll()
        observer = Observer(server.ui)
        observer.wait_caught_up()
        verdict = judge(batches, memory, observer, sent_times=2)
        report.check("each trace holds each span once", verdict.ok() and verdict.owed > 0, verdict)

        n = len(memory.base)
        spans = n * batches.spans
        services = {s["name"]: s for s in observer.get("/api/v1/services?from=now-1h")["services"]}
        report.check("services: spans counted once", services.get(SERVICE, {}).get("spans") == spans,
                     f"{services.get(SERVICE, {}).get('spans')} of {spans}")
        operations = {o["name"]: o["spans"] for o in observer.get(f"/api/v1/operations?service={SERVICE}&from=now-1h")["operations"]}
        expected = {}
        for i in range(batches.spans):
            expected[batches.name(i)] = expected.get(batches.name(i), 0) + n
        report.check("operations: spans counted once", operations == expected, f"{operations}, expected {expected}")
        traces, cursor = [], None
        while True:
            page = observer.get("/api/v1/traces?from=now-1h&limit=100" + (f"&cursor={cursor}" if cursor else ""))
            traces += page["traces"]
            cursor = page["next_cursor"]
            if not cursor:
                break
        report.check("list of traces: each once, each with its spans", len(traces) == n == len({t["trace_id"] for t in traces}) and
                     all(t["spans"] == batches.spans for t in traces),
                     f"{len(traces)} of {n}, spans {sorted({t['spans'] for t in traces})}")
        calls = sum(1 for i in range(batches.spans) if batches.name(i) == NAMES[1])
        tokens = {(t["tokens"] or {}).get("input") for t in traces}
        report.note(f"model calls a trace {sorted({t['llm_calls'] for t in traces})}, input tokens a trace {tokens} ({calls} named {NAMES[1]})")
        report.check("list of traces: the same model calls and tokens for every trace", len(tokens) == 1 and
                     len({t["llm_calls"] for t in traces}) == 1)
        once = Memory()
        other = Batches(f"{seed}-once", spans=120)
        with Producer(other, once, server.http, threads=1):
            while len(once.acked) < 3:
                server.process.poll()
        observer.wait_caught_up()
        one = observer.get(f"/api/v1/traces/{other.trace_id(0).hex()}")
        two = observer.get(f"/api/v1/traces/{batches.trace_id(0).hex()}")
        keys = ["spans", "errors", "turns", "llm_calls", "tool_calls", "tokens", "cost", "models", "services"]
        report.check("header of a trace sent twice says what that of one sent once says", all(one[k] == two[k] for k in keys),
                     {k: (one[k], two[k]) for k in keys if one[k] != two[k]} or "")
        facets = {f["field"]: {v["value"]: v["count"] for v in f["values"]}
                  for f in observer.get("/api/v1/facets?row=spans&from=now-1h&fields=service")["facets"]}
        total = spans + len(once.base) * other.spans
        report.check("facets: spans counted once", facets["service"].get(SERVICE) == total, f"{facets['service']} of {total}")
        points = observer.get("/api/v1/timeseries?row=spans&from=now-1h&buckets=10")["points"]
        report.check("histogram: spans counted once", sum(p["count"] for p in points) == total,
                     f"{sum(p['count'] for p in points)} of {total}")
        copies = observer.duplicates(batches.trace_id(0).hex(), batches.span_id(0, 0).hex())
        report.note(f"copies that the span itself tells of: {copies} (merges fold them away)")
        assert ROOT_NAME


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batches", type=int, default=30)
    parser.add_argument("--seed", type=int)
    arguments = parser.parse_args()
    report = Report("each batch sent twice")
    seed, _ = seed_of(arguments)
    report.case("sent twice", twice, seed, arguments.batches)
    finish(report)


if __name__ == "__main__":
    main()
