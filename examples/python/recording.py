"""Writes each ended span as one line of JSON: what the program meant to send, told without any exporter's help."""
import json
import threading

from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor


def _value(value):
    """(type, value) as Turnscope's REST API names them; integers as text, so that no reader rounds them."""
    if isinstance(value, bool):
        return {"type": "bool", "value": value}
    if isinstance(value, int):
        return {"type": "int", "value": str(value)}
    if isinstance(value, float):
        return {"type": "double", "value": value if value == value and abs(value) != float("inf") else
                "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, str):
        return {"type": "string", "value": value}
    if isinstance(value, (tuple, list)):
        return {"type": "array", "value": [_value(item) for item in value]}
    raise TypeError(f"an attribute of type {type(value).__name__}")


def _attributes(attributes):
    return {key: _value(value) for key, value in (attributes or {}).items()}


def span_to_json(span: ReadableSpan) -> dict:
    context, scope = span.get_span_context(), span.instrumentation_scope
    return {
        "trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}",
        "parent_span_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "trace_state": context.trace_state.to_header() or None,
        "name": span.name, "kind": span.kind.name.lower(),
        "start_unix_nano": str(span.start_time), "end_unix_nano": str(span.end_time),
        "status": {"code": span.status.status_code.name.lower(), "message": span.status.description},
        "attributes": _attributes(span.attributes),
        "events": [{"time_unix_nano": str(event.timestamp), "name": event.name, "attributes": _attributes(event.attributes)}
                   for event in span.events],
        "links": [{"trace_id": f"{link.context.trace_id:032x}", "span_id": f"{link.context.span_id:016x}",
                   "trace_state": link.context.trace_state.to_header() or None, "attributes": _attributes(link.attributes)}
                  for link in span.links],
        "dropped": {"attributes": span.dropped_attributes, "events": span.dropped_events, "links": span.dropped_links},
        "resource": _attributes(span.resource.attributes),
        "scope": {"name": scope.name, "version": scope.version or None, "attributes": _attributes(scope.attributes)},
    }


class RecordingProcessor(SpanProcessor):
    def __init__(self, path: str):
        self._out, self._lock = open(path, "w"), threading.Lock()

    def on_end(self, span: ReadableSpan) -> None:
        with self._lock:
            self._out.write(json.dumps(span_to_json(span)) + "\n")

    def shutdown(self) -> None:
        self._out.close()
