#!/usr/bin/env python3
"""Odd and large data, sent as clients do and read back through the API: times out of range (F24), numbers at their ends (F25),
broken text and many attributes (F26), the same span twice with other content (F23), one trace of 100,000 spans or more (F22).
"""
import argparse
import json
import math
import os
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import field, string_attribute, varint  # noqa: E402
from lib.judge import attributes  # noqa: E402
from lib.limits import Peak  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import fresh, get, post, send_json, span  # noqa: E402

PROTOBUF = "application/x-protobuf"
MIB = 1 << 20


def strict(text):
    """JSON as the standard has it: no NaN, no Infinity."""
    def no(word):
        raise ValueError(f"{word} is not JSON")
    return json.loads(text, parse_constant=no)


def everywhere(report, name, server, trace_id):
    """Every view of the trace answers, with valid JSON."""
    bad = []
    for path in (f"/api/v1/traces/{trace_id}", f"/api/v1/traces/{trace_id}/spans", f"/api/v1/traces/{trace_id}/window",
                 f"/api/v1/traces/{trace_id}/otlp", f"/api/traces/{trace_id}", "/api/v1/traces?from=now-1h", "/api/v1/spans?from=now-1h"):
        status, _, body = get(server.ui, path)
        try:
            strict(body.decode())
        except ValueError as error:
            bad.append((path, str(error)))
        if status != 200:
            bad.append((path, status, body[:200]))
    report.check(f"{name}: every view of it answers with valid JSON", not bad, bad[:2] or "")


def times(report, seed):
    now = time.time_ns()
    cases = {"end before start": (now, now - 5_000), "both 0": (0, 0), "start 0": (0, now), "end 0": (now, 0),
             "the largest number": (2**64 - 1, 2**64 - 1), "the largest end": (now, 2**64 - 1), "the year 2262": (2**63 - 1, 2**63),
             "the year 2300": (10_413_792_000 * 10**9, 10_413_792_000 * 10**9 + 5), "tomorrow": (now + 86_400 * 10**9, now + 86_401 * 10**9),
             "1970": (1, 2), "a year ago": (now - 365 * 86_400 * 10**9, now - 365 * 86_400 * 10**9 + 7)}
    with Server() as server:
        server.start()
        observer = Observer(server.ui)
        ids = {}
        for i, (name, (start, end)) in enumerate(cases.items()):
            ids[name] = f"{i + 1:032x}"
            status, _, answer = send_json(server.http, [span(name, trace_id=ids[name], start=start, end=end)])
            report.check(f"{name}: accepted", status == 200 and not answer.get("partialSuccess"), answer)
        observer.wait_caught_up()
        for name, (start, end) in cases.items():
            spans, _ = observer.trace(ids[name])
            got = next(iter(spans.values())) if spans else {}
            report.check(f"{name}: the times come back as they were sent",
                         (int(got.get("startTimeUnixNano", 0)), int(got.get("endTimeUnixNano", 0))) == (start, end),
                         (got.get("startTimeUnixNano"), got.get("endTimeUnixNano")))
            everywhere(report, name, server, ids[name])
            header = observer.get(f"/api/v1/traces/{ids[name]}")
            duration = header.get("duration_ns")
            report.check(f"{name}: no duration that the times do not give", duration is None or 0 <= int(duration) < 2**63 and
                         (end >= start or int(duration) == 0), duration)
        report.check("clamped times are counted", observer.anomaly("store_time_clamped") > 0)


