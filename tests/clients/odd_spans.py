"""Spans with values at the edges of what the Python SDK lets a program send."""
import os
import random
import sys
import time

from harness import ROOT

sys.path.insert(0, str(ROOT / "examples/python"))
import agent as example  # noqa: E402  (the example's own provider and recorder)

from opentelemetry import trace  # noqa: E402
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState  # noqa: E402

VALUES = {
    "text": "line\nbreak \"quotes\" \\ é 漢字 🙂 </script> \x00 nul", "empty": "", "long": "x" * 50_000,
    "max": 2 ** 63 - 1, "min": -(2 ** 63), "past a double": 2 ** 53 + 1, "zero": 0, "whole double": 3.0, "negative zero": -0.0,
    "fraction": 0.1 + 0.2, "tiny": 5e-324, "huge": 1.7976931348623157e308, "nan": float("nan"), "infinite": float("-inf"),
    "yes": True, "no": False, "list.text": ["a", "", "ü"], "list.int": [1, -2, 2 ** 63 - 1], "list.double": [0.5, 2.0],
    "list.bool": [True, False], "list.empty": [], "key with spaces/and:signs": "kept", "ключ": "значение",
}


def send(protocol: str, endpoint: str, record: str) -> None:
    provider = example.make_provider(protocol, endpoint, "odd-python", record)
    tracer = provider.get_tracer("odd", "1.2.3", attributes={"scope.kind": "test", "scope.level": 2})
    remote = SpanContext(random.getrandbits(128), random.getrandbits(64), True, TraceFlags(1), TraceState([("vendor", "value"), ("other", "1")]))
    start = (time.time_ns() // 10 ** 9 - 60) * 10 ** 9 + 548583189
    links = [Link(remote, {"link.kind": "follow_up", "n": -3}), Link(remote)]
    root = tracer.start_span("odd ✓ 值", context=trace.set_span_in_context(trace.INVALID_SPAN), kind=SpanKind.PRODUCER, links=links, start_time=start)
    root.set_attributes(VALUES)
    root.add_event("first", {"at": "start", "list": [1, 2]}, timestamp=start + 1)
    root.add_event("second", timestamp=start + 10 ** 9)
    within = trace.set_span_in_context(root)
    ok = tracer.start_span("ok", context=within, kind=SpanKind.SERVER, start_time=start)
    ok.set_status(Status(StatusCode.OK))
    ok.end(start)  # no time at all
    many = tracer.start_span("many", context=within, start_time=start)
    for number in range(100):
        many.set_attribute(f"attribute.{number:03d}", number)
        many.add_event(f"event {number}", {"n": number}, timestamp=start + number)
    many.set_status(Status(StatusCode.ERROR, "text of an error: ünïcode"))
    many.end(start + 10 ** 9 - 1)
    root.end(start + 2 * 10 ** 9)
    child = tracer.start_span("child of a remote span", context=trace.set_span_in_context(trace.NonRecordingSpan(remote)), kind=SpanKind.CONSUMER, start_time=start)
    child.end(start + 1)
    provider.shutdown()


def every_field() -> list:
    """Two requests for one trace: the child before its parent, in a request of its own."""
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
    trace_id, parent_id, child_id, now = os.urandom(16), os.urandom(8), os.urandom(8), time.time_ns()

    def span_of(request):
        of_resource = request.resource_spans.add(schema_url="https://opentelemetry.io/schemas/1.37.0")
        of_resource.resource.attributes.add(key="service.name").value.string_value = "every-field"
        of_resource.resource.attributes.add(key="numbers").value.array_value.values.add().int_value = 7
        of_scope = of_resource.scope_spans.add(schema_url="https://opentelemetry.io/schemas/1.36.0")
        of_scope.scope.name, of_scope.scope.version = "scope", "0.9"
        of_scope.scope.attributes.add(key="flag").value.bool_value = True
        return of_scope.spans.add(trace_id=trace_id)

    child_request, parent_request = ExportTraceServiceRequest(), ExportTraceServiceRequest()
    child = span_of(child_request)
    child.span_id, child.parent_span_id, child.name, child.kind = child_id, parent_id, "child", 3
    child.start_time_unix_nano, child.end_time_unix_nano = now + 1, now + 2
    child.trace_state, child.flags = "vendor=1", 0x301
    child.dropped_attributes_count, child.dropped_events_count, child.dropped_links_count = 1, 2, 3
    child.status.code, child.status.message = 2, "an error"

    parent = span_of(parent_request)
    parent.span_id, parent.name, parent.kind, parent.flags = parent_id, "parent", 2, 0x101
    parent.start_time_unix_nano, parent.end_time_unix_nano = now, now + 10 ** 10
    value = parent.attributes.add(key="nested").value.kvlist_value
    value.values.add(key="bytes").value.bytes_value = bytes(range(256))
    value.values.add(key="nothing").value.SetInParent()
    inner = value.values.add(key="list").value.array_value
    inner.values.add().int_value = -(2 ** 63)
    inner.values.add().double_value = 0.1
    inner.values.add().string_value = "text"
    inner.values.add().kvlist_value.values.add(key="deep").value.bool_value = False
    inner.values.add().array_value.SetInParent()
    parent.attributes.add(key="bytes").value.bytes_value = b"\x00\xff\x80 not text"
    parent.attributes.add(key="nothing").value.SetInParent()
    parent.attributes.add(key="empty map").value.kvlist_value.SetInParent()
    event = parent.events.add(time_unix_nano=now + 5, name="event", dropped_attributes_count=4)
    event.attributes.add(key="bytes").value.bytes_value = b"\x01"
    link = parent.links.add(trace_id=os.urandom(16), span_id=os.urandom(8), trace_state="a=1,b=2", dropped_attributes_count=5, flags=0x301)
    link.attributes.add(key="link.kind").value.string_value = "retry"
    parent.links.add(trace_id=os.urandom(16), span_id=os.urandom(8))
    return [child_request, parent_request]
