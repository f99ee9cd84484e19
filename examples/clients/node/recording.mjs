// Writes each ended span as one line of JSON: what the program meant to send, told without any exporter's help.
import { appendFileSync, writeFileSync } from 'node:fs';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';

const nanos = ([seconds, rest]) => (BigInt(seconds) * 1000000000n + BigInt(rest)).toString();

function value(v) {
  if (Array.isArray(v)) return { type: 'array', value: v.map(value) };
  if (typeof v === 'boolean') return { type: 'bool', value: v };
  // JavaScript has one number type; the OTLP transformer sends whole numbers as intValue.
  if (typeof v === 'number') return Number.isInteger(v) ? { type: 'int', value: String(v) } : { type: 'double', value: v };
  if (typeof v === 'string') return { type: 'string', value: v };
  throw new TypeError(`an attribute of type ${typeof v}`);
}
const attributes = (all) => Object.fromEntries(Object.entries(all ?? {}).filter(([, v]) => v !== undefined && v !== null).map(([k, v]) => [k, value(v)]));

export function spanToJson(span) {
  const context = span.spanContext();
  return {
    trace_id: context.traceId, span_id: context.spanId, parent_span_id: span.parentSpanContext?.spanId ?? null,
    trace_state: context.traceState?.serialize() || null,
    name: span.name, kind: SpanKind[span.kind].toLowerCase(),
    start_unix_nano: nanos(span.startTime), end_unix_nano: nanos(span.endTime),
    status: { code: SpanStatusCode[span.status.code].toLowerCase(), message: span.status.message ?? null },
    attributes: attributes(span.attributes),
    events: span.events.map((e) => ({ time_unix_nano: nanos(e.time), name: e.name, attributes: attributes(e.attributes) })),
    links: span.links.map((l) => ({
      trace_id: l.context.traceId, span_id: l.context.spanId, trace_state: l.context.traceState?.serialize() || null, attributes: attributes(l.attributes),
    })),
    dropped: { attributes: span.droppedAttributesCount, events: span.droppedEventsCount, links: span.droppedLinksCount },
    resource: attributes(span.resource.attributes),
    scope: { name: span.instrumentationScope.name, version: span.instrumentationScope.version ?? null, attributes: {} },
  };
}

export class RecordingProcessor {
  constructor(path) {
    this.path = path;
    writeFileSync(path, '');
  }
  onStart() {}
  onEnd(span) { appendFileSync(this.path, JSON.stringify(spanToJson(span)) + '\n'); }
  async forceFlush() {}
  async shutdown() {}
}
