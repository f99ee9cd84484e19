// OTLP metrics as SDKs send them: cumulative histograms of tokens and durations each minute, a counter, a gauge, an up-down counter.
import { attributes } from './otlp.mjs';

const minute = 60_000_000_000n;
const tokenBounds = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];
const secondBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const models = [['anthropic', 'claude-sonnet-4-5', 1], ['openai', 'gpt-5-mini', 2]];

class Histogram {
  constructor(bounds) { this.bounds = bounds; this.buckets = bounds.map(() => 0).concat(0); this.sum = 0; this.count = 0; }
  record(v) { const i = this.bounds.findIndex((b) => v <= b); this.buckets[i < 0 ? this.bounds.length : i]++; this.sum += v; this.count++; }
  point(start, time, a) { return { startTimeUnixNano: String(start), timeUnixNano: String(time), count: String(this.count), sum: this.sum, bucketCounts: this.buckets.map(String), explicitBounds: this.bounds, attributes: attributes(a) }; }
}

/** `minutes` exports that end now; sums by model and by direction tell what must be on the screen. */
export function agentMetrics(now, minutes = 90) {
  const start = now - BigInt(minutes + 1) * minute, sums = { input: 0, output: 0, model: {}, calls: 0, refunds: 0, durations: [] };
  const tokens = [], durations = [], refunds = [], depth = [], running = [];
  const held = models.map(() => ({ input: new Histogram(tokenBounds), output: new Histogram(tokenBounds), ok: new Histogram(secondBounds), failed: new Histogram(secondBounds) }));
  let refunded = 0;
  for (let m = 1; m <= minutes; m++) {
    const time = start + BigInt(m) * minute;
    models.forEach(([provider, model, weight], k) => {
      const h = held[k], base = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': provider, 'gen_ai.request.model': model };
      const calls = Math.round((4 + 3 * Math.sin(m / 9 + k)) * weight);
      for (let c = 0; c < calls; c++) {
        const input = 900 + ((m * 37 + c * 211 + k * 500) % 2400), output = 40 + ((m * 17 + c * 53) % 380), seconds = Math.round((0.4 + output / (90 + 60 * k) + ((m * c) % 7) * 0.21) * 1000) / 1000;
        h.input.record(input); h.output.record(output);
        (m % 23 === 0 && c === 0 ? h.failed : h.ok).record(seconds);
        sums.input += input; sums.output += output; sums.model[model] = (sums.model[model] ?? 0) + input + output; sums.calls++; sums.durations.push(seconds);
      }
      for (const type of ['input', 'output']) tokens.push(h[type].point(start, time, { ...base, 'gen_ai.token.type': type }));
      durations.push(h.ok.point(start, time, base));
      if (h.failed.count > 0) durations.push(h.failed.point(start, time, { ...base, 'error.type': 'overloaded_error' }));
    });
    if (m % 6 === 0) { refunded += 1 + (m % 4); }
    refunds.push({ startTimeUnixNano: String(start), timeUnixNano: String(time), asInt: String(refunded), attributes: attributes({ 'refund.kind': 'duplicate' }) });
    depth.push({ timeUnixNano: String(time), asDouble: Math.round(100 * (3 + 2.5 * Math.sin(m / 5))) / 100, attributes: attributes({ queue: 'tickets' }) });
    running.push({ startTimeUnixNano: String(start), timeUnixNano: String(time), asInt: String(2 + (m % 5)), attributes: [] });
  }
  sums.refunds = refunded;
  sums.running = 2 + (minutes % 5);
  const histogram = (name, unit, description, dataPoints) => ({ name, unit, description, histogram: { aggregationTemporality: 2, dataPoints } });
  const metrics = [
    histogram('gen_ai.client.token.usage', '{token}', 'Number of input and output tokens used', tokens),
    histogram('gen_ai.client.operation.duration', 's', 'GenAI operation duration', durations),
    { name: 'agent.refunds', unit: '{refund}', description: 'Refunds that the agent issued', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: refunds } },
    { name: 'agent.queue.depth', unit: '{ticket}', description: 'Tickets that wait for an agent', gauge: { dataPoints: depth } },
    { name: 'agent.runs.active', unit: '{run}', description: 'Runs under way', sum: { aggregationTemporality: 2, isMonotonic: false, dataPoints: running } },
  ];
  return { sums, request: { resourceMetrics: [{ resource: { attributes: attributes({ 'service.name': 'support-agent', 'service.version': '2.3.1' }) }, scopeMetrics: [{ scope: { name: 'support-agent.metrics', version: '1.0.0' }, metrics }] }] } };
}
