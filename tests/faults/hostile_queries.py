#!/usr/bin/env python3
"""What people and attackers may ask: hundreds of hostile texts in every parameter of every route (S5), and queries that cost as
much as they can, a thousand at a time, while spans come in (S14). Routes and parameters are read from the server's own
description, so that new ones are tried as well.
"""
import argparse
import http.client
import json
import os
import random
import re
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(__file__))
from lib.encode import Batches  # noqa: E402
from lib.limits import Peak, descriptors  # noqa: E402
from lib.observer import Observer  # noqa: E402
from lib.producer import Memory, Producer  # noqa: E402
from lib.report import Report, finish, seed_of  # noqa: E402
from lib.server import Server  # noqa: E402
from lib.wire import fresh, get, send_json, span  # noqa: E402

MIB = 1 << 20
CORPUS = os.path.join(os.path.dirname(__file__), "corpus", "hostile_texts.json")
ENDLESS = re.compile(r"/live\b|/stream\b|/events\b")


def resolve(description, node):
    while isinstance(node, dict) and "$ref" in node:
        target = description
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def gets(description):
    """(path, names of its path parameters, names of its query parameters) of each GET route."""
    for path, operations in description["paths"].items():
        operation = operations.get("get")
        if not operation or ENDLESS.search(path):
            continue
        parameters = [resolve(description, p) for p in operation.get("parameters", []) + operations.get("parameters", [])]
        yield path, [p["name"] for p in parameters if p["in"] == "path"], [p["name"] for p in parameters if p["in"] == "query"]


def texts(report, seed, share):
    with open(CORPUS, encoding="utf-8") as f:
        corpus = json.load(f)
    rng = random.Random(f"{seed}-texts")
    with Server(settings=["query.time=5s"]) as server:
        server.start()
        observer = Observer(server.ui)
        trace = "000000000000000000000000000000f1"
        send_json(server.http, [span("victim", trace_id=trace, span_id="00000000000000f1", attributes={"k": {"stringValue": "v"}})], "victim")
        observer.wait_caught_up()
        description = json.loads(get(server.ui, "/api/v1/openapi.json")[2])
        before = observer.get("/api/v1/spans?from=now-1h&q=service:victim")["spans"]
        slots, asked, crashed, odd, slowest = 0, 0, [], [], (0.0, "")
        fill = {"trace_id": trace, "span_id": "00000000000000f1", "service": "victim"}
        known = {"service": "victim", "row": "spans", "fields": "service", "key": "k", "path": "attributes.k", "traceID": trace, "from": "now-1h", "operation": "victim"}
        connection = http.client.HTTPConnection("127.0.0.1", server.ui, timeout=60)
        for path, in_path, in_query in gets(description):
            for name, where in [(n, "path") for n in in_path] + [(n, "query") for n in in_query]:
                slots += 1
                for text in rng.sample(corpus, max(1, int(len(corpus) * share))):
                    quoted = urllib.parse.quote(text, safe="")
                    if where == "path":
                        target = path.replace("{" + name + "}", quoted or "%20")
                        target = re.sub(r"\{(\w+)\}", lambda m: fill.get(m.group(1), "x"), target)
                        query = ""
                    else:
                        target = re.sub(r"\{(\w+)\}", lambda m: fill.get(m.group(1), "x"), path)
                        others = "&".join(f"{n}={urllib.parse.quote(known[n])}" for n in in_query if n != name and n in known)
                        query = f"?{name}={quoted}" + ("&" + others if others else "")
                    began = time.monotonic()
                    try:
                        connection.request("GET", target + query)
                        answer = connection.getresponse()
                        body = answer.read()
                    except (http.client.HTTPException, ConnectionError):  # heads beyond the limit are refused and closed
                        connection.close()
                        connection = http.client.HTTPConnection("127.0.0.1", server.ui, timeout=60)
                        if not server.running():
                            crashed.append((target + query)[:300])
                            break
                        continue
                    asked += 1
                    took = time.monotonic() - began
                    slowest = max(slowest, (took, (target + query)[:200]))
                    # 5xx is a defect of ours; the words of the engine's parser would mean that text reached the SQL.
                    said = body.decode(errors="replace")
                    if answer.status >= 500 and not (answer.status == 503 and answer.getheader("Retry-After")):
                        odd.append((answer.status, (target + query)[:200], said[:200]))
                    elif answer.status >= 400 and re.search(r"DB::Exception|Syntax error|UNKNOWN_|Substitution", said):
                        odd.append((answer.status, (target + query)[:200], said[:200]))
                    elif "root:x:0" in said:
                        odd.append(("file", (target + query)[:200]))
        report.note(f"{asked} requests, {slots} parameters; slowest {slowest[0]:.2f} s: {slowest[1]}")
        report.check(f"{len(corpus)} hostile texts in {slots} parameters: no crash", not crashed and server.running(), crashed[:1] or "")
        report.check("no defect of ours is answered, and no word of them reaches the engine's parser", not odd, f"{len(odd)}: {odd[:4]}" if odd else "")
        report.check("each ends within its time limit", slowest[0] < 10, f"{slowest[0]:.2f} s")
        after = observer.get("/api/v1/spans?from=now-1h&q=service:victim")["spans"]
        report.check("what was stored is untouched", [s["span_id"] for s in after] == [s["span_id"] for s in before] and len(after) == 1)
        # As data: each text is the service, the name, a key and a value of a span, and is found under exactly that.
        wrong = []
        sample = [t for t in rng.sample(corpus, min(len(corpus), max(40, int(len(corpus) * share)))) if "\0" not in t and len(t) < 900]
        for i, text in enumerate(sample):
            send_json(server.http, [span(text, trace_id=f"{0xf000 + i:032x}", attributes={text: {"stringValue": text}})], text)
        observer.wait_caught_up()
        for i, text in enumerate(sample):
            got = observer.trace(f"{0xf000 + i:032x}")[0]
            one = next(iter(got.values())) if got else {}
            values = {a["key"]: a["value"].get("stringValue") for a in one.get("attributes", [])}
            if one.get("name") != text or values.get(text) != text:
                wrong.append((text[:60], one.get("name", "")[:60]))
        report.check(f"{len(sample)} of them as service, name, key and value come back as they were sent", not wrong, wrong[:3] or "")


