#!/usr/bin/env python3
"""Clients that misbehave, against the real binary: slow ones (F19), ones that are cut in the middle (F20), bodies at, below and
above the limit (F21, S1), messages nested without end (S2), requests that two parsers read differently (S13), paths that lead
out (S9), names that would forge a line of the log (S16). Others are served all the while.
"""
import argparse
import gzip
import json
import os
import random
import re
import resource
import socket
import struct
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import field, string_attribute, varint  # noqa: E402
from lib.limits import Peak, descriptors, rss  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import fresh, get, post, raw, request, send_json, span  # noqa: E402

MIB = 1 << 20
PROTOBUF = "application/x-protobuf"


def pb_span(name=b"n", extra=b"", number=1):
    return field(2, field(1, struct.pack(">QQ", 7, number)) + field(2, struct.pack(">Q", number)) + field(5, name) + extra)


def pb_request(*spans):
    return field(1, field(1, field(1, string_attribute("service.name", "hostile"))) + field(2, b"".join(spans)))


def padded(size):
    """A valid request of exactly `size` bytes."""
    low, high = 0, size
    while low <= high:
        middle = (low + high) // 2
        body = pb_request(pb_span(extra=field(9, field(1, b"pad") + field(2, field(7, b"\0" * middle)))))
        if len(body) == size:
            return body
        if len(body) < size:
            low = middle + 1
        else:
            high = middle - 1
    # Lengths of lengths skip a value or two: a longer name makes up for them.
    for more in range(1, 20):
        body = pb_request(pb_span(name=b"n" * (1 + more), extra=field(9, field(1, b"pad") + field(2, field(7, b"\0" * (high - more))))))
        if len(body) == size:
            return body
    raise AssertionError(f"no request of {size} bytes")


# ---- F19


