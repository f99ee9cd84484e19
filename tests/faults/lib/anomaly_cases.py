"""What brings about each row of src/base/anomaly.def that the real binary can be made to do. A case starts its own servers, provokes,
and waits until both /metrics and health tell of it."""
import glob
import json
import os
import re
import socket
import time

from lib.backend import Backend
from lib.encode import Batches, field, varint
from lib.observer import Observer
from lib.server import Server, StartFailed
from lib.wire import get, post, request, send_json, span

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
BROUGHT = set()     # rows that were seen counted


def metrics(server):
    text = get(server.ui, "/metrics")[2].decode()
    return {name: int(value) for name, value in re.findall(r'^turnscope_anomalies_total\{name="(\w+)"[^}]*\} (\d+)$', text, re.M)}


def wait_counted(report, server, name, seconds=30):
    until = time.monotonic() + seconds
    while time.monotonic() < until and metrics(server).get(name, 0) == 0:
        time.sleep(0.1)
    shown = {a["name"]: a for a in Observer(server.ui).health()["anomalies"]}
    if report.check(f"{name} is counted in /metrics and health", metrics(server).get(name, 0) > 0 and shown.get(name, {}).get("count", 0) > 0 and
                    shown[name]["help"] and shown[name]["severity"] in ("info", "warn", "error"), shown.get(name, {}).get("count")):
        BROUGHT.add(name)


def text(value):
    return {"stringValue": value}


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


def damage(report, seed):
    """What damaged files bring about: segments with flipped, overwritten and missing parts, a torn end, a cursor that is none."""
    batches = Batches(f"{seed}-damage", spans=20)
    far = Backend()
    far.set("down")
    try:
        with Server(settings=["store.enabled=false", "log.segment_bytes=64KiB", "exporters.0.name=far", f"exporters.0.endpoint={far.url()}",
                              "exporters.0.retry.first=50ms", "exporters.0.retry.most=200ms"]) as server:
            server.start()
            for n in range(40):
                status, _, body = post(server.http, batches.encode(n, time.time_ns()))
                assert status == 200, body
            server.kill()
            segments = sorted(glob.glob(os.path.join(server.data, "log", "*.seg")))
            assert len(segments) > 6, segments

            def overwrite(path, at, data):
                with open(path, "r+b") as f:
                    f.seek(at)
                    f.write(data)
            overwrite(segments[1], 8192 + 64 + 500, b"\xff\xfe\xfd")     # the payload of a record
            overwrite(segments[2], 8192, b"\xff" * 300)                  # heads of records
            os.remove(segments[4])
            with open(segments[-1], "rb") as f:
                end = len(f.read().rstrip(b"\0"))
            overwrite(segments[-1], end - 40, b"\xff" * 40)              # the last that was written
            with open(os.path.join(server.data, "log/cursors/export-far"), "wb") as f:
                f.write(b"no cursor")
            server.start()
            far.set("ok")
            for name in ("log_cursor_repaired", "log_torn_tail", "log_corrupt_record", "log_bytes_skipped", "log_segment_missing"):
                wait_counted(report, server, name)
    finally:
        far.close()


def full(report, _):
    """What a log at its cap brings about. The far side is away, so that nothing may go."""
    far = Backend()
    far.set("down")
    try:
        with Server(settings=["store.enabled=false", "log.segment_bytes=64KiB", "log.max_bytes=256KiB", "limits.hold=50ms", "span_metrics.enabled=true",
                              "span_metrics.interval=100ms", "exporters.0.name=far", f"exporters.0.endpoint={far.url()}"]) as server:
            server.start()
            until = time.monotonic() + 30
            while metrics(server).get("log_disk_cap", 0) == 0 and time.monotonic() < until:
                send_json(server.http, [span(attributes={"k": text("x" * 20_000)})])
            wait_counted(report, server, "log_disk_cap")
            wait_counted(report, server, "span_metrics_left_out")
    finally:
        far.close()