def expensive(report, seed, parallel, spans):
    """Dear queries, many at once, half of them from clients that do not wait for the answer."""
    questions = ["/api/v1/spans?from=1970-01-01T00:00:00Z&limit=500&q=" + urllib.parse.quote(q) for q in (
        'fault.content~"(a+)+$"', 'fault.content~"(.*x){20}"', '"zzzzzz" or "yyyyyy" or not "a"', 'name~"^(([a-z])+.)+[A-Z]([a-z])+$"', "not fault.index:1 not fault.index:2",
        " or ".join(f"fault.index:{i}" for i in range(30)))]
    questions += ["/api/v1/facets?row=spans&from=1970-01-01T00:00:00Z&fields=service,name,model", "/api/v1/timeseries?row=spans&from=1970-01-01T00:00:00Z&buckets=1000",
                  "/api/v1/traces?from=1970-01-01T00:00:00Z&limit=500", "/api/traces?service=fault-producer&limit=1500&start=0", "/api/v1/spans?limit=100000000",
                  "/api/v1/keys?from=1970-01-01T00:00:00Z", "/api/v1/values?key=fault.content&from=1970-01-01T00:00:00Z"]
    batches, memory = Batches(f"{seed}-dear"), Memory()
    with Server(settings=["query.time=4s"]) as server:
        server.start()
        observer = Observer(server.ui)
        with Producer(batches, memory, server.http, threads=3):
            while len(memory.acked) * batches.spans < spans:
                time.sleep(0.05)
        observer.wait_caught_up(300)
        pid = server.process.pid
        lock, statuses, slowest, broken = threading.Lock(), {}, 0.0, 0
        rng = random.Random(seed)
        plan = [(rng.choice(questions), rng.random() < 0.3) for _ in range(parallel)]

        def ask(question, leave):
            nonlocal slowest, broken
            began = time.monotonic()
            connection = http.client.HTTPConnection("127.0.0.1", server.ui, timeout=120)
            try:
                connection.request("GET", question)
                if leave:
                    time.sleep(0.2)
                    return
                answer = connection.getresponse()
                answer.read()
                with lock:
                    statuses[answer.status] = statuses.get(answer.status, 0) + 1
            except (OSError, http.client.HTTPException):
                with lock:
                    broken += 1
            finally:
                connection.close()
                if not leave:
                    with lock:
                        slowest = max(slowest, time.monotonic() - began)
        acked_before = len(memory.acked)
        began = time.monotonic()
        with Peak(pid) as peak, Producer(batches, memory, server.http, threads=1, rate=2_000):
            threads = [threading.Thread(target=ask, args=p, daemon=True) for p in plan]
            for t in threads:
                t.start()
            for t in threads:
                t.join(120)
            took = time.monotonic() - began
            with memory.lock:
                acked, seconds = len(memory.acked) - acked_before, sorted(memory.ack_seconds[-max(1, len(memory.acked) - acked_before):])
        report.note(f"{parallel} dear queries at once over {spans} spans: {took:.1f} s, answers {statuses}, slowest {slowest:.1f} s, {broken} broken; "
                    f"meanwhile {acked} batches acknowledged, slowest {seconds[-1] * 1000:.0f} ms; memory peak {peak.peak // MIB} MiB")
        report.check("the process lives", server.running())
        report.check("every query is answered within 30 s", slowest <= 30, f"{slowest:.1f} s")
        report.check("with 200, or a refusal that says what to do", set(statuses) <= {200, 400, 408, 413, 422, 503, 504}, statuses)
        report.check("spans are taken all the while", acked > 0 and not memory.permanent and memory.refusals_without_delay == 0, memory.summary())
        report.check("memory stays below memory.max", peak.peak < 1_500_000_000, f"{peak.peak // MIB} MiB")
        until = time.monotonic() + 20
        while descriptors(pid) > 300 and time.monotonic() < until:
            time.sleep(0.1)
        report.check("no descriptor is left behind", descriptors(pid) <= 300, descriptors(pid))
        # Queries whose client left are stopped: the next one does not stand behind them.
        began = time.monotonic()
        status, _, _ = get(server.ui, "/api/v1/services?from=now-1h")
        report.check("the next query is answered at once", status == 200 and time.monotonic() - began < 3, f"{status} after {time.monotonic() - began:.2f} s")
        took = fresh(server.http, observer)
        report.check("a new span is searchable within 5 s", took is not None, took and f"{took:.2f} s")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--share", type=float, default=0.08, help="of the texts, in each parameter")
    parser.add_argument("--parallel", type=int, default=300)
    parser.add_argument("--spans", type=int, default=100_000)
    parser.add_argument("--only", default="", help="texts or expensive")
    arguments = parser.parse_args()
    report = Report("hostile questions")
    seed, _ = seed_of(arguments)
    if arguments.only in ("", "texts"):
        report.case("hostile texts", texts, seed, arguments.share)
    if arguments.only in ("", "expensive"):
        report.case("expensive queries", expensive, seed, arguments.parallel, arguments.spans)
    finish(report)


if __name__ == "__main__":
    main()
