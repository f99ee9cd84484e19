import { host, Listening, Samples, type Sample } from '../search/empty';

const samples: Sample[] = [
  { name: 'Python', code: (h) => `from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint="http://${h}:4318/v1/metrics"))
metrics.set_meter_provider(MeterProvider(metric_readers=[reader]))` },
  { name: 'TypeScript', code: (h) => `import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
const exporter = new OTLPMetricExporter({ url: 'http://${h}:4318/v1/metrics' });
new NodeSDK({ metricReader: new PeriodicExportingMetricReader({ exporter }) }).start();` },
  { name: 'C++', code: () => `#include <turnscope/sdk/sdk.h>
auto sdk = turnscope::sdk::start("my-agent"); // sends gen_ai.client.token.usage and gen_ai.client.operation.duration
auto run = sdk.agent({.agent_name = "my-agent"}).run({.user_message = question});` },
  { name: 'Go', code: (h) => `exporter, err := otlpmetrichttp.New(ctx, otlpmetrichttp.WithEndpoint("${h}:4318"), otlpmetrichttp.WithInsecure())
otel.SetMeterProvider(metric.NewMeterProvider(metric.WithReader(metric.NewPeriodicReader(exporter))))` },
  { name: 'curl', code: (h) => `curl http://${h}:4318/v1/metrics -H 'content-type: application/json' -d '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
  {"name":"agent.refunds","unit":"{refund}","sum":{"aggregationTemporality":1,"isMonotonic":true,"dataPoints":[
   {"asInt":"1","startTimeUnixNano":"'$(date -d '-1 min' +%s)000000000'","timeUnixNano":"'$(date +%s)000000000'"}]}}]}]}]}'` },
];
const known: [string, string][] = [
  ['gen_ai.client.token.usage', 'histogram: tokens of each call, in and out by gen_ai.token.type'],
  ['gen_ai.client.operation.duration', 'histogram in s: how long calls took, by model and error.type'],
  ['gen_ai.server.time_to_first_token', 'histogram in s: what model servers such as vLLM tell of themselves'],
  ['traces.span.metrics.*', 'made here from spans: span_metrics.enabled and span_metrics.interval in the configuration'],
];

/** No metric came in: what would, and how to send it. */
export function FirstMetric({ widen }: { widen: (() => void) | null }) {
  return (
    <section className="panel first" aria-label="Send metrics">
      <h2>No metric in this range</h2>
      <p className="mid">Agents and their SDKs send metrics beside spans, as OTLP, to <code>{host()}:4317</code> (gRPC) or <code>:4318/v1/metrics</code> (HTTP). They count what sampling leaves out, and are kept apart from spans.</p>
      <Samples samples={samples} more={widen && <button type="button" className="btn" onClick={widen}>Look at the last 30 days</button>} />
      <table className="mknown"><thead><tr><th scope="col">Names that are often sent</th><th scope="col">What they are</th></tr></thead><tbody>{known.map(([name, what]) => <tr key={name}><td className="mono">{name}</td><td className="mid">{what}</td></tr>)}</tbody></table>
      <Listening />
    </section>
  );
}
