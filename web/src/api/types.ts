// The shapes of /api/v1. The server's OpenAPI description (src/api/openapi.yaml) says the same; a test holds them together.
// Times are decimal strings of nanoseconds since 1970 UTC (they do not fit a double); durations are nanoseconds as numbers.
// Money is integer nano-dollars. A fact that is not known is null or absent, never 0. Every list says when there is more.
// Errors: HTTP status and {"error": {"kind": "invalid_argument", "message": "…", "field": "q", "position": 12}}.

export type UnixNano = string; // "1795360772548583189"
export type Kind = 'agent' | 'turn' | 'llm' | 'tool' | 'retrieval' | 'embedding' | 'chain' | 'other';
export type Status = 'unset' | 'ok' | 'error';
export type SpanKind = 'unspecified' | 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export interface ApiError { error: { kind: string; message: string; field?: string; position?: number } }

/** Exclusive token buckets: input excludes cached, output excludes reasoning. Absent = not told. */
export interface Usage {
  input?: number; cache_read?: number; cache_write?: number; cache_write_5m?: number; cache_write_1h?: number;
  input_audio?: number; input_image?: number; output?: number; reasoning?: number; output_audio?: number; output_image?: number;
  total_input?: number; total_output?: number; // sums of the input and of the output buckets
  role: 'own' | 'aggregate' | 'duplicate';
  basis: 'known' | 'proven' | 'assumed';
}
/** Cost: computed from the price table; reported is what the client said. */
export interface Cost {
  nano_usd: number | null;           // null: unpriced or nothing to price
  state: 'priced' | 'partly' | 'unpriced' | 'none';
  reported_nano_usd: number | null;
}

/** GET /api/v1/traces?q&from&to&limit&cursor — newest first.
 *  q: search language (below). from/to: RFC 3339, unix seconds, or now-15m / now-1h / now-7d. limit ≤ 500, default 50.
 *  A trace matches when one of its spans matches q. Search language: terms `field op value` joined by and (implied), or, not, ( ).
 *  op: `:` or `=` (equals; `*` is a wildcard), `!=`, `>`, `>=`, `<`, `<=`, `~` (regular expression, RE2); `field exists` (also `exists:field`).
 *  fields: service name kind status span_kind model provider tool agent session user operation duration (500ms, 2s) tokens input_tokens
 *  output_tokens error trace span root_name environment prompt_name prompt_version experiment variant, or any attribute key as it is
 *  (resource.KEY, scope.KEY, event.name also). A bare word or "quoted text" is searched in content (prompts, completions, arguments, results) and names. */
export interface TraceList {
  traces: TraceSummary[];
  next_cursor: string | null;         // pass as cursor= for the next page; null: there is no more
  searched_from: UnixNano; searched_to: UnixNano; took_ms: number;
}
export interface TraceSummary {
  trace_id: string;
  root: { span_id: string; name: string; service: string; kind: Kind } | null;   // null: the root has not arrived
  question: string | null;            // what was asked, ≤ 200 characters
  start_unix_nano: UnixNano; end_unix_nano: UnixNano; duration_ns: number;
  spans: number; errors: number; turns: number; llm_calls: number; tool_calls: number;
  services: string[]; models: string[];
  tokens: { input: number; output: number; cache_read: number } | null;
  cost: Cost;
  session: string | null; user: string | null; agent: string | null; environment: string | null;
  status: Status;
  unfinished?: number;                // spans that have begun and not ended, where there are any
  stands_for?: number;                // kept by retention sampling: one of so many of its kind
  shape: ShapeSegment[];              // at most 48, for the mini waterfall
}
export interface ShapeSegment { kind: Kind; offset_ns: number; duration_ns: number; error: boolean }

/** GET /api/v1/spans — same parameters; one row a span, newest first. */
export interface SpanList { spans: SpanSummary[]; next_cursor: string | null; searched_from: UnixNano; searched_to: UnixNano; took_ms: number }
export interface SpanSummary {
  trace_id: string; span_id: string; parent_span_id: string | null;
  name: string; service: string; kind: Kind; span_kind: SpanKind; status: Status; status_message: string | null;
  start_unix_nano: UnixNano; duration_ns: number;
  unfinished?: boolean;               // it has begun, no end has arrived
  provider: string | null; model: string | null; tool: string | null; agent: string | null; session: string | null; user: string | null;
  usage: Usage | null; cost: Cost;
  turn_number: number | null;
}

