"""Batches of spans as OTLP protobuf, and what is expected to come back for them.

A batch is one trace: a root and below it spans of about 1 KB. Everything in it follows from (seed, batch number, index) and the
batch's time, so that the judge can make each span again instead of remembering it. Templates are encoded once; a span is then
eight pieces joined, which is fast enough to load the server from Python.
"""
import hashlib
import random
import struct
from dataclasses import dataclass

CONTENT_BYTES = 600
NAMES = ["agent.turn", "gen_ai.completion", "tool.execute.search", "tool.execute.query"]
ROOT_NAME = "agent.run"
SERVICE = "fault-producer"
SPAN_STEP_NS = 1_000
SPAN_DURATION_NS = 750_000


def varint(n):
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    out.append(n)
    return bytes(out)


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def string_attribute(key, value):
    return field(1, key.encode()) + field(2, field(1, value.encode()))


def int_attribute(key, value):
    return field(1, key.encode()) + field(2, varint(3 << 3) + varint(value))


@dataclass(frozen=True)
class Expected:
    """What a span says when it comes back unharmed."""
    span_id: str
    parent_id: str
    name: str
    start: int
    end: int
    content: str
    index: int


class Batches:
    """Makes batch n of a run; thread-safe after construction."""

    def __init__(self, seed, spans=504):
        self.seed = seed
        self.spans = spans
        source = random.Random(f"content {seed}")
        words = ["".join(source.choice("abcdefghijklmnopqrstuvwxyzäß中")
                         for _ in range(source.randint(2, 11))) for _ in range(4000)]
        self._pool = [self._fit(" ".join(source.choice(words) for _ in range(200))) for _ in range(251)]
        self._run = hashlib.sha256(f"run {seed}".encode()).digest()[:8]
        resource = field(1, field(1, string_attribute("service.name", SERVICE)))
        self._scope = field(1, field(1, b"fault-producer") + field(2, b"1"))
        self._resource = resource
        self._templates = [self._template(i) for i in range(spans)]

    @staticmethod
    def _fit(text):
        raw = text.encode()[:CONTENT_BYTES - 24].decode(errors="ignore")
        return raw + " " * (CONTENT_BYTES - 24 - len(raw.encode()))

    def trace_id(self, batch):
        return self._run + struct.pack(">Q", batch + 1)

    def span_id(self, batch, index):
        return struct.pack(">Q", (batch + 1) << 16 | index + 1)

    def content(self, batch, index):
        return f"{batch:015d}/{index:07d} " + self._pool[(batch * 31 + index * 7) % len(self._pool)]

    def name(self, index):
        return ROOT_NAME if index == 0 else NAMES[index % len(NAMES)]

    def parent(self, index):
        """Eight children a parent: a tree of depth three to four."""
        return None if index == 0 else (index - 1) // 8

    def times(self, index, base):
        start = base + index * SPAN_STEP_NS
        return start, start + SPAN_DURATION_NS + index

    def _template(self, index):
        """Pieces around trace id, span id, parent id, times and content; all of fixed length."""
        content = field(9, string_attribute("fault.content", "x" * CONTENT_BYTES))
        before_content = content[:-CONTENT_BYTES]
        rest = (field(9, string_attribute("gen_ai.request.model", "claude-sonnet-4-5")) +
                field(9, int_attribute("fault.index", index)) +
                field(9, string_attribute("gen_ai.operation.name", "chat")) +
                field(9, string_attribute("http.route", "/v1/messages")) +
                field(9, int_attribute("gen_ai.usage.input_tokens", 100 + index)))
        name_kind = field(5, self.name(index).encode()) + varint(6 << 3) + varint(3)
        parent_head = b"" if index == 0 else varint(4 << 3 | 2) + varint(8)
        length = (2 + 16 + 2 + 8 + (len(parent_head) + 8 if index else 0) + len(name_kind) + 9 + 9 +
                  len(before_content) + CONTENT_BYTES + len(rest))
        head = varint(2 << 3 | 2) + varint(length) + varint(1 << 3 | 2) + varint(16)
        return head, parent_head, name_kind, before_content, rest

    def encode(self, batch, base):
        """The request body of batch n with times from `base` (unix ns)."""
        trace_id = self.trace_id(batch)
        parts = []
        for index, (head, parent_head, name_kind, before_content, rest) in enumerate(self._templates):
            start, end = self.times(index, base)
            parts += [head, trace_id, b"\x12\x08", self.span_id(batch, index)]
            if index:
                parts += [parent_head, self.span_id(batch, self.parent(index))]
            parts += [name_kind, b"\x39", struct.pack("<Q", start), b"\x41", struct.pack("<Q", end),
                      before_content, self.content(batch, index).encode(), rest]
        scope_spans = self._scope + b"".join(parts)
        return field(1, self._resource + field(2, scope_spans))

    def expected(self, batch, base):
        """span id → what is owed."""
        out = {}
        for index in range(self.spans):
            start, end = self.times(index, base)
            parent = self.parent(index)
            span_id = self.span_id(batch, index).hex()
            out[span_id] = Expected(span_id, "" if parent is None else self.span_id(batch, parent).hex(),
                                    self.name(index), start, end, self.content(batch, index), index)
        return out
