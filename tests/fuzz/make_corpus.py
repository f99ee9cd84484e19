#!/usr/bin/env python3
"""Makes the seeds of the fuzz targets: real telemetry of tests/fixtures, the hostile texts of the fault tests, requests and bodies
as attackers write them, and mutations of all of these (cut, flipped, repeated, spliced). The same run gives the same files.

    tests/fuzz/make_corpus.py [--log DIRECTORY-OF-SEGMENTS]      # what is there stays; missing seeds are added
"""
import argparse
import gzip
import hashlib
import json
import os
import random
import struct
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, "..", "fixtures", "otlp")
TEXTS = os.path.join(HERE, "..", "faults", "corpus", "hostile_texts.json")
LARGEST = 3_000


def mutations(rng, seeds, count):
    """`count` variations, each of one seed or of two."""
    out = []
    while len(out) < count:
        data = bytearray(rng.choice(seeds))
        if not data:
            continue
        kind = rng.randrange(6)
        if kind == 0:
            del data[rng.randrange(len(data)):]
        elif kind == 1:
            for _ in range(rng.randint(1, 8)):
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        elif kind == 2:
            at, n = rng.randrange(len(data)), rng.randint(1, 32)
            data[at:at] = data[at:at + n] * rng.randint(1, 8)
        elif kind == 3:
            other = rng.choice(seeds)
            data[rng.randrange(len(data)):] = other[rng.randrange(max(1, len(other))):]
        elif kind == 4:
            at = rng.randrange(len(data))
            data[at:at + 8] = rng.choice((b"\xff" * 9 + b"\x01", b"\0" * 8, b"\x80" * 11, struct.pack("<Q", 2**63), b"\x7f"))
        else:
            at = rng.randrange(len(data))
            del data[at:at + rng.randint(1, 64)]
        out.append(bytes(data[:LARGEST]))
    return out


def write(target, seeds, least, rng):
    folder = os.path.join(HERE, target)
    os.makedirs(folder, exist_ok=True)
    there = len([n for n in os.listdir(folder) if not n.endswith(".py")])
    seeds = [s for s in seeds if 0 < len(s) <= LARGEST]
    wanted = dict.fromkeys(seeds)
    if there + len(wanted) < least:
        wanted.update(dict.fromkeys(mutations(rng, seeds, 2 * least)))
    for data in wanted:
        if there >= least + 20:
            break
        path = os.path.join(folder, "s-" + hashlib.sha256(data).hexdigest()[:12])
        if not os.path.exists(path):
            with open(path, "wb") as f:
                f.write(data)
            there += 1
    print(f"{target}: {there} files")


def fixtures(ending):
    for folder, _, names in sorted(os.walk(FIXTURES)):
        for name in sorted(names):
            if name.endswith(ending) and not name.endswith(".expected.json"):
                with open(os.path.join(folder, name), "rb") as f:
                    yield f.read()


def http_requests():
    lines = [b"GET / HTTP/1.1", b"POST /v1/traces HTTP/1.1", b"GET /a%20b?c=d&e=%ff HTTP/1.0", b"HEAD /../x HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET /%00 HTTP/1.1",
             b"GET  / HTTP/1.1", b"get / http/1.1", b"GET http://localhost/ HTTP/1.1", b"PRI * HTTP/2.0", b"GET /\xff HTTP/1.1", b"GET /" + b"a" * 900 + b" HTTP/1.1"]
    heads = [b"Host: localhost", b"Host: a\r\nHost: b", b"Content-Length: 5", b"Content-Length: 5\r\nContent-Length: 6", b"Content-Length: +5", b"Content-Length: 18446744073709551616",
             b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 3", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: \x0bchunked", b"X: 1\r\n 2",
             b"X : 1", b"X\0: 1", b": 1", b"X:" + b"y" * 500, b"Expect: 100-continue", b"Connection: close", b"Connection: keep-alive, x", b"Content-Type: application/json; charset=utf-8"]
    bodies = [b"", b"hello", b"5\r\nhello\r\n0\r\n\r\n", b"5;ext=1\r\nhello\r\n0\r\nT: x\r\n\r\n", b"10000000000000000\r\n", b"5\r\nhelloX0\r\n\r\n", b"0005\r\nhello\r\n0\r\n\r\n", b"-1\r\n", b"5\nhello\n0\n\n"]
    for line in lines:
        for i, head in enumerate(heads):
            yield line + b"\r\nHost: x\r\n" * (i % 2) + (b"" if i % 2 else b"\r\n") + head + b"\r\n\r\n" + bodies[i % len(bodies)]