def numbers(report, seed):
    cases = {"nan": {"doubleValue": "NaN"}, "inf": {"doubleValue": "Infinity"}, "ninf": {"doubleValue": "-Infinity"}, "nzero": {"doubleValue": -0.0},
             "tiny": {"doubleValue": 5e-324}, "huge": {"doubleValue": 1.7976931348623157e308}, "min": {"intValue": "-9223372036854775808"},
             "max": {"intValue": "9223372036854775807"}, "plain": {"intValue": 42}, "null": {"doubleValue": None}, "none": {},
             "big": {"intValue": "9007199254740993"}, "array": {"arrayValue": {"values": [{"doubleValue": "NaN"}, {"intValue": "1"}, {}]}}}
    with Server() as server:
        server.start()
        observer = Observer(server.ui)
        trace = "000000000000000000000000000000aa"
        status, _, answer = send_json(server.http, [span("numbers", trace_id=trace, attributes=cases)])
        report.check("a batch with odd numbers is accepted whole", status == 200 and not answer.get("partialSuccess"), answer)
        # The same in protobuf, where a NaN has bits and -0 a sign.
        def number(key, value):
            return field(9, field(1, key.encode()) + field(2, varint(4 << 3 | 1) + struct.pack("<d", value)))
        pb = field(1, field(2, field(2, field(1, bytes(15) + b"\xab") + field(2, bytes(7) + b"\1") + field(5, b"pb") +
                                     number("nan", math.nan) + number("inf", math.inf) + number("nzero", -0.0))))
        report.check("… and in protobuf", post(server.http, pb)[0] == 200)
        observer.wait_caught_up()
        got = {a["key"]: a.get("value") for a in next(iter(observer.trace(trace)[0].values()))["attributes"]}
        for key, sent in cases.items():
            back = got.get(key)
            if key in ("null", "none"):
                same = back in (None, {}, {"doubleValue": None})
            elif "doubleValue" in sent and isinstance(sent["doubleValue"], float):
                same = back is not None and struct.pack("<d", float(back["doubleValue"])) == struct.pack("<d", sent["doubleValue"])
            elif "intValue" in sent:
                same = back is not None and int(back["intValue"]) == int(sent["intValue"])
            else:
                same = back == sent or back["arrayValue"]["values"][:2] == sent["arrayValue"]["values"][:2]
            report.check(f"{key} comes back", same, f"{sent} → {back}")
        second = {a["key"]: a["value"] for a in next(iter(observer.trace("000000000000000000000000000000ab")[0].values()))["attributes"]}
        report.check("NaN, Infinity and -0 of protobuf come back", second["nan"] == {"doubleValue": "NaN"} and
                     second["inf"] == {"doubleValue": "Infinity"} and math.copysign(1, float(second["nzero"]["doubleValue"])) == -1, second)
        everywhere(report, "odd numbers", server, trace)


def texts(report, seed):
    with Server() as server:
        server.start()
        observer = Observer(server.ui)

        def pb(number, name, extra=b""):
            return field(1, field(1, field(1, string_attribute("service.name", "texts"))) + field(2, field(2,
                         field(1, bytes(15) + bytes([number])) + field(2, bytes(7) + bytes([number])) + field(5, name) + extra)))

        def raw_attribute(key, value):
            return field(9, field(1, key) + field(2, field(1, value)))
        cases = {
            1: ("invalid UTF-8 in the name", pb(1, b"a\xff\xfeb")),
            2: ("a rune that is cut", pb(2, "数据".encode()[:-1])),
            3: ("NUL in name, key and value", pb(3, b"a\0b", raw_attribute(b"k\0", b"v\0v"))),
            4: ("surrogates as UTF-8", pb(4, b"\xed\xa0\x80\xed\xbf\xbf")),
            5: ("a key of 1 MB", pb(5, b"n", raw_attribute(b"k" * 1_000_000, b"v"))),
            6: ("10,000 attributes", pb(6, b"n", b"".join(raw_attribute(b"k%d" % i, b"v") for i in range(10_000)))),
            7: ("an empty name, an empty key", pb(7, b"", raw_attribute(b"", b""))),
            8: ("overlong and too large code points", pb(8, b"\xc0\xaf\xf8\x88\x80\x80\x80\xf4\x90\x80\x80")),
            9: ("a value of 20 MB", pb(9, b"n", raw_attribute(b"k", "ä".encode() * 10_000_000))),
            10: ("the same key twice", pb(10, b"n", raw_attribute(b"k", b"1") + raw_attribute(b"k", b"2"))),
            11: ("marks that turn the text around", pb(11, "\u202eabc\u2066\u200b\ufeff\U000e0041".encode())),
        }
        for name, body in cases.values():
            status, _, answer = post(server.http, body)
            report.check(f"{name}: accepted", status == 200 and not answer, f"{status} {answer[:100]}")
        # JSON has its own ways to be odd.
        lone = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"0000000000000000000000000000000c","spanId":"000000000000000c","name":"\\ud800x\\udc00"}]}]}]}'
        status, _, answer = post(server.http, lone, "application/json")
        report.check("lone surrogates in JSON: accepted", status == 200, f"{status} {answer[:100]}")
        observer.wait_caught_up()
        for number, (name, _) in cases.items():
            spans, _ = observer.trace(f"{number:032x}")
            report.check(f"{name}: is there", spans is not None and len(spans) == 1)
            everywhere(report, name, server, f"{number:032x}")
        got = attributes(next(iter(observer.trace(f"{10:032x}")[0].values())))
        report.check("of two values the last is kept", got.get("k") == "2", got)
        many = next(iter(observer.trace(f"{6:032x}")[0].values()))
        report.check("attributes beyond the limit are dropped and told", len(many["attributes"]) == 1024 and many.get("droppedAttributesCount") == 10_000 - 1024,
                     (len(many["attributes"]), many.get("droppedAttributesCount")))
        for anomaly in ("otlp_utf8_repaired", "otlp_attributes_dropped", "otlp_string_cut", "otlp_duplicate_key"):
            report.check(f"counted: {anomaly}", observer.anomaly(anomaly) > 0)