def exporters(report, _):
    """What far sides bring about by their answers, and what settings of an exporter do."""
    far, refusing, away = Backend(), Backend(), Backend()
    refusing.set("refuse")
    away.set("down")
    settings = ["store.enabled=false", "span_metrics.enabled=true", "span_metrics.max_series=3"]
    for i, (name, backend, more) in enumerate((("far", far, []), ("small", refusing, ["dead_letter_bytes=1KiB"]), ("late", away, ["drop_after=1s"]),
                                               ("sampled", far, ["sampling.enabled=true", "sampling.max_traces=100", "sampling.idle=1h", "sampling.idle_open=1h",
                                                                 "sampling.policies.0.error=true"]))):
        e = f"exporters.{i}."
        settings += [f"{e}name={name}", f"{e}endpoint={backend.url()}", f"{e}retry.first=20ms", f"{e}retry.most=100ms", f"{e}batch.linger=10ms", *(e + m for m in more)]
    try:
        with Server(settings=settings) as server:
            server.start()
            for mode, name in (("busy", "exporter_retried"), ("forbidden", "exporter_not_accepted"), ("partial", "exporter_rejected"),
                               ("refuse", "exporter_dead_letters")):
                far.set(mode)
                send_json(server.http, [span(mode) for _ in range(5)])
                wait_counted(report, server, name)
            far.set("ok")
            for _ in range(12):     # two segments of 4 MB are the least that letters have
                send_json(server.http, [span("large", attributes={"k": text("x" * 1_000_000)})])
            wait_counted(report, server, "exporter_dead_letters_lost")
            wait_counted(report, server, "exporter_dropped")
            for i in range(8):
                send_json(server.http, [span("series") for _ in range(30)], service=f"service {i}")
            wait_counted(report, server, "span_metrics_overflow")
            wait_counted(report, server, "sampler_decided_early")
            status, _, _ = post(server.http, json.dumps(request([span("round")])).encode(), "application/json", headers={"turnscope-hops": "9"})
            report.check("what went round is accepted", status == 200, status)
            wait_counted(report, server, "exporter_loop_broken")
            server.kill()
    finally:
        for backend in (far, refusing, away):
            backend.close()


def offloading(report, _):
    """An object store that is away."""
    nobody = Backend()
    nobody.set("down")
    with Server(settings=["store.enabled=false", "offload.above=2KiB", "offload.preview=512", f"offload.s3.endpoint={nobody.url()}", "offload.s3.bucket=b",
                          "offload.s3.access_key=key", "offload.s3.secret_key=secret"]) as server:
        server.start()
        send_json(server.http, [span(attributes={"k": text("x" * 5_000)})])
        wait_counted(report, server, "offload_retried")
    nobody.close()


def bounds(report, _):
    settings = ["store.enabled=false", "bounds.attribute_bytes=1KiB", "bounds.span_bytes=4KiB", "bounds.storm_spans=3", "bounds.drop_attributes=debug.*",
                "bounds.drop_spans.0.name=health*"]
    with Server(settings=settings) as server:
        server.start()
        parent = os.urandom(8).hex()
        trace = os.urandom(16).hex()
        send_json(server.http, [span("cut", attributes={"k": text("x" * 3_000)})])
        send_json(server.http, [span("dropped", attributes={"debug.x": text("y")})])
        send_json(server.http, [span("health check")])
        send_json(server.http, [span("storm", trace_id=trace, parentSpanId=parent) for _ in range(20)])
        send_json(server.http, [span("events", events=[{"name": f"e{i}", "attributes": [{"key": "k", "value": text("z" * 900)}]} for i in range(50)])])
        for name in ("bounds_values_cut", "bounds_attributes_dropped", "bounds_spans_dropped", "bounds_spans_folded", "bounds_parts_dropped"):
            wait_counted(report, server, name)


