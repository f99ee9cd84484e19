import { useState } from 'react';
import { CopyButton } from '../ui/bits';
import { useHealth } from '../health/use-health';
import { integer } from '../format/numbers';

const host = (): string => location.hostname || 'localhost';
const samples: { name: string; code: (h: string) => string }[] = [
  { name: 'Python', code: (h) => `from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter\nexporter = OTLPSpanExporter(endpoint="http://${h}:4318/v1/traces")\nprovider.add_span_processor(BatchSpanProcessor(exporter))` },
  { name: 'TypeScript', code: (h) => `import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';\nconst exporter = new OTLPTraceExporter({ url: 'http://${h}:4318/v1/traces' });\nnew NodeSDK({ traceExporter: exporter }).start();` },
  { name: 'C++', code: (h) => `#include <turnscope/sdk/sdk.h>\nauto sdk = turnscope::sdk::start("my-agent"); // OTEL_EXPORTER_OTLP_ENDPOINT, default http://${h === '127.0.0.1' ? 'localhost' : h}:4318\nauto run = sdk.agent({.agent_name = "my-agent"}).run({.user_message = question});` },
  { name: 'Go', code: (h) => `exporter, err := otlptracegrpc.New(ctx,\n  otlptracegrpc.WithEndpoint("${h}:4317"), otlptracegrpc.WithInsecure())\notel.SetTracerProvider(trace.NewTracerProvider(trace.WithBatcher(exporter)))` },
  { name: 'curl', code: (h) => `curl http://${h}:4318/v1/traces -H 'content-type: application/json' -d '{"resourceSpans":[{"scopeSpans":[{"spans":[
  {"traceId":"'$(openssl rand -hex 16)'","spanId":"'$(openssl rand -hex 8)'","name":"hello","kind":1,
   "startTimeUnixNano":"'$(date +%s)000000000'","endTimeUnixNano":"'$(date +%s)250000000'"}]}]}]}'` },
];

/** Nothing has ever arrived: how to send the first trace. */
export function FirstTrace() {
  const [which, setWhich] = useState(0);
  const health = useHealth();
  const sample = samples[which]!;
  const code = sample.code(host());
  const intake = health.data?.ingest;
  return (
    <section className="panel first" aria-label="Send your first trace">
      <h2>Send your first trace</h2>
      <p className="mid">Any OpenTelemetry client works. The usual ports are <code>{host()}:4317</code> (gRPC) and <code>:4318</code> (HTTP).</p>
      <div className="seg" role="group" aria-label="Language">{samples.map((s, i) => <button type="button" key={s.name} aria-pressed={i === which} onClick={() => setWhich(i)}>{s.name}</button>)}</div>
      <pre className="codebox">{code}</pre>
      <div className="row"><CopyButton text={code} label="Copy" className="btn">Copy</CopyButton><span className="dim">or run <code>turnscope demo</code> for an example agent</span></div>
      <p className="listen">{health.isError ? <><span className="danger">●</span> The server does not answer.</> : <><span className="ok">●</span> Listening.{intake ? ` ${integer(intake.accepted_spans)} spans accepted so far, ${intake.refused_requests === 0 ? 'no request refused' : `${integer(intake.refused_requests)} requests refused`}.` : ''}</>}</p>
    </section>
  );
}

/** Nothing matches: what to do about it. */
export function NothingFound({ q, range, clear, widen }: { q: string; range: string; clear: () => void; widen: (() => void) | null }) {
  return (
    <section className="panel first" aria-label="Nothing found">
      <h2>Nothing matches</h2>
      <p className="mid">{q ? <>No row for <code><bdi>{q}</bdi></code></> : 'No row'} in: {range.toLowerCase()}.</p>
      <div className="row">{q && <button type="button" className="btn" onClick={clear}>Clear the search</button>}{widen && <button type="button" className="btn" onClick={widen}>Look at the last 30 days</button>}</div>
    </section>
  );
}
