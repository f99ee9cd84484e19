#!/usr/bin/env python3
"""Exporters against far sides that are down, hang, are busy, answer by halves or reset (F6, F7, F29), with kill -9 in between; tail
sampling over kill -9 (F28). Afterwards every acknowledged span has arrived at least once, and of sampled traces exactly those that
the policies keep."""
import argparse
import http.client
import os
import random as randomness
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.backend import Backend  # noqa: E402
from lib.encode import Batches, field, int_attribute, string_attribute, varint  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wait import rss, wait_for  # noqa: E402

MODES = ["down", "hang", "slow", "busy", "throttled", "half", "reset", "flaky"]


def settings(backend, *more, index=0, name="far"):
    p = f"exporters.{index}."
    return [f"{p}name={name}", f"{p}endpoint={backend.url()}", f"{p}timeout=2s", f"{p}retry.first=50ms", f"{p}retry.most=1s",
            *(p + m for m in more)]


def owed(batches, memory):
    with memory.lock:
        acked = sorted(memory.acked)
    return {(batches.trace_id(b), batches.span_id(b, i)) for b in acked for i in range(batches.spans)}


def exporter(observer, name="far"):
    return next(e for e in observer.get("/api/v1/exporters")["exporters"] if e["name"] == name)


def misbehaving(report, seed, mode, seconds, rate):
    """The far side fails for a while under load; a second one is well all the time."""
    batches, memory = Batches(f"{seed}-{mode}", spans=100), Memory()
    bad, good = Backend(), Backend()
    try:
        with Server(settings=["store.enabled=false", *settings(bad, "compression=none", "batch.bytes=256KiB"),
                              *settings(good, index=1, name="good")]) as server:
            server.start()
            observer = Observer(server.ui)
            with Producer(batches, memory, server.http, threads=2, rate=rate):
                wait_for(lambda: bad.count() > 500 and good.count() > 500, "spans arrive before the fault")
                calm = rss(server)
                bad.set(mode)
                began, acked_before = time.monotonic(), len(memory.acked)
                peak, good_lag = calm, 0.0
                while time.monotonic() - began < seconds:
                    time.sleep(0.1)
                    peak = max(peak, rss(server))
                    good_lag = max(good_lag, exporter(observer, "good")["freshness_seconds"])
                acked_during = len(memory.acked) - acked_before
                bad.set("ok")
                back = time.monotonic()
                wait_for(lambda: exporter(observer)["freshness_seconds"] < 2 and exporter(observer)["ok"], "catches up")
                caught_up = time.monotonic() - back
            observer.wait_caught_up()
            want = owed(batches, memory)
            lost_bad, lost_good = len(want - set(bad.spans)), len(want - set(good.spans))
            status = exporter(observer)
            server.stop()
    finally:
        bad.close()
        good.close()
    report.note(f"{mode}: {memory.summary()}; {acked_during} acknowledged in {seconds:.0f} s of the fault; caught up in {caught_up:.1f} s; "
                f"{status['retries']} retries; {sum(bad.spans.values()) - len(bad.spans)} spans came twice; memory {calm >> 20} → {peak >> 20} MB")
    report.check(f"{mode}: every span arrived", lost_bad == 0 and len(want) > 1000, f"{lost_bad} of {len(want)} lost")
    report.check(f"{mode}: the other exporter lost none and waited for nobody", lost_good == 0 and good_lag < 2, f"{lost_good} lost, lag {good_lag:.1f} s")
    report.check(f"{mode}: nothing was refused at the receiver", not memory.refused and acked_during > 0, memory.refused)
    report.check(f"{mode}: memory stayed flat", peak - calm < 50 << 20, f"{calm >> 20} → {peak >> 20} MB")
    report.check(f"{mode}: nothing was given up", status["dead_items"] == 0 and status["dropped_items"] == 0, status)


