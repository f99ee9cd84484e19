import { useState, type ReactNode } from 'react';
import { CopyButton } from '../ui/bits';
import { useHealth } from '../health/use-health';
import { integer, some } from '../format/numbers';

export const host = (): string => location.hostname || 'localhost';
export interface Sample { name: string; code: (host: string) => string }
const samples: Sample[] = [
  { name: 'Python', code: (h) => `from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\nexporter = OTLPSpanExporter(endpoint="http://${h}:4318/v1/traces")\nprovider.add_span_processor(BatchSpanProcessor(exporter))` },
  { name: 'TypeScript', code: (h) => `import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';\nconst exporter = new OTLPTraceExporter({ url: 'http://${h}:4318/v1/traces' });\nnew NodeSDK({ traceExporter: exporter }).start();` },
  { name: 'C++', code: (h) => `#include <turnscope/sdk/sdk.h>\nauto sdk = turnscope::sdk::start("my-agent"); // OTEL_EXPORTER_OTLP_ENDPOINT, default http://${h === '127.0.0.1' ? 'localhost' : h}:4318\nauto run = sdk.agent({.agent_name = "my-agent"}).run({.user_message = question});` },
  { name: 'Go', code: (h) => `exporter, err := otlptracegrpc.New(ctx,\n  otlptracegrpc.WithEndpoint("${h}:4317"), otlptracegrpc.WithInsecure())\notel.SetTracerProvider(trace.NewTracerProvider(trace.WithBatcher(exporter)))` },
  { name: 'curl', code: (h) => `curl http://${h}:4318/v1/traces -H 'content-type: application/json' -d '{"resourceSpans":[{"scopeSpans":[{"spans":[
  {"traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'","name":"hello","kind":1,
   "startTimeUnixNano":"'$(date +%s)000000000'","endTimeUnixNano":"'$(date +%s)250000000'"}]}]}]}'` },
];

/** A few lines of code in several languages, one at a time. */
export function Samples({ samples, more }: { samples: Sample[]; more?: ReactNode }) {
  const [which, setWhich] = useState(0);
  const code = samples[which]!.code(host());
  return (
    <>
      <div className="seg" role="group" aria-label="Language">{samples.map((s, i) => <button type="button" key={s.name} aria-pressed={i === which} onClick={() => setWhich(i)}>{s.name}</button>)}</div>
      <pre className="codebox">{code}</pre>
      <div className="row"><CopyButton text={code} label="Copy" className="btn">Copy</CopyButton>{more}</div>
    </>
  );
}

/** Whether the server listens, and what it has taken so far. */
export function Listening() {
  const health = useHealth();
  const intake = health.data?.ingest;
  return <p className="listen">{health.isError ? <><span className="danger">●</span> The server does not answer.</> : <><span className="ok">●</span> Listening.{intake ? ` ${integer(intake.accepted_spans)} spans accepted so far, ${intake.refused_requests === 0 ? 'no request refused' : `${some(intake.refused_requests, 'request')} refused`}.` : ''}</>}</p>;
}

/** The store is empty: nothing has arrived, or all of it has gone. */
export const useNothingYet = (): boolean => useHealth().data?.store.spans === 0;

/** Nothing has ever arrived: how to send the first trace. */
export function FirstTrace() {
  return (
    <section className="panel first" aria-label="Send your first trace">
      <h2>Send your first trace</h2>
      <p className="mid">Any OpenTelemetry client works. The usual ports are <code>{host()}:4317</code> (gRPC) and <code>:4318</code> (HTTP).</p>
      <Samples samples={samples} more={<span className="dim">or run <code>turnscope demo</code> for an example agent</span>} />
      <Listening />
    </section>
  );
}

const examples: [string, string][] = [
  ['kind:llm duration>2s', 'model calls that took more than two seconds'], ['status:error service:support-agent', 'what failed in one service'], ['cost>0.05 or tokens>100000', 'dear or long; not and ( ) work as well'],
  ['"refund policy"', 'words in prompts, answers, arguments and results, in any script'], ['model:claude-* prompt_version:v14', '* stands for any characters'], ['{tool:search} >> {kind:llm status:error}', 'a search with a failed model call below it'],
];

/** The query cannot be read: what can be written instead. */
export function QueryHelp({ use }: { use: (q: string) => void }) {
  return (
    <section className="panel first" aria-label="What can be searched for">
      <h2>The search cannot be read</h2>
      <p className="mid">The character where it breaks is marked above. Searches look like these:</p>
      <ul className="qhelp">{examples.map(([q, what]) => <li key={q}><button type="button" className="linkish mono" onClick={() => use(q)}>{q}</button><span className="mid">{what}</span></li>)}</ul>
    </section>
  );
}

/** Nothing matches: what to do about it. */
export function NothingFound({ q, range, clear, widen, sessions = false }: { q: string; range: string; clear: () => void; widen: (() => void) | null; sessions?: boolean }) {
  return (
    <section className="panel first" aria-label="Nothing found">
      <h2>Nothing matches</h2>
      <p className="mid">{q ? <>No row for <code><bdi>{q}</bdi></code></> : 'No row'} in: {range.toLowerCase()}.</p>
      {sessions && <p className="mid">A session is what spans name with <code>session.id</code> or <code>gen_ai.conversation.id</code>: the traces of one conversation.</p>}
      <div className="row">{q && <button type="button" className="btn" onClick={clear}>Clear the search</button>}{widen && <button type="button" className="btn" onClick={widen}>Look at the last 30 days</button>}</div>
    </section>
  );
}
