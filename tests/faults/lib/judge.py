"""Compares what was acknowledged with what the observer sees, span by span, content included."""
from dataclasses import dataclass, field


@dataclass
class Verdict:
    owed: int = 0            # spans acknowledged
    lost: int = 0            # of them not there
    altered: int = 0         # there, with other content
    twice: int = 0           # in an answer more than once, or stored more than once
    unanswered: int = 0      # spans sent without an answer …
    appeared: int = 0        # … of which are there
    partly: int = 0          # batches that are there in part: a record is whole or not there
    examples: list = field(default_factory=list)

    def ok(self):
        return self.lost == 0 and self.altered == 0 and self.twice == 0 and self.partly == 0

    def __str__(self):
        text = (f"owed {self.owed}, lost {self.lost}, altered {self.altered}, twice {self.twice}; "
                f"unanswered {self.unanswered}, of them there {self.appeared}")
        if self.partly:
            text += f", batches there in part {self.partly}"
        return text + "".join(f"\n      {e}" for e in self.examples[:10])


def attributes(span):
    return {a["key"]: next(iter(a["value"].values()), None) for a in span.get("attributes", [])}


def difference(span, expected):
    """The first thing that is not as sent; None if all is."""
    got = attributes(span)
    pairs = [("parentSpanId", span.get("parentSpanId", ""), expected.parent_id),
             ("name", span.get("name"), expected.name),
             ("startTimeUnixNano", int(span.get("startTimeUnixNano", 0)), expected.start),
             ("endTimeUnixNano", int(span.get("endTimeUnixNano", 0)), expected.end),
             ("fault.content", got.get("fault.content"), expected.content),
             ("fault.index", int(got.get("fault.index", -1)), expected.index),
             ("gen_ai.usage.input_tokens", int(got.get("gen_ai.usage.input_tokens", -1)), 100 + expected.index),
             ("gen_ai.request.model", got.get("gen_ai.request.model"), "claude-sonnet-4-5")]
    for name, is_now, was in pairs:
        if is_now != was:
            return f"{name}: {str(is_now)[:80]!r}, sent {str(was)[:80]!r}"
    return None


def judge(batches, memory, observer, sent_times=1, only=None):
    """Looks at every batch (or at `only` these): acknowledged ones have to be there whole; unanswered ones may be."""
    verdict = Verdict()
    with memory.lock:
        base, acked, unknown = dict(memory.base), set(memory.acked), set(memory.unknown)
    there = 0
    for batch in sorted(base if only is None else only):
        owed = batch in acked
        expected = batches.expected(batch, base[batch])
        trace_id = batches.trace_id(batch).hex()
        spans, count = observer.trace(trace_id)
        spans = spans or {}
        there += len(spans)
        if owed:
            verdict.owed += len(expected)
        elif batch in unknown:
            verdict.unanswered += len(expected)
            verdict.appeared += len(spans)
        if count > len(spans):
            verdict.twice += count - len(spans)
            verdict.examples.append(f"batch {batch}: {count - len(spans)} spans twice in one answer")
        missing = [s for s in expected if s not in spans]
        if owed and missing:
            verdict.lost += len(missing)
            verdict.examples.append(f"batch {batch} (trace {trace_id}): {len(missing)} of {len(expected)} lost")
        elif missing and spans:
            verdict.partly += 1
            verdict.examples.append(f"batch {batch} (trace {trace_id}): unanswered and {len(spans)} of {len(expected)} there")
        for span_id, span in spans.items():
            if span_id not in expected:
                verdict.altered += 1
                verdict.examples.append(f"batch {batch}: span {span_id} was never sent")
                continue
            wrong = difference(span, expected[span_id])
            if wrong:
                verdict.altered += 1
                verdict.examples.append(f"batch {batch} span {span_id}: {wrong}")
    if only is None and sent_times == 1:
        # Each batch was sent once: rows beyond the distinct spans would be copies that a replay made. (The store's own
        # figure; merges fold copies away, so look at single spans too.)
        stored = observer.health()["store"]["spans"]
        if stored is not None and stored > there:
            verdict.twice += stored - there
            verdict.examples.append(f"the store holds {stored} rows for {there} spans")
    for batch in sorted(acked if only is None else acked & set(only))[-5:]:
        for index in (0, batches.spans // 2, batches.spans - 1):
            copies = observer.duplicates(batches.trace_id(batch).hex(), batches.span_id(batch, index).hex())
            if sent_times == 1 and copies:
                verdict.twice += copies
                verdict.examples.append(f"batch {batch} span {index}: {copies} copies")
    return verdict