def killed(report, seed, random, rounds):
    """kill -9 while the far side changes its mind."""
    batches, memory = Batches(f"{seed}-killed", spans=100), Memory()
    backend = Backend()
    try:
        with Server(settings=["store.enabled=false", "log.segment_bytes=1MiB", *settings(backend, "batch.bytes=128KiB")]) as server:
            server.start()
            with Producer(batches, memory, server.http, threads=2, rate=5000):
                for _ in range(rounds):
                    backend.set(random.choice(MODES + ["ok"] * 4))
                    time.sleep(random.uniform(0.2, 1.5))
                    server.kill()
                    server.start()
                backend.set("ok")
            Observer(server.ui).wait_caught_up()
            want = owed(batches, memory)
            lost = len(want - set(backend.spans))
            server.stop()
    finally:
        backend.close()
    report.note(f"{rounds} kills, {memory.summary()}; {sum(backend.spans.values()) - len(backend.spans)} spans came more than once")
    report.check(f"after {rounds} kills every acknowledged span arrived at least once", lost == 0 and len(want) > 1000, f"{lost} of {len(want)} lost")


def refused(report, seed):
    """One span in some thousands is refused for good (F29): it alone becomes a dead letter, which can be sent again."""
    batches, memory = Batches(f"{seed}-refused", spans=100), Memory()
    backend, other = Backend(), Backend()
    backend.poison = batches.content(7, 42).encode()
    backend.set("picky")
    try:
        with Server(settings=["store.enabled=false", *settings(backend), *settings(other, index=1, name="other")]) as server:
            server.start()
            observer = Observer(server.ui)
            with Producer(batches, memory, server.http, threads=2, rate=5000):
                wait_for(lambda: len(memory.acked) > 30, "batches are acknowledged")
            observer.wait_caught_up()
            want = owed(batches, memory)
            missing = want - set(backend.spans)
            report.check("only the refused span did not arrive", missing == {(batches.trace_id(7), batches.span_id(7, 42))}, f"{len(missing)} missing")
            report.check("the other exporter has all", want == set(other.spans), f"{len(want - set(other.spans))} missing")
            letters = observer.get("/api/v1/exporters/far/dead-letters")["dead_letters"]
            report.check("the dead letter tells why", len(letters) == 1 and letters[0]["items"] == 1 and "a span is bad" in letters[0]["reason"], letters)
            server.kill()
            server.start()
            observer = Observer(server.ui)
            backend.set("ok")
            connection = http.client.HTTPConnection("127.0.0.1", server.ui)
            connection.request("POST", "/api/v1/exporters/far/replay", "{}", {"content-type": "application/json"})
            answered = connection.getresponse()
            report.check("a replay is taken", answered.status == 202, answered.read())
            wait_for(lambda: exporter(observer)["dead_letters"] == 0, "the letter is sent again")
            report.check("and then it is there", not want - set(backend.spans))
            server.stop()
    finally:
        backend.close()
        other.close()


# What makes a policy keep a trace, by one of its spans.
REASONS = ["error", "tool", "slow", "tokens", "gold"]
POLICIES = ["0.error=true", "1.tool=sql*", "2.latency_above=10s", "3.tokens_above=1000", "4.attributes.user.tier=gold", "5.keep_percent=10"]


def span(trace, number, reasons):
    body = field(1, trace) + field(2, struct.pack(">Q", number + 1)) + (b"" if number == 0 else field(4, struct.pack(">Q", 1)))
    start = time.time_ns()
    end = start + (20_000_000_000 if "slow" in reasons else 1000)
    body += field(5, b"step") + b"\x39" + struct.pack("<Q", start) + b"\x41" + struct.pack("<Q", end)
    if "tool" in reasons:
        body += field(9, string_attribute("gen_ai.operation.name", "execute_tool")) + field(9, string_attribute("gen_ai.tool.name", "sql_query"))
    elif "tokens" in reasons:
        body += field(9, string_attribute("gen_ai.operation.name", "chat")) + field(9, int_attribute("gen_ai.usage.input_tokens", 5000))
    if "gold" in reasons:
        body += field(9, string_attribute("user.tier", "gold"))
    body += field(9, string_attribute("input.value", "x" * 400))
    if "error" in reasons:
        body += field(15, varint(3 << 3) + varint(2))
    return body


def request(spans):
    resource = field(1, field(1, string_attribute("service.name", "sampled")))
    return field(1, resource + field(2, b"".join(field(2, s) for s in spans)))


