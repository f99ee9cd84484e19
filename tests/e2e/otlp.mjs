// OTLP requests for the tests: JSON, and a few lines of protobuf for what JSON cannot carry.
import { randomBytes } from 'node:crypto';

export const newTrace = () => randomBytes(16).toString('hex');
export const newSpan = () => randomBytes(8).toString('hex');
const value = (v) => (typeof v === 'string' ? { stringValue: v } : typeof v === 'boolean' ? { boolValue: v } : Number.isInteger(v) ? { intValue: String(v) } : typeof v === 'number' ? { doubleValue: v } : Array.isArray(v) ? { arrayValue: { values: v.map(value) } } : { kvlistValue: { values: attributes(v) } });
export const attributes = (o) => Object.entries(o).filter(([, v]) => v !== undefined && v !== null).map(([key, v]) => ({ key, value: value(v) }));

/** start and end in ns (BigInt). */
export const span = (s) => ({
  traceId: s.trace, spanId: s.id ?? newSpan(), ...(s.parent ? { parentSpanId: s.parent } : {}), name: s.name, kind: s.kind ?? 1, startTimeUnixNano: String(s.start), endTimeUnixNano: String(s.end),
  attributes: attributes(s.attributes ?? {}), events: (s.events ?? []).map((e) => ({ timeUnixNano: String(e.time), name: e.name, attributes: attributes(e.attributes ?? {}) })),
  links: (s.links ?? []).map((l) => ({ traceId: l.trace, spanId: l.span, attributes: attributes(l.attributes ?? {}) })), status: s.error ? { code: 2, message: s.error } : {},
});
export const request = (resource, spans, scope = 'e2e') => ({ resourceSpans: [{ resource: { attributes: attributes(resource) }, scopeSpans: [{ scope: { name: scope, version: '1.0.0' }, spans }] }] });

// protobuf: field number and wire type, length-delimited and fixed64 only.
const varint = (n) => { const out = []; let v = n; while (v > 127) { out.push((v & 127) | 128); v >>>= 7; } out.push(v); return Buffer.from(out); };
const field = (n, body) => Buffer.concat([varint((n << 3) | 2), varint(body.length), body]);
const fixed64 = (n, v) => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(v)); return Buffer.concat([varint((n << 3) | 1), b]); };
const keyValue = (k, v) => Buffer.concat([field(1, Buffer.from(k)), field(2, field(1, Buffer.isBuffer(v) ? v : Buffer.from(v)))]);
/** One span whose strings are bytes as they are, UTF-8 or not. */
export const rawRequest = ({ service, trace, id, name, start, end, attributes: list }) => {
  const s = Buffer.concat([field(1, Buffer.from(trace, 'hex')), field(2, Buffer.from(id, 'hex')), field(5, Buffer.isBuffer(name) ? name : Buffer.from(name)), fixed64(7, start), fixed64(8, end), ...list.map(([k, v]) => field(9, keyValue(k, v)))]);
  return field(1, Buffer.concat([field(1, field(1, keyValue('service.name', service))), field(2, field(2, s))]));
};
