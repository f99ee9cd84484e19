#!/usr/bin/env python3
"""A copy of the directory, as a snapshot of the file system makes it while spans come in (F38), started elsewhere: it is consistent at one
position. Every span that was acknowledged before is there once, with its large values; whatever its exporters owed then arrives, and of
sampled traces those that the policies keep, also where they were undecided."""
import argparse
import os
import shutil
import signal
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(__file__))
from lib.backend import Backend  # noqa: E402
from lib.encode import Batches, field, string_attribute, varint  # noqa: E402
from lib.judge import judge  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import fresh, get, post  # noqa: E402


def large(trace, number, error, value):
    body = field(1, trace) + field(2, struct.pack(">Q", number + 1)) + (field(4, struct.pack(">Q", 1)) if number else b"")
    start = time.time_ns()
    body += field(5, b"step") + b"\x39" + struct.pack("<Q", start) + b"\x41" + struct.pack("<Q", start + 1000) + field(9, string_attribute("document", value))
    if error:
        body += field(15, varint(3 << 3) + varint(2))
    return field(1, field(1, field(1, string_attribute("service.name", "restored"))) + field(2, field(2, body)))


def settings(plain, sampled, objects):
    e = ["exporters.0.name=plain", f"exporters.0.endpoint={plain.url()}", "exporters.1.name=sampled", f"exporters.1.endpoint={sampled.url()}",
         "exporters.1.sampling.enabled=true", "exporters.1.sampling.idle=3s", "exporters.1.sampling.idle_open=3s", "exporters.1.sampling.policies.0.error=true"]
    for i in (0, 1):
        e += [f"exporters.{i}.retry.first=50ms", f"exporters.{i}.retry.most=500ms"]
    return [*e, "offload.above=2KiB", "offload.preview=512", f"offload.directory={objects}", "log.segment_bytes=4MiB"]


def restored(report, seed, random, round_):
    batches, memory = Batches(f"{seed}-{round_}", spans=100), Memory()
    plain, sampled, plain_after, sampled_after = (Backend() for _ in range(4))
    copy = tempfile.mkdtemp(prefix="turnscope-restored-")
    values, errors = {}, set()
    try:
        with Server() as server:
            objects = os.path.join(server.directory, "objects")
            server.settings += settings(plain, sampled, objects)
            server.start()
            # At the copy one far side is away: what it is owed stands in the log only.
            with Producer(batches, memory, server.http, threads=2, rate=3000):
                until = time.monotonic() + random.uniform(2, 4)
                number = 0
                while time.monotonic() < until:
                    if time.monotonic() > until - 1:
                        plain.set("down")
                    trace, error = struct.pack(">QQ", seed + 1, round_ * 100_000 + number + 1), random.random() < 0.3
                    for n in (0, 1):
                        value = f"{number}/{n} " + "".join(chr(random.randrange(97, 123)) for _ in range(500)) * 6
                        status, _, body = post(server.http, large(trace, n, error and n == 1, value))
                        assert status == 200, body
                        values[trace, n] = value
                    if error:
                        errors.add(trace)
                    number += 1
                with memory.lock:
                    before = set(memory.acked)
                server.process.send_signal(signal.SIGSTOP)
                shutil.copytree(server.directory, copy, symlinks=True, dirs_exist_ok=True)
                server.process.send_signal(signal.SIGCONT)
                arrived = set(plain.spans)
            server.kill()
        with Server(directory=copy, settings=settings(plain_after, sampled_after, os.path.join(copy, "objects"))) as server:
            server.start()
            observer = Observer(server.ui)
            observer.wait_caught_up()
            verdict = judge(batches, memory, observer, only=before)
            report.check("every span acknowledged before the copy is there, once", verdict.ok() and verdict.owed > 1000, verdict)
            # What came after may be there (it was durable and not yet answered), but whole.
            with memory.lock:
                later = sorted(memory.base.keys() - before)
            partly = 0
            for batch in later:
                spans, _ = observer.trace(batches.trace_id(batch).hex())
                partly += spans is not None and len(spans) != batches.spans
            report.check(f"of {len(later)} later requests none is there in part", partly == 0, partly)
            wrong = 0
            for (trace, n), value in values.items():
                status, _, body = get(server.ui, f"/api/v1/traces/{trace.hex()}/spans/{n + 1:016x}/content?path=attributes.document&length=1000000")
                wrong += status != 200 or body.decode() != value
            report.check("every large value is read back whole from the copied object store", wrong == 0 and values, f"{wrong} of {len(values)}")
            want = {(batches.trace_id(b), batches.span_id(b, i)) for b in before for i in range(batches.spans)}
            lost = want - arrived - set(plain_after.spans)
            report.check("what the exporter owed arrives", not lost and plain_after.count() > 0, f"{len(lost)} of {len(want)} lost, {plain_after.count()} came from the copy")
            kept = {}
            for backend in (sampled, sampled_after):
                for trace, span in backend.spans:
                    kept.setdefault(trace, set()).add(span)
            report.check("of the sampled traces exactly those that the policy keeps, whole", kept.keys() == errors and all(len(s) == 2 for s in kept.values()),
                         f"{len(errors - kept.keys())} missing, {len(kept.keys() - errors)} too many")
            taken = fresh(server.http, observer)
            report.check("a new span is found within 5 s", taken is not None, taken)
            server.stop()
    finally:
        for backend in (plain, sampled, plain_after, sampled_after):
            backend.close()
        if not os.environ.get("TURNSCOPE_KEEP_DATA"):
            shutil.rmtree(copy, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    report = Report("a restored copy")
    seed, random = seed_of(arguments)
    for round_ in range(arguments.rounds):
        report.case(f"copy {round_ + 1}", restored, seed, random, round_)
    finish(report)


if __name__ == "__main__":
    main()