def sampled_run(seed, random, spans, kills):
    """All spans through a sampling exporter, killed so often; a span is sent again until it is acknowledged. What arrived."""
    backend = Backend()
    policies = ["sampling.enabled=true", "sampling.idle=6s", "sampling.idle_open=6s", *("sampling.policies." + p for p in POLICIES)]
    done = threading.Event()
    unacked = randomness.Random(seed)
    try:
        with Server(settings=["store.enabled=false", "log.segment_bytes=1MiB", *settings(backend, *policies)]) as server:
            server.start()

            def produce():
                connection = None
                for at in range(0, len(spans), 40):
                    body = request([span(*s) for s in spans[at:at + 40]])
                    while True:
                        try:
                            connection = connection or http.client.HTTPConnection("127.0.0.1", server.http, timeout=5)
                            connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
                            answered = connection.getresponse()
                            answered.read()
                            if answered.status == 200:
                                break
                        except (OSError, http.client.HTTPException):
                            connection = None
                        time.sleep(0.02)
                    time.sleep(unacked.uniform(0, 0.01))
                done.set()

            producer = threading.Thread(target=produce, daemon=True)
            producer.start()
            killed_times = 0
            while not done.is_set() or killed_times < kills:
                if killed_times < kills:
                    backend.set(random.choice(["ok", "ok", "ok", "busy", "half"]))
                    time.sleep(random.uniform(0.2, 1.0))
                    server.kill()
                    server.start()
                    killed_times += 1
                else:
                    backend.set("ok")
                    time.sleep(0.1)
            backend.set("ok")
            producer.join()
            Observer(server.ui).wait_caught_up()
            status = exporter(Observer(server.ui))
            server.stop()
    finally:
        backend.close()
    got = {}
    for trace, number in backend.spans:
        got.setdefault(trace, set()).add(number)
    again = sum(backend.spans.values()) - len(backend.spans)
    return got, f"{killed_times} kills; {again} spans came more than once; {status['sampling']}"


def sampled(report, seed, random, traces, kills):
    """Traces of 8 spans over many requests in random order. Kept are those that a policy keeps; which share of the rest is kept too is
    told by a run without a kill."""
    kept, spans = set(), []
    for t in range(traces):
        trace = struct.pack(">QQ", seed + 1, t + 1)
        reasons = {reason: random.randrange(8) for reason in REASONS if random.random() < 0.05}
        if reasons.keys() >= {"tool", "tokens"} and reasons["tool"] == reasons["tokens"]:
            del reasons["tokens"]   # one span is one of the two
        if reasons:
            kept.add(trace)
        spans += [(trace, n, {r for r, at in reasons.items() if at == n}) for n in range(8)]
    # In order of time with some disorder, as many agents at once make them.
    spans = [s for _, s in sorted(((i + random.uniform(0, len(spans) / 3), s) for i, s in enumerate(spans)), key=lambda p: p[0])]
    calm, note = sampled_run(seed, random, spans, 0)
    share = calm.keys() - kept
    report.note(f"{traces} traces, {len(kept)} to be kept for a reason; undisturbed {len(calm)} are kept; {note}")
    rest = traces - len(kept)
    report.check("undisturbed, what has a reason is kept and a tenth of the rest", kept <= calm.keys() and 0.06 * rest < len(share) < 0.14 * rest,
                 f"{len(kept - calm.keys())} missing, {len(share)} of {rest}")
    got, note = sampled_run(seed, random, spans, kills)
    report.note(note)
    report.check("with kills exactly those traces are kept", got.keys() == calm.keys(), f"{len(calm.keys() - got.keys())} missing, {len(got.keys() - calm.keys())} too many")
    partly = [t for t, numbers in got.items() if len(numbers) != 8]
    report.check("each of them is whole", not partly, f"{len(partly)} in part")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--seconds", type=float, default=4, help="how long each fault lasts")
    parser.add_argument("--rate", type=float, default=3000, help="spans a second during the faults")
    parser.add_argument("--modes", default=",".join(MODES))
    parser.add_argument("--kills", type=int, default=6)
    parser.add_argument("--traces", type=int, default=1500)
    parser.add_argument("--sampled-kills", type=int, default=8)
    arguments = parser.parse_args()
    report = Report("exporters")
    seed, random = seed_of(arguments)
    for mode in filter(None, arguments.modes.split(",")):
        report.case(mode, misbehaving, seed, mode, arguments.seconds, arguments.rate)
    report.case("kill -9", killed, seed, random, arguments.kills)
    report.case("refused for good", refused, seed)
    report.case("tail sampling over kill -9", sampled, seed, random, arguments.traces, arguments.sampled_kills)
    finish(report)


if __name__ == "__main__":
    main()