def same_span(report, seed):
    """The later content of a span wins, in every view, and the copies are told."""
    with Server() as server:
        server.start()
        observer = Observer(server.ui)
        trace, one = "000000000000000000000000000000d1", "00000000000000d1"
        for name in ("first", "second"):
            send_json(server.http, [span(name, trace_id=trace, span_id=one)])
            observer.wait_caught_up()
        spans, count = observer.trace(trace)
        report.check("the same span with other content: the later one is shown, once", count == 1 and spans[one]["name"] == "second", spans)
        report.check("and the copy is told", observer.duplicates(trace, one) == 1, observer.duplicates(trace, one))


def large_trace(report, seed, count):
    """One trace of very many spans: its first window, and what it costs."""
    trace = bytes(15) + b"\xee"
    with Server(settings=["log.max_bytes=4GiB"]) as server:
        server.start()
        observer = Observer(server.ui)
        base = time.time_ns()
        sent = 0
        while sent < count:
            n = min(5_000, count - sent)
            spans = []
            for i in range(sent, sent + n):
                parent = b"" if i == 0 else field(4, struct.pack(">Q", (i - 1) // 8 + 1))
                spans.append(field(2, field(1, trace) + field(2, struct.pack(">Q", i + 1)) + parent + field(5, b"step %d" % (i % 50)) +
                                   b"\x39" + struct.pack("<Q", base + i * 1000) + b"\x41" + struct.pack("<Q", base + i * 1000 + 500) +
                                   field(9, string_attribute("content", f"{i} " + "x" * 200))))
            body = field(1, field(1, field(1, string_attribute("service.name", "large"))) + field(2, b"".join(spans)))
            if post(server.http, body)[0] == 200:
                sent += n
            else:
                time.sleep(1)
        observer.wait_caught_up(600)
        with Peak(server.process.pid) as peak:
            seconds = []
            for _ in range(3):
                began = time.monotonic()
                window = observer.get(f"/api/v1/traces/{trace.hex()}/window?count=200&depth=1000")
                seconds.append(time.monotonic() - began)
        report.note(f"{count} spans: first window {seconds[0] * 1000:.0f} ms, then {seconds[1] * 1000:.0f} and {seconds[2] * 1000:.0f} ms; "
                    f"memory rises by {peak.rise() // MIB} MiB")
        header = observer.get(f"/api/v1/traces/{trace.hex()}")
        report.check(f"a trace of {count} spans has them all", header["spans"] == count, header["spans"])
        report.check("its first window answers", len(window["rows"]) == 200, len(window["rows"]))
        report.check("and costs at most 200 MiB per 100,000 spans", peak.rise() <= 200 * MIB * max(1, count // 100_000), f"{peak.rise() // MIB} MiB")
        began = time.monotonic()
        status, _, body = get(server.ui, f"/api/v1/traces/{trace.hex()}/spans?limit=10000", timeout=120)
        report.check("a page of its spans answers", status == 200 and len(json.loads(body)["spans"]) == 10_000, f"{time.monotonic() - began:.2f} s")
        report.check("a new span is searchable within 5 s", fresh(server.http, observer) is not None)


CASES = (("times", lambda r, s, a: times(r, s)), ("numbers", lambda r, s, a: numbers(r, s)), ("texts", lambda r, s, a: texts(r, s)),
         ("same span", lambda r, s, a: same_span(r, s)), ("large trace", lambda r, s, a: large_trace(r, s, a.spans)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--spans", type=int, default=100_000, help="of the large trace")
    parser.add_argument("--only", default="", help="cases, joined by commas")
    arguments = parser.parse_args()
    report = Report("odd and large data")
    seed, _ = seed_of(arguments)
    for name, case in CASES:
        if not arguments.only or name in arguments.only.split(","):
            report.case(name, case, seed, arguments)
    finish(report)


if __name__ == "__main__":
    main()