/** GET /api/v1/traces/{id} — header of one trace, with the findings; rows come from the window. */
export interface TraceHeader extends TraceSummary {
  revision: string;                   // changes when spans arrive; send it back to learn whether anything changed
  answer: string | null;              // final answer, ≤ 2,000 characters
  complete: boolean;                  // false: some span's parent has not arrived
  findings: Finding[];                // at most one of each: slow, dear, wrong
  prompt: { name: string; version: string | null } | null;
  links: { trace_id: string; span_id: string; from_span_id: string; attributes: Attribute[] }[];
  /** duration = model + tools + other, on the critical path, ns */
  critical_path: { llm_ns: number; tool_ns: number; other_ns: number };
}
export interface Finding {
  type: 'slow' | 'dear' | 'wrong';
  span_id: string; name: string; kind: Kind;
  value: number;                      // slow: self ns on the critical path; dear: nano-dollars (or tokens if unit says so); wrong: error count
  unit: 'ns' | 'nano_usd' | 'tokens' | 'errors';
  share: number | null;               // of the run, 0..1
  text: string;                       // one sentence: "issue_refund failed: RefundPolicyError …"
  detail?: string | null;             // why, by rule, where the spans tell it
}

/** GET /api/v1/traces/{id}/spans?limit&cursor — all spans in start order, SpanSummary without content (≤ 10,000 a page). */
export interface TraceSpans { spans: SpanSummary[]; next_cursor: string | null; revision: string }

/** GET /api/v1/traces/{id}/window?first&count&around&folded&unfolded&depth&plumbing&q&find&revision
 *  The visible rows for a set of folded ids, computed by the server, as one bounded answer (count ≤ 2,000; default 200).
 *  first: row index; around: a span id (its ancestors are opened; the window is placed 40 % before and 60 % after it).
 *  folded / unfolded: comma-separated span ids that differ from the default; depth: default open depth (default: all open when ≤ 2,000 spans, else 2);
 *  plumbing=hide folds HTTP/DB spans below model and tool calls (counted in hidden). group=1: five and more like siblings in a
 *  row become one row (group), except those whose first span is in ungrouped=. */
export interface TraceWindow {
  trace_id: string; revision: string;
  total_rows: number; total_spans: number; first: number;
  rows: WindowRow[];
  start_unix_nano: UnixNano; end_unix_nano: UnixNano;   // of the whole trace
  opened?: string[];                  // with around=: the ancestors that were opened for it, root first
  ungrouped?: string[];               // with around= and group=1: the runs that were opened for it
  minimap: { buckets: number; bars: { start_ns: number; duration_ns: number; lane: number; kind: Kind; error: boolean }[] } | null; // ≤ 2,000 bars; only with minimap=1
}
export interface RowGroup { count: number; closed: boolean; sum_ns: number; span_ns: number; errors: number; tokens: number; cost: Cost }
export interface WindowRow {
  row: number; depth: number;
  span_id: string; parent_span_id: string | null;
  parent_unknown: boolean;            // its parent has not arrived: shown at top level, marked
  name: string; service: string; kind: Kind; span_kind: SpanKind; status: Status;
  error: string | null;               // message of the error, ≤ 200 characters
  offset_ns: number; duration_ns: number; self_ns: number;
  unfinished?: boolean;               // it has begun, no end has arrived: duration_ns is 0, self_ns counts to the last end of the trace
  end_before_start: boolean;          // the client's clock went backwards; duration is shown as unknown
  children: number; descendants: number; folded: boolean; hidden: number;
  group?: RowGroup;                   // this row begins a run of like siblings (only with group=1)
  model: string | null; tool: string | null; agent: string | null; turn_number: number | null;
  usage: Usage | null;                // own usage
  rollup: { input: number; output: number; cache_read: number; cost: Cost; errors: number; llm_calls: number; tool_calls: number }; // with descendants
  cost: Cost;
  first_token_ns: number | null;      // time to first token, from the span's start
  critical: boolean;                  // touches the critical path
  critical_ns: number;                // time of the critical path spent in this span itself
  critical_segments?: [number, number][]; // where critical_ns lies: [offset_ns, duration_ns], at most 64, in order
  match: boolean;                     // find= hits it
}

/** GET /api/v1/traces/{id}/find?q=text — ids of spans with the text in name, attributes or content, in row order (≤ 1,000; says when more). */
export interface TraceFind { span_ids: string[]; more: boolean }