def private(report, _):
    """What is found in texts before the log, and the tier that such spans go to."""
    with open(os.path.join(ROOT, "tests/fixtures/redact/planted.txt"), encoding="utf-8") as f:
        planted = [line.strip() for line in f if line.strip() and not line.startswith("#")]
    found = [*planted, "SSN: 536-22-8134", "from 203.0.113.77", "221B Baker Street, London", "asked Zebulon Quist", "ticket QX-4711-Z",
             "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj\n-----END PRIVATE KEY-----"]
    key = "sixteen-bytes-or-more"
    with Server(settings=["redact.enabled=true", "restricted.enabled=true", f"restricted.key={key}", "redact.patterns.0.name=ticket",
                          "redact.patterns.0.regex=QX-[0-9]{4}-Z", "redact.rules.0.attribute=secret.*", "redact.rules.0.do=strip"]) as server:
        names = os.path.join(server.directory, "names.txt")
        with open(names, "w", encoding="utf-8") as f:
            f.write("Zebulon Quist\n")
        server.settings.append(f"redact.names_file={names}")
        server.start()
        for i, one in enumerate(found):
            send_json(server.http, [span(f"found {i}", attributes={"note": text(f"it says {one} and so on"), "secret.plan": text("none of it")})])
        with open(os.path.join(ROOT, "src/base/anomaly.def"), encoding="utf-8") as f:
            rows = re.findall(r"^ANOMALY\((redact_\w+),", f.read(), re.M)
        for name in rows:
            wait_counted(report, server, name, 5)
        wait_counted(report, server, "restricted_items")
        get(server.ui, "/api/v1/traces?from=now-1h", {"x-turnscope-restricted-key": "wrong"})
        wait_counted(report, server, "restricted_denied")


def queries(report, seed):
    batches = Batches(f"{seed}-queries")
    with Server() as server:
        server.start()
        for n in range(60):
            post(server.http, batches.encode(n, time.time_ns()))
        Observer(server.ui).wait_caught_up()
        server.stop()
        path = "/api/v1/spans?from=now-1h&q=zyxwvutsrq"
        server.start(settings=["query.time=1ms"])
        get(server.ui, path)
        wait_counted(report, server, "query_deadline", 5)
        server.stop()
        server.start(settings=["query.memory=10MB"])
        for asked in ("/api/v1/traces?from=now-1h&limit=500", "/api/v1/dependencies?from=now-1h", "/api/v1/spans?from=now-1h&q=fault.content:*x*",
                      "/api/v1/difference?row=spans&from=now-1h&figure=duration&least=0&most=900000000&cloud_from=now-1h&cloud_to=now"):
            if metrics(server).get("query_memory", 0) == 0:
                get(server.ui, asked)
        wait_counted(report, server, "query_memory", 5)


def slow_clients(report, seed):
    """A client that sends half a request, and a viewer of the live feed that does not read: told in sum, after a minute cut off."""
    batches = Batches(f"{seed}-live", spans=1)
    with Server(settings=["store.freshness=100ms"]) as server:
        server.start()
        half = socket.create_connection(("127.0.0.1", server.http), timeout=10)
        half.sendall(b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-")
        viewer = socket.socket()
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        viewer.connect(("127.0.0.1", server.ui))
        viewer.sendall(b"GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n")
        try:
            number, until = 0, time.monotonic() + 120
            while metrics(server).get("live_viewer_lagged", 0) == 0 and time.monotonic() < until:
                body = b"".join(batches.encode(number + i, time.time_ns()) for i in range(200))
                number += 200
                post(server.http, body)
                time.sleep(0.1)     # events are told eight times a second: more of them, not larger ones
            wait_counted(report, server, "live_viewer_lagged", 5)
            wait_counted(report, server, "receiver_timeout", 45)
            until = time.monotonic() + 90
            while metrics(server).get("live_viewer_dropped", 0) == 0 and time.monotonic() < until:
                post(server.http, batches.encode(number, time.time_ns()))
                number += 1
                time.sleep(0.5)
            wait_counted(report, server, "live_viewer_dropped", 5)
        finally:
            half.close()
            viewer.close()


CASES = [("requests", requests), ("starts", starts), ("damage", damage), ("full", full), ("exporters", exporters), ("offloading", offloading),
         ("bounds", bounds), ("private", private), ("queries", queries), ("slow clients", slow_clients)]