def slow(report, seed, connections):
    """Thousands of connections that send a byte now and then; one that behaves is served, and the slow ones are closed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, connections * 3 + 500)), hard))
    rng = random.Random(seed)
    head = (b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: 1000\r\n\r\n")
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"
    with Server() as server:
        server.start()
        observer = Observer(server.ui)

        def good():
            began = time.monotonic()
            status, _, _ = send_json(server.http, [span()])
            return status, time.monotonic() - began
        before = sorted(good()[1] for _ in range(50))
        held = []
        try:
            for i in range(connections):
                s = socket.create_connection(("127.0.0.1", server.grpc if i % 4 == 3 else server.http), timeout=10)
                s.sendall(preface if i % 4 == 3 else head[:rng.randint(1, len(head))] if i % 4 else head + b"x" * rng.randint(0, 10))
                s.setblocking(False)
                held.append(s)
            began = time.monotonic()
            times, closed, last = [], 0, 0
            while time.monotonic() - began < 60 and closed < 0.99 * sum(1 for i in range(connections) if i % 4 != 3):
                status, took = good()
                if status != 200:
                    report.check("a client that behaves is served beside slow ones", False, f"status {status}")
                    return
                times.append(took)
                if time.monotonic() - last > 3:  # a byte each
                    last = time.monotonic()
                    closed = 0
                    for i, s in enumerate(held):
                        if i % 4 == 3:
                            continue
                        try:
                            s.send(b"x")
                            data = s.recv(4096)
                            closed += 1 if data or data == b"" else 0
                        except BlockingIOError:
                            pass
                        except OSError:
                            closed += 1
                time.sleep(0.05)
            took = time.monotonic() - began
            p99 = sorted(times)[int(len(times) * 0.99)]
            report.note(f"{connections} slow connections; good requests: median {before[25] * 1000:.1f} ms before, "
                        f"{sorted(times)[len(times) // 2] * 1000:.1f} ms beside them, p99 {p99 * 1000:.1f} ms")
            report.check("a client that behaves is served beside slow ones", len(times) > 50 and p99 < 2.0)
            report.check("slow HTTP requests are closed within 45 s, whatever trickles in", closed > 0, f"{closed} after {took:.0f} s")
            report.check("the process keeps its descriptors bounded", descriptors(server.process.pid) < connections + 300,
                         descriptors(server.process.pid))
        finally:
            for s in held:
                s.close()
        until = time.monotonic() + 90
        while descriptors(server.process.pid) > 300 and time.monotonic() < until:
            time.sleep(0.2)
        report.check("and gives them back", descriptors(server.process.pid) <= 300, descriptors(server.process.pid))
        report.check("the closed ones are counted", observer.anomaly("receiver_timeout") > 0)
        report.check("a new span is searchable within 5 s afterwards", fresh(server.http, observer) is not None)


# ---- F20


def cut(report, seed, count):
    """Connections reset at a random byte: nothing stays behind, in memory, in descriptors, in the store."""
    rng = random.Random(f"{seed}-cut")
    with Server() as server:
        server.start()
        observer = Observer(server.ui)
        fresh(server.http, observer)

        def one(i):
            spans = [span(f"cut{i}-{k}", trace_id=f"{i + 1:032x}") for k in range(5)]
            body = json.dumps(request(spans, "cut")).encode()
            data = (b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % len(body)) + body
            with socket.create_connection(("127.0.0.1", server.http), timeout=10) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.sendall(data[:rng.randint(0, len(data) - 1)])
        for i in range(count // 5):
            one(i)
        pid = server.process.pid
        memory, files = rss(pid), descriptors(pid)
        for i in range(count // 5, count):
            one(i)
        fresh(server.http, observer)
        until = time.monotonic() + 20
        while descriptors(pid) > files + 20 and time.monotonic() < until:
            time.sleep(0.1)
        report.check(f"{count} connections cut at a random byte leave no descriptors", descriptors(pid) <= files + 20,
                     f"{files} before, {descriptors(pid)} after")
        report.check("and no memory", rss(pid) <= memory + 60 * MIB, f"{memory // MIB} MiB before, {rss(pid) // MIB} after")
        stored = observer.get("/api/v1/traces?q=service:cut&from=now-1h&limit=10")["traces"]
        report.check("and no part of a batch", not stored, stored[:1])


# ---- F21, S1


def sizes(report, _):
    limit = 64 * MIB
    with Server(settings=["log.max_bytes=4GiB"]) as server:
        server.start()
        observer = Observer(server.ui)
        pid = server.process.pid
        # The rise may be: the body, what is decoded of it, the columns of one block, and 16 MiB.
        for size, expected in ((limit - 1, 200), (limit, 200), (limit + 1, 413), (100 * MIB, 413)):
            body = padded(size) if size <= limit + 1 else b"\0" * size
            with Peak(pid) as peak:
                try:
                    status, headers, answer = post(server.http, body, PROTOBUF)
                except OSError:  # it need not read 100 MB to refuse them
                    status, headers, answer = 413, {}, b"closed"
            report.check(f"a body of {size} bytes is answered {expected}", status == expected, f"{status} {answer[:120]}")
            report.check("  without a delay to try again" if expected != 200 else "  without complaint",
                         "retry-after" not in headers and (expected != 200 or not answer))
            if expected == 413:
                report.check("  and costs no memory beyond the limit and 16 MiB", peak.rise() <= limit + 16 * MIB,
                             f"{peak.rise() // MIB} MiB")
        observer.wait_caught_up()

        body = padded(limit)
        for size, expected in ((limit, 200), (limit + 1, 413)):
            compressed = gzip.compress(body if size == limit else padded(size), 1)
            status, headers, _ = post(server.http, compressed, PROTOBUF, headers={"Content-Encoding": "gzip"})
            report.check(f"a gzip body of {size} bytes after inflation is answered {expected}", status == expected, status)
        observer.wait_caught_up()

        # Bombs: a quarter of a gigabyte of zeros; ten members; nested.
        deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
        zeros = b"".join(deflate.compress(b"\0" * MIB) for _ in range(256)) + deflate.flush()
        lying = zeros[:-4] + struct.pack("<I", 1000)
        members = gzip.compress(b"\0" * 40 * MIB, 9) * 10
        nested = gzip.compress(zeros, 9)
        # A zstd frame that declares a window of 512 MiB, and one of 64 MiB content in a raw block header.
        window = b"\x28\xb5\x2f\xfd\x00\x98" + b"\x01\x00\x00"
        for name, body, coding, statuses in (
                ("gzip bomb 1:1000", zeros, "gzip", {413}), ("the same with a length that lies", lying, "gzip", {413, 400}),
                ("ten members", members, "gzip", {413}), ("nested", nested, "gzip", {400}),
                ("zstd with a window of 512 MiB", window, "zstd", {400}), ("garbage behind the end", gzip.compress(padded(1000)) + b"x" * 64, "gzip", {400}),
                ("cut", gzip.compress(padded(100_000), 1)[:-10], "gzip", {400})):
            began = time.monotonic()
            with Peak(pid) as peak:
                status, headers, _ = post(server.http, body, PROTOBUF, headers={"Content-Encoding": coding})
            took = time.monotonic() - began
            report.check(f"{name}: refused for good", status in statuses and "retry-after" not in headers, f"{status} in {took * 1000:.0f} ms")
            report.check(f"{name}: memory rises by no more than the limit and 18 MiB (16, and a page here and there)", peak.rise() <= limit + 18 * MIB, f"{peak.rise() // MIB} MiB")
        report.check("a new span is searchable within 5 s afterwards", fresh(server.http, observer) is not None)


# ---- S2


def nested_pb(depth):
    """AnyValue in array in AnyValue, `depth` deep, built from the inside."""
    value = field(1, b"x")
    pieces, length = [value], len(value)
    for _ in range(depth):
        array = varint(1 << 3 | 2) + varint(length)
        length += len(array)
        outer = varint(5 << 3 | 2) + varint(length)
        length += len(outer)
        pieces.append(outer + array)
    return b"".join(reversed(pieces))


def depth(report, _):
    deep = nested_pb(200_000)
    good = pb_span(b"good", number=2)
    with Server() as server:
        server.start()
        observer = Observer(server.ui)
        pid = server.process.pid
        json_deep = '{"arrayValue":{"values":[' * 200_000 + '{"intValue":"1"}' + "]}}" * 200_000
        json_body = json.dumps(request([span("deep", trace_id="00000000000000070000000000000009", span_id="0000000000000009",
                                             attributes={"a": {"stringValue": "DEEP"}})])).replace('{"stringValue": "DEEP"}', json_deep)
        cases = (
            ("200,000 levels in protobuf", pb_request(pb_span(b"deep", field(9, field(1, b"k") + field(2, deep))), good), PROTOBUF, {200}),
            ("200,000 levels in JSON", json_body.encode(), "application/json", {200, 400}),
            ("groups in each other", pb_request(pb_span(b"g", b"\x9b\x06" * 100_000), good), PROTOBUF, {200, 400}),
            ("a million empty messages", pb_request(b"\x12\x00" * 1_000_000), PROTOBUF, {200, 413}),
            ("a million empty attributes", pb_request(pb_span(b"e", b"\x4a\x00" * 1_000_000), good), PROTOBUF, {200, 413}),
            ("packed numbers of 11 bytes", pb_request(pb_span(b"v", b"\x80" + b"\xff" * 11 + b"\x01"), good), PROTOBUF, {400}),
            ("a length beyond the end", pb_request(good)[:-3], PROTOBUF, {400}))
        for name, body, kind, statuses in cases:
            with Peak(pid) as peak:
                began = time.monotonic()
                status, _, answer = post(server.http, body, kind)
                took = time.monotonic() - began
            report.check(f"{name}: answered {sorted(statuses)}", status in statuses, f"{status} in {took * 1000:.0f} ms {answer[:100]}")
            report.check(f"{name}: at most 64 MiB", peak.rise() <= 64 * MIB, f"{peak.rise() // MIB} MiB")
        observer.wait_caught_up()
        spans, _ = observer.trace("00000000000000070000000000000002")
        report.check("the rest of the batch is there", spans is not None and "0000000000000002" in spans)
        report.check("levels beyond the limit are counted", observer.anomaly("otlp_depth_cut") > 0)


# ---- S13


def smuggling(report, _):
    body = json.dumps(request([span("smuggled")])).encode()
    length = b"Content-Length: %d\r\n" % len(body)
    post_line = b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    get_line = b"GET /api/v1/health HTTP/1.1\r\nHost: localhost\r\n"
    chunk = b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    second = b"GET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n"
    cases = {
        "both lengths": post_line + length + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + second,
        "two different lengths": post_line + length + b"Content-Length: 5\r\n\r\n" + body + second,
        "two lengths in one line": post_line + b"Content-Length: %d, 5\r\n\r\n" % len(body) + body,
        "a length with a sign": post_line + b"Content-Length: +%d\r\n\r\n" % len(body) + body,
        "a length in hex": post_line + b"Content-Length: 0x10\r\n\r\n" + body,
        "a negative length": post_line + b"Content-Length: -1\r\n\r\n" + body,
        "a length beyond 64 bits": post_line + b"Content-Length: 18446744073709551616\r\n\r\n" + body,
        "chunked twice": post_line + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk,
        "chunked and something": post_line + b"Transfer-Encoding: chunked, identity\r\n\r\n" + chunk,
        "chunked behind a tab and x": post_line + b"Transfer-Encoding: \x0bchunked\r\n\r\n" + chunk,
        "an unknown coding": post_line + b"Transfer-Encoding: gzip\r\n\r\n" + chunk,
        "a bad chunk size": post_line + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + body,
        "a chunk size beyond 64 bits": post_line + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" + body,
        "a chunk without its end": post_line + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        "a folded header": post_line + b"X-A: 1\r\n 2\r\n" + length + b"\r\n" + body,
        "a bare line feed": post_line.replace(b"\r\n", b"\n") + length + b"\n" + body,
        "a bare carriage return": post_line + b"X-A: 1\rX-B: 2\r\n" + length + b"\r\n" + body,
        "a blank before the colon": post_line + b"Content-Length : %d\r\n\r\n" % len(body) + body,
        "a header without colon": post_line + b"nothing\r\n" + length + b"\r\n" + body,
        "a NUL in a header": post_line + b"X-A: a\0b\r\n" + length + b"\r\n" + body,
        "no host": b"GET /api/v1/health HTTP/1.1\r\n\r\n",
        "two hosts": get_line + b"Host: other\r\n\r\n",
        "a version that is none": b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "a request line with blanks": b"GET  /api/v1/health  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    }
    with Server() as server:
        server.start()
        observer = Observer(server.ui)
        for name, data in cases.items():
            for port in (server.http, server.ui):
                answer, closed = raw(port, data, timeout=3)
                first = answer.split(b"\r\n", 1)[0]
                code = first.split(b" ")[1:2]
                report.check(f"{name}: refused with 4xx or 5xx and closed ({'OTLP' if port == server.http else 'API'})",
                             closed and answer.count(b"HTTP/1.1 ") <= 1 and (not code or code[0][:1] in (b"4", b"5")), f"{first} closed={closed}")
        fresh(server.http, observer)
        stored = observer.get("/api/v1/traces?q=name:smuggled&from=now-1h")["traces"]
        report.check("nothing of it was stored", not stored, len(stored))


# ---- S9


def traversal(report, _):
    climbs = ["/../../../../etc/passwd", "/..%2f..%2f..%2fetc%2fpasswd", "/%2e%2e/%2e%2e/etc/passwd", "/%2e%2e%2f%2e%2e%2fetc/passwd",
              "//etc/passwd", "/./../etc/passwd", "/assets/../../../../etc/passwd", "/assets/..%5c..%5cetc%5cpasswd", "/assets/%00/../x",
              "/..;/..;/etc/passwd", "/%c0%ae%c0%ae/etc/passwd", "/assets/....//....//etc/passwd", "/file:///etc/passwd", "/assets/%252e%252e%252fetc",
              "/api/v1/traces/../../../../etc/passwd", "/api/v1/traces/%2e%2e%2f%2e%2e%2fetc%2fpasswd", "/~root/.bashrc", "/proc/self/environ"]
    with Server() as server:
        server.start()
        with open(os.path.join(server.directory, "secret"), "w", encoding="ascii") as f:
            f.write("root:x:0")
        folder = os.path.join(server.directory, "ui")
        os.makedirs(folder)
        with open(os.path.join(folder, "index.html"), "w", encoding="ascii") as f:
            f.write("<p>own page</p>")
        os.symlink("/etc", os.path.join(folder, "out"))
        for settings in (None, [f"ui.dir={folder}"]):
            if settings:
                server.stop()
                server.start(settings=settings)
            for path in climbs + ["/../secret", "/%2e%2e/secret", "/out/passwd"]:
                answer, _ = raw(server.ui, f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                status = answer.split(b" ")[1:2]
                # 200 with our own page is the single-page application's answer to an address that it does not know.
                report.check(f"{'own folder: ' if settings else ''}{path}", b"root:" not in answer and
                             (not status or status[0] in (b"400", b"403", b"404", b"200", b"301", b"308")), answer[:60])


# ---- S16


def log_lines(report, _):
    evil = "svc\nERROR forged line\r\n\x1b[31mred\x1b[0m\x07\u2028\x00end"
    with Server(settings=["log_level=debug"]) as server:
        server.start()
        observer = Observer(server.ui)
        for name in (evil, evil * 50):
            send_json(server.http, [span(name, attributes={name: {"stringValue": name}})], service=name)
        send_json(server.http, [span(evil, trace_id="zz" + evil)])
        post(server.http, b"{\"resourceSpans\": [\n\x1b[31mforged", "application/json")
        raw(server.http, b"GET /v1/\x1b[31mERROR HTTP/1.1\r\nHost: evil\x1b[0m\r\n\r\n", 2)
        raw(server.grpc, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nforged\nERROR \x1b[31m", 2)
        get(server.ui, "/api/v1/spans?q=%0aERROR%20forged%1b%5b31m")
        get(server.ui, "/api/traces?service=%0aERROR%20forged%1b%5b31m")
        fresh(server.http, observer)
        server.stop()
        lines = list(server.stderr)
        forged = [line for line in lines if re.search(r"[\x00-\x08\x0b-\x1f\x7f\u2028]", line) or line.startswith("ERROR")]
        shape = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z (debug|info|warn|error) ")
        odd = [line for line in lines if not shape.match(line)]
        report.check("one event is one line, and no line has control characters", not forged, forged[:2])
        report.check("every line has its time and level", not odd, odd[:3])


CASES = (("slow", lambda r, s, a: slow(r, s, a.connections)), ("cut", lambda r, s, a: cut(r, s, a.cuts)), ("sizes", lambda r, s, a: sizes(r, s)),
         ("depth", lambda r, s, a: depth(r, s)), ("smuggling", lambda r, s, a: smuggling(r, s)),
         ("traversal", lambda r, s, a: traversal(r, s)), ("log lines", lambda r, s, a: log_lines(r, s)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--connections", type=int, default=1000, help="slow ones")
    parser.add_argument("--cuts", type=int, default=3000)
    parser.add_argument("--only", default="", help="cases, joined by commas")
    arguments = parser.parse_args()
    report = Report("hostile clients")
    seed, _ = seed_of(arguments)
    for name, case in CASES:
        if not arguments.only or name in arguments.only.split(","):
            report.case(name, case, seed, arguments)
    finish(report)


if __name__ == "__main__":
    main()