/** GET /api/v1/traces/{id}/spans/{span_id} — everything about one span; long texts are cut to preview_bytes (default 65536) and say so. */
export interface SpanDetail extends SpanSummary {
  end_unix_nano: UnixNano; trace_state: string | null; flags: number;
  response_model: string | null; request_model: string | null; response_id: string | null; operation: string | null;
  attributes: Attribute[]; resource: Attribute[]; scope: { name: string; version: string | null; attributes: Attribute[] };
  events: { time_unix_nano: UnixNano; name: string; attributes: Attribute[] }[];
  links: { trace_id: string; span_id: string; trace_state: string | null; attributes: Attribute[] }[];
  dropped: { attributes: number; events: number; links: number };
  error: { type: string | null; message: string | null; stacktrace: string | null } | null;
  input: Message[]; output: Message[];          // canonical messages; for tools: arguments and result as one text part
  tools_offered: { name: string; description: string | null; schema: unknown }[];
  parameters: Record<string, unknown>;          // temperature, max_tokens …
  finish_reasons: string[];
  scores: { name: string; value: number | null; label: string | null; explanation: string | null }[];
  duplicates: number;                           // times the span was received beyond the first
  self_ns: number;
}
export type AttributeType = 'string' | 'int' | 'double' | 'bool' | 'array' | 'kvlist' | 'bytes' | 'none';
export interface Attribute { key: string; type: AttributeType; value: unknown; bytes?: number; cut?: boolean } // int beyond 2^53: value is a string; NaN/±Infinity: a string
export interface Message { role: string; parts: MessagePart[]; finish_reason?: string; source: string } // source: the attribute or event it came from
export interface MessagePart {
  type: 'text' | 'reasoning' | 'tool_call' | 'tool_call_response' | 'media' | 'other';
  content?: string; id?: string; name?: string; arguments?: unknown; result?: unknown; bytes: number; cut?: boolean;
  new?: boolean; // sent for the first time in this run (resent context otherwise)
}
/** GET /api/v1/traces/{id}/spans/{span_id}/cost — the cost's arithmetic by bucket; prices as text, in dollars a million tokens. */
export interface CostExplained {
  state: Cost['state']; nano_usd: number | string | null; reported_nano_usd: number | string | null; arithmetic: string;
  region: string | null;
  rule: { model: string; provider: string | null; region: string | null; from: 'user' | 'imported' | 'built-in'; source: string | null; date: string | null } | null;
  buckets: { bucket: string; tokens: number; dollars_per_million: string | null; nano_usd: string | null }[];
}
/** GET /api/v1/prices — price rules, best first. */
export interface PriceList { prices_date: string; rules: PriceRule[]; more: boolean }
export interface PriceRule { match: string; model: string; provider: string | null; region: string | null; valid_from: string | null; valid_to: string | null; from: 'user' | 'imported' | 'built-in'; priority: number; source: string | null; date: string | null; tiers: { service_tier: string | null; context_above: number; prices: Record<string, string> }[] }
/** GET /api/v1/exporters/{name}/dead-letters */
export interface DeadLetterList { dead_letters: { position: number; signal: string; items: number; bytes: number; reason: string; refused_unix_nano: UnixNano }[] }
/** POST /api/v1/redact/test */
export interface Redacted { enabled: boolean; changed: boolean; text: string; found: { detector: string; count: number }[]; replacements: { detector: string; pattern: string | null; replacement: string; bytes: number }[] }
/** GET /api/v1/exporters */
export interface ExporterList { exporters: Exporter[] }
export interface Exporter { name: string; ok: boolean; message: string; endpoint: string; protocol: string; position: number; lag_records: number; freshness_seconds: number; requests: number; retries: number; items: number; bytes: number; filtered_items: number; rejected_items: number; dropped_items: number; dead_items: number; dead_letters: number; dead_letter_bytes: number; sampling: Record<string, unknown> | null }
/** GET /api/v1/traces/{id}/spans/{span_id}/content?path=attributes.KEY|events.N.KEY&offset&length — raw text, ranges in bytes. */

/** GET /api/v1/traces/{id}/context — what filled the context of each model call, in bytes of text by part (≤ 200 calls). */
export interface TraceContext { calls: ContextCall[]; more: boolean }
export interface ContextCall {
  span_id: string; name: string; model: string | null; agent: string | null; turn_number: number | null; offset_ns: number;
  input_tokens: number | null;        // as the call reported; null: not told
  input_nano_usd: number | null;      // cost of the input buckets alone
  messages: number; resent_messages: number;
  parts: ContextPart[];               // the largest first
}
export interface ContextPart { type: 'system' | 'tools' | 'user' | 'assistant' | 'tool_result' | 'other'; name: string | null; count: number; bytes: number; new_bytes: number }