def compressed(rng):
    plain = [b"", b"a", b"hello world" * 20, bytes(2_000), rng.randbytes(600), b"\x0a\x10" * 300, bytes(300_000)]
    for p in plain:
        for level in (1, 9):
            g, z = gzip.compress(p, level, mtime=0), zlib.compress(p, level)
            yield from (g, z, g + g, g + b"garbage", g[:-4], g[:-8] + bytes(8), gzip.compress(g, 9, mtime=0), g[:len(g) // 2], z[:-2])
    for descriptor in range(0, 256, 5):
        yield b"\x28\xb5\x2f\xfd" + bytes([descriptor]) + rng.randbytes(24)
    for window in (0x48, 0x68, 0x70, 0x98, 0xff):
        yield b"\x28\xb5\x2f\xfd\x00" + bytes([window]) + b"\x01\x00\x00"
    yield b"\x50\x2a\x4d\x18\x04\0\0\0skip" * 5


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def searches(texts):
    fields = ["service", "name", "duration", "cost", "tokens", "kind", "error", "trace", "span", "attributes.a.b", "resource.x", "event.name", "turn", "model"]
    operators = [":", "=", "!=", ">", ">=", "<", "<=", "~"]
    for i, text in enumerate(texts):
        yield text.encode(errors="surrogatepass")
        yield (fields[i % len(fields)] + operators[i % len(operators)] + quoted(text)).encode(errors="surrogatepass")
    for i, field in enumerate(fields):
        for operator in operators:
            yield f"{field}{operator}{('1', 'a*', '500ms', '$0.05', 'true')[i % 5]} and not ({field} exists or x~\"^a+$\")".encode()
    yield from (b"{tool:search} >> {kind:llm status:error}", b"{a:b} > {c:d} or {", b"{}{}{}", b"{a} >> {b} >> {c}", b"((((a", b"not not not a", b"a or", b"and")


def jaeger(texts):
    from urllib.parse import quote
    names = ["service", "operation", "tags", "start", "end", "minDuration", "maxDuration", "limit", "lookback", "traceID", "tag"]
    for i, text in enumerate(texts):
        value = quote(text.encode(errors="surrogatepass"))
        yield f"service=s&{names[i % len(names)]}={value}".encode()
    for tags in ('{"a":"b"}', '{"a":1}', '{"error":"true"}', "{", "[]", '{"a":{"b":1}}', '{"' + "a" * 300 + '":"*"}', '{"a":"\\u0000"}'):
        yield ("service=s&tags=" + quote(tags)).encode()
    for start, end in (("0", "1"), ("-1", "x"), ("9223372036854775807", "9223372036854775808"), ("2", "1"), ("1e9", "")):
        for duration in ("1ms", "1h1m1.5s", "-1s", "99999999999h", "1", "ms", "µs", "1us"):
            yield f"service=s&start={start}&end={end}&minDuration={quote(duration)}&maxDuration=2{quote(duration)}&limit={start}&lookback={quote(duration)}".encode()


def segments(folder):
    head = 8192
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".seg"):
            continue
        with open(os.path.join(folder, name), "rb") as f:
            segment = f.read(head + 200_000).rstrip(b"\0")
        body = segment[head:]
        # First byte: see src/log/log_fuzz.cc; bit 2 signs headers anew.
        for first in (1, 5, 7, 3):
            for length in (64, 65, 100, 128, 300, 700, 1_500, 2_900):
                yield bytes([first]) + body[:length]
        at = 0
        while at + 64 <= len(body):  # each record alone, and with its neighbour
            size = 64 + (struct.unpack_from("<I", body, at + 24)[0] + 7) // 8 * 8
            yield b"\x05" + body[at:at + size]
            yield b"\x07" + body[at:at + 2 * size]
            at += size
        yield b"\x00" + segment[:2_900]


def redactions(texts):
    """Three bytes that say how the secret is planted, then a text."""
    for i, t in enumerate(texts):
        for how in (0, 1, 0x55, 0xFF):
            yield bytes([how, (i * 37) % 256, i % 4]) + t.encode("utf-8", "surrogatepass")[:600]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--log", help="the log folder of a data directory with some small records")
    arguments = parser.parse_args()
    rng = random.Random(1)
    with open(TEXTS, encoding="utf-8") as f:
        texts = [t for t in json.load(f) if len(t) < LARGEST]
    protobuf, text = list(fixtures(".pb")), list(fixtures(".json"))
    write("otlp_protobuf", [bytes([i % 3]) + p for i, p in enumerate(protobuf)] + [b"\0" + p for p in protobuf], 500, rng)
    write("otlp_json", text, 500, rng)
    write("otlp_differential", protobuf, 300, rng)
    write("genai", protobuf, 200, rng)
    write("http_head", list(http_requests()), 200, rng)
    write("decompress", list(compressed(rng)), 200, rng)
    write("search", list(searches(texts)), 300, rng)
    write("jaeger_params", list(jaeger(texts)), 200, rng)
    write("redact", list(redactions(texts)), 200, rng)
    if arguments.log:
        write("log", list(segments(arguments.log)), 200, rng)


if __name__ == "__main__":
    main()
