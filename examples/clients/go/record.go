package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// recorder writes each ended span as one line of JSON: what the program meant to send, told without any exporter's help.
type recorder struct {
	mutex sync.Mutex
	out   io.Writer
}

type object = map[string]any

func (r *recorder) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (r *recorder) Shutdown(context.Context) error                  { return nil }
func (r *recorder) ForceFlush(context.Context) error                { return nil }
func (r *recorder) OnEnd(s sdktrace.ReadOnlySpan) {
	line, err := json.Marshal(spanObject(s))
	if err != nil {
		panic(err) // a recorder that loses a span would make the comparison pass
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	_, _ = r.out.Write(append(line, '\n'))
}

func double(v float64) object {
	switch {
	case math.IsNaN(v):
		return object{"type": "double", "value": "NaN"}
	case math.IsInf(v, 1):
		return object{"type": "double", "value": "Infinity"}
	case math.IsInf(v, -1):
		return object{"type": "double", "value": "-Infinity"}
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0" // -0 would be read as an integer
	}
	return object{"type": "double", "value": json.RawMessage(text)}
}

func list[T any](all []T, one func(T) object) object {
	out := []object{}
	for _, item := range all {
		out = append(out, one(item))
	}
	return object{"type": "array", "value": out}
}

func value(v attribute.Value) object {
	text := func(s string) object { return object{"type": "string", "value": s} }
	whole := func(n int64) object { return object{"type": "int", "value": strconv.FormatInt(n, 10)} }
	yes := func(b bool) object { return object{"type": "bool", "value": b} }
	switch v.Type() {
	case attribute.STRING:
		return text(v.AsString())
	case attribute.INT64:
		return whole(v.AsInt64())
	case attribute.FLOAT64:
		return double(v.AsFloat64())
	case attribute.BOOL:
		return yes(v.AsBool())
	case attribute.STRINGSLICE:
		return list(v.AsStringSlice(), text)
	case attribute.INT64SLICE:
		return list(v.AsInt64Slice(), whole)
	case attribute.FLOAT64SLICE:
		return list(v.AsFloat64Slice(), double)
	case attribute.BOOLSLICE:
		return list(v.AsBoolSlice(), yes)
	}
	panic("an attribute of type " + v.Type().String())
}

func attributes(all []attribute.KeyValue) object {
	out := object{}
	for _, kv := range all {
		out[string(kv.Key)] = value(kv.Value)
	}
	return out
}

func orNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

func spanObject(s sdktrace.ReadOnlySpan) object {
	c := s.SpanContext()
	events, links := []object{}, []object{}
	for _, e := range s.Events() {
		events = append(events, object{"time_unix_nano": nanos(e.Time), "name": e.Name, "attributes": attributes(e.Attributes)})
	}
	for _, l := range s.Links() {
		links = append(links, object{"trace_id": l.SpanContext.TraceID().String(), "span_id": l.SpanContext.SpanID().String(),
			"trace_state": orNil(l.SpanContext.TraceState().String()), "attributes": attributes(l.Attributes)})
	}
	var parent any
	if s.Parent().HasSpanID() {
		parent = s.Parent().SpanID().String()
	}
	scope := s.InstrumentationScope()
	return object{
		"trace_id": c.TraceID().String(), "span_id": c.SpanID().String(), "parent_span_id": parent,
		"trace_state": orNil(c.TraceState().String()), "name": s.Name(), "kind": strings.ToLower(s.SpanKind().String()),
		"start_unix_nano": nanos(s.StartTime()), "end_unix_nano": nanos(s.EndTime()),
		"status":     object{"code": strings.ToLower(s.Status().Code.String()), "message": orNil(s.Status().Description)},
		"attributes": attributes(s.Attributes()), "events": events, "links": links,
		"dropped":  object{"attributes": s.DroppedAttributes(), "events": s.DroppedEvents(), "links": s.DroppedLinks()},
		"resource": attributes(s.Resource().Attributes()),
		"scope":    object{"name": scope.Name, "version": orNil(scope.Version), "attributes": attributes(scope.Attributes.ToSlice())},
	}
}

// odd sends values at the edges of what the API lets a program send.
func odd(ctx context.Context, tracer trace.Tracer) {
	var traceID trace.TraceID
	var spanID trace.SpanID
	_, _ = rand.Read(traceID[:])
	_, _ = rand.Read(spanID[:])
	state, _ := trace.ParseTraceState("vendor=value,other=1")
	remote := trace.NewSpanContext(trace.SpanContextConfig{TraceID: traceID, SpanID: spanID, TraceFlags: trace.FlagsSampled,
		TraceState: state, Remote: true})
	start := time.Unix(time.Now().Unix()-60, 548583189)
	_, span := tracer.Start(ctx, "odd ✓ 值", trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(start),
		trace.WithLinks(trace.Link{SpanContext: remote, Attributes: []attribute.KeyValue{attribute.String("link.kind", "follow_up"), attribute.Int("n", -3)}}))
	span.SetAttributes(
		attribute.String("text", "line\nbreak \"quotes\" \\ é 漢字 🙂 </script> \x00 nul"), attribute.String("empty", ""),
		attribute.Int64("max", math.MaxInt64), attribute.Int64("min", math.MinInt64), attribute.Float64("fraction", 0.1+0.2),
		attribute.Float64("whole double", 3), attribute.Float64("negative zero", math.Copysign(0, -1)), attribute.Float64("tiny", 5e-324),
		attribute.Float64("huge", math.MaxFloat64), attribute.Float64("nan", math.NaN()), attribute.Float64("infinite", math.Inf(-1)),
		attribute.Bool("yes", true), attribute.Bool("no", false), attribute.String("long", strings.Repeat("x", 20000)),
		attribute.StringSlice("list.text", []string{"a", "", "ü"}), attribute.Int64Slice("list.int", []int64{1, -2, math.MaxInt64}),
		attribute.Float64Slice("list.double", []float64{0.5, 2}), attribute.BoolSlice("list.bool", []bool{true, false}),
		attribute.StringSlice("list.empty", []string{}), attribute.String("key with spaces/and:signs", "kept"))
	span.AddEvent("first", trace.WithTimestamp(start.Add(1)), trace.WithAttributes(attribute.String("at", "start")))
	span.AddEvent("second", trace.WithTimestamp(start.Add(time.Second)))
	_, child := tracer.Start(trace.ContextWithRemoteSpanContext(ctx, remote), "child of the remote span", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithTimestamp(start))
	child.SetStatus(codes.Ok, "")
	child.End(trace.WithTimestamp(start))
	span.End(trace.WithTimestamp(start.Add(2 * time.Second)))
}