/** GET /api/v1/traces/{id}/logs?limit — log records that carry the trace's id, in order of time. */
export interface TraceLogs { logs: LogLine[]; more: boolean }
export interface LogLine {
  time_unix_nano: UnixNano; span_id: string | null; severity_number: number | null; severity_text: string | null; event_name: string | null;
  service: string; body: string; body_is_json: boolean; cut: boolean; attributes: { key: string; value: string }[];
}

/** GET /api/v1/traces/{id}/otlp — the trace as OTLP/JSON (download; streamed). */

/** GET /api/v1/services?from&to · /api/v1/operations?service · /api/v1/dependencies?from&to */
/** What counts are where retention sampling took traces. adjusted: estimates, sampled traces count with their weight; stored_only: of what is in the store, without weights. */
export interface Sampled { adjusted?: boolean; stored_only?: boolean }
export interface ServiceList extends Sampled { services: { name: string; spans: number; errors: number; last_seen_unix_nano: UnixNano }[]; more: boolean }
export interface OperationList { operations: { name: string; service: string; span_kind: SpanKind; kind: Kind; spans: number }[]; more: boolean }
export interface DependencyList extends Sampled { dependencies: { parent: string; child: string; calls: number; errors: number; p50_ns: number; p95_ns: number }[]; more: boolean }

/** GET /api/v1/facets?q&from&to&row=traces|spans&fields=service,kind,model,tool,status,agent,environment,prompt_version,user */
export interface Facets extends Sampled { facets: { field: string; values: { value: string; count: number }[]; more: boolean }[]; took_ms: number }
/** GET /api/v1/keys?prefix&from&to — fields and attribute keys with types and counts, for completion. /api/v1/values?key&prefix&from&to */
export interface KeyList extends Sampled { keys: { key: string; type: string; count: number }[]; more: boolean }
export interface ValueList extends Sampled { values: { value: string; count: number }[]; more: boolean }
/** GET /api/v1/timeseries?q&from&to&buckets&row=traces|spans — counts, errors and duration quantiles over time (for the histogram above the list). */
export interface Timeseries extends Sampled { step_ns: number; points: TimePoint[]; count: number; errors: number; /* of the whole range: a trace in several steps counts here once */ series?: { key: string; points: TimePoint[] }[]; more?: boolean; took_ms: number }
export interface TimePoint { t: UnixNano; count: number; errors: number; p50_ns: number | null; p95_ns: number | null; p99_ns: number | null; input_tokens: number; output_tokens: number }
/** GET /api/v1/storage — what lies on disk, by table and day of receipt. */
export interface StorageList { tables: { table: string; day: string | null; rows: number; bytes: number; uncompressed_bytes: number; parts: number }[]; more: boolean }

/** GET /api/v1/scatter?q&from&to&row&limit — traces or spans as points over time, newest first (≤ 5,000; says when more). */
export interface Scatter { points: ScatterPoint[]; more: boolean }
export interface ScatterPoint { trace_id: string; span_id?: string; t: UnixNano; duration_ns: number; tokens: number | null; cost_nano_usd: number | null; error: boolean }
/** GET /api/v1/difference?q&from&to&row&cloud_from&cloud_to&figure&least&most — what the rows of the cloud have more often. */
export interface Difference { inside: number; outside: number; compared: number; rows: { key: string; value: string; inside: number; outside: number }[] }

