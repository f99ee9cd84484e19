"""The judge is judged first: a comparison that cannot see a difference proves nothing."""
import copy

from harness import Failure
from spans import as_detail, differences

SPAN = {
    "trace_id": "0af7651916cd43dd8448eb211c80319c", "span_id": "b7ad6b7169203331", "parent_span_id": None, "trace_state": "a=1", "name": "n",
    "kind": "client", "start": 1795360772548583189, "end": 1795360772548583190, "status": ("error", "why"),
    "attributes": {"s": ("string", "x"), "i": ("int", 2 ** 53 + 1), "d": ("double", 1.0), "b": ("bool", True), "z": ("double", 0.0),
                   "a": ("array", (("int", 1), ("string", "1"))), "nan": ("double", float("nan"))},
    "resource": {"service.name": ("string", "svc")}, "scope": ("scope", "1"), "scope_attributes": {},
    "events": [(1795360772548583190, "exception", {"exception.message": ("string", "m")})],
    "links": [("0af7651916cd43dd8448eb211c80319d", "b7ad6b7169203332", None, {"link.kind": ("string", "retry")})],
    "dropped": {"attributes": 0, "events": 0, "links": 0},
}
CHANGES = {
    "a span missing": lambda spans: spans.clear(),
    "a span twice": lambda spans: spans.append(copy.deepcopy(spans[0])),
    "another span": lambda spans: spans.append({**copy.deepcopy(spans[0]), "span_id": "b7ad6b7169203339"}),
    "a nanosecond": lambda spans: spans[0].update(start=spans[0]["start"] - 1),
    "the parent": lambda spans: spans[0].update(parent_span_id="b7ad6b7169203330"),
    "the kind": lambda spans: spans[0].update(kind="server"),
    "the status message": lambda spans: spans[0].update(status=("error", "")),
    "the trace state": lambda spans: spans[0].update(trace_state=None),
    "an attribute lost": lambda spans: spans[0]["attributes"].pop("s"),
    "an attribute added": lambda spans: spans[0]["attributes"].update(new=("int", 1)),
    "an integer rounded": lambda spans: spans[0]["attributes"].update(i=("int", 2 ** 53)),
    "an integer for a double": lambda spans: spans[0]["attributes"].update(d=("int", 1)),
    "a bool for an integer": lambda spans: spans[0]["attributes"].update(b=("bool", 1)),
    "the sign of zero": lambda spans: spans[0]["attributes"].update(z=("double", -0.0)),
    "an array's order": lambda spans: spans[0]["attributes"].update(a=("array", (("string", "1"), ("int", 1)))),
    "the resource": lambda spans: spans[0]["resource"].update({"service.name": ("string", "other")}),
    "the scope's version": lambda spans: spans[0].update(scope=("scope", "2")),
    "an event's attribute": lambda spans: spans[0]["events"][0][2].update({"exception.message": ("string", "M")}),
    "an event lost": lambda spans: spans[0]["events"].pop(),
    "a link's attribute": lambda spans: spans[0]["links"][0][3].clear(),
    "dropped counts": lambda spans: spans[0]["dropped"].update(events=1),
}


def sees_every_change(*_):
    for form in (lambda span: span, as_detail):
        if found := differences([form(SPAN)], [form(copy.deepcopy(SPAN))]):
            raise Failure(f"equal spans differ: {found}")
        for name, change in CHANGES.items():
            spans = [form(copy.deepcopy(SPAN))]
            if form is as_detail and name == "an array's order":
                spans[0]["attributes"]["a"] = ("array", ["1", 1])
            else:
                change(spans)
            if not differences([form(SPAN)], spans):
                raise Failure(f"the comparison does not see: {name}")


CASES = [("the comparison sees a change in every field", sees_every_change)]