/** Sums over model calls. cost.nano_usd: of the priced calls; state says whether all of them were. */
export interface UsageSums {
  calls: number; tokens: { input: number; cache_read: number; cache_write: number; output: number; reasoning: number; total_input: number; total_output: number };
  cache_hit_rate: number | null;
  cost: Cost & { priced_calls: number; partly_priced_calls: number; unpriced_calls: number; unpriced_tokens: number };
}
/** GET /api/v1/usage?by&q&from&to&traces=1 — sums by up to four of model, provider, service, agent, tool, user, session, prompt_version, day, hour … */
export interface UsageReport extends Sampled { by: string[]; rows: (UsageSums & { key: Record<string, string | null>; traces?: number; errors: number })[]; more: boolean; total: UsageSums & { errors: number }; prices_date: string | null; searched_from: UnixNano; searched_to: UnixNano; took_ms: number }
/** GET /api/v1/sessions?q&from&to&limit — conversations, the latest first. GET /api/v1/session?id — its traces and turns in order. */
export interface SessionList extends Sampled { sessions: SessionSummary[]; more: boolean; took_ms: number }
export interface SessionSummary extends UsageSums {
  session: string; user: string | null; service: string | null; agent: string | null; first_question: string | null; last_question: string | null;
  start_unix_nano: UnixNano; end_unix_nano: UnixNano; traces: number; spans: number; turns: number; tool_calls: number; errors: number;
}
export interface SessionDetail { session: string; traces: TraceSummary[]; turns: SessionTurn[]; more: boolean }
export interface SessionTurn {
  trace_id: string; span_id: string; number: number; turn_number: number | null; name: string; kind: Kind; question: string | null; answer: string | null;
  start_unix_nano: UnixNano; duration_ns: number; llm_calls: number; tool_calls: number; errors: number; tokens: { input: number; output: number; cache_read: number } | null; cost: Cost;
}
/** GET /api/v1/users, /api/v1/tools, /api/v1/runs?sort */
export interface UserList extends Sampled { users: (UsageSums & { user: string; first_seen_unix_nano: UnixNano; last_seen_unix_nano: UnixNano; traces: number; sessions: number; failed_traces: number })[]; more: boolean }
export interface ToolList extends Sampled { tools: { name: string; calls: number; errors: number; traces: number; p50_ns: number; p95_ns: number; max_ns: number; total_ns: number; repeated_calls: number; traces_with_repeats: number; last_seen_unix_nano: UnixNano }[]; more: boolean }
export interface RunList { sort: string; traces: TraceSummary[]; more: boolean }

/** GET /api/v1/metrics?from&to — metrics that agents sent (OTLP), by name. GET /api/v1/metrics/series?name&fn&q&by&where&step&from&to&limit — one of them over time, the largest series first. */
export interface MetricList { metrics: MetricInfo[]; more: boolean }
export interface MetricInfo {
  name: string; type: 'none' | 'gauge' | 'sum' | 'histogram' | 'exponential_histogram' | 'summary'; temporality: 'unspecified' | 'delta' | 'cumulative'; monotonic: boolean;
  unit: string | null; description: string | null; series: number; points: number; last_unix_nano: UnixNano; services: string[]; attributes: string[];
}
export interface MetricSeries {
  name: string; type: MetricInfo['type']; unit: string | null; fn: string; step_ns: number; by: string[]; points: number; more: boolean; searched_from: UnixNano; searched_to: UnixNano;
  series: { key: Record<string, string | null>; values: (number | string | null)[] }[];   // a step each; null: nothing came. NaN and infinities are strings
}

/** GET /api/v1/mappings — how attributes are read: the configuration's rules and the built-in tables. Lower ranks win. */
export interface MappingList { house: HouseRule[]; dialects: Dialect[] }
export interface HouseRule { attribute: string | null; event: string | null; span_name: string | null; scope: string | null; field: string | null; convert: string | null; kind: string | null; values: Record<string, string>; input_excludes_cache: boolean | null; rank: number }
export interface Dialect { name: string; keys: { key: string; field: string; convert: string; rank: number }[]; prefixes: { prefix: string; family: string }[]; scopes: { scope: string; traits: string[] }[]; span_names: { name: string; kind: string; traits: string[] }[] }
/** GET /api/v1/restricted — {enabled}: whether there is a stricter tier. GET /api/v1/restricted/audit, with its key — who read it. */
export interface AuditEntry { time_unix_nano: UnixNano; peer: string; reader: string; method: string; path: string; query: string; allowed: boolean }

/** GET /api/v1/live?q (text/event-stream): event "traces" data {"trace_ids":[…],"spans":n}; at most eight a second; "hello" first. more: there are more ids, or none are told because the page reads slowly. */
export interface LiveEvent { trace_ids: string[]; spans: number; more?: boolean }

/** GET /api/v1/health */
export interface Health {
  status: 'ok' | 'degraded' | 'failing'; version: string; uptime_seconds: number; now_unix_nano: UnixNano;
  log: { ok: boolean; message: string; oldest: number; durable: number; bytes_on_disk: number; max_bytes: number; pending_bytes: number };
  store: { ok: boolean; message: string; engine: string; spans: number | null; bytes: number | null };
  sinks: { name: string; ok: boolean; message: string; position: number; lag_records: number; freshness_seconds: number }[];
  ingest: { spans_per_second: number; accepted_spans: number; refused_requests: number };
  memory: { rss_bytes: number; max_bytes: number };
  anomalies: { name: string; severity: 'info' | 'warn' | 'error'; unit: string; help: string; count: number }[];
}
