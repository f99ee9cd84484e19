// A small agent in Node, traced with the official SDK, sent as OTLP/JSON over HTTP:
//   node agent.mjs --endpoint http://127.0.0.1:4318 --base-url http://127.0.0.1:8080 "What is 6 * 7?"
// Spans: agent.run → agent.turn → gen_ai.completion (CLIENT) and tool.execute.calculate.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, context, createTraceState, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { RecordingProcessor } from './recording.mjs';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    endpoint: { type: 'string', default: 'http://127.0.0.1:4318' },
    'base-url': { type: 'string', default: process.env.ANTHROPIC_BASE_URL ?? 'https://api.anthropic.com' },
    'dump-spans': { type: 'string', default: '' },
    'max-turns': { type: 'string', default: '5' },
    odd: { type: 'boolean', default: false }, // also send a trace of unusual values
  },
});
const question = positionals[0] ?? 'What is 6 * 7?';
const maxTurns = Number(options['max-turns']);

const processors = [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${options.endpoint}/v1/traces` }), { scheduledDelayMillis: 300 })];
if (options['dump-spans']) processors.push(new RecordingProcessor(options['dump-spans']));
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': 'node-agent', 'service.version': '0.1.0', 'deployment.environment.name': 'example' }),
  spanProcessors: processors,
});
provider.register();
const tracer = trace.getTracer('agent-workshop', '0.1.0');

// Numbers, + - * / and parentheses; nothing else reaches the evaluator.
function calculate({ expression }) {
  if (typeof expression !== 'string' || !/^[-+*/() .\d]{1,200}$/.test(expression)) throw new Error('not an arithmetic expression');
  return JSON.stringify({ expression, value: Function(`"use strict"; return (${expression})`)() });
}
const tools = [{ name: 'calculate', description: 'Evaluates an arithmetic expression.',
  input_schema: { type: 'object', properties: { expression: { type: 'string' } }, required: ['expression'] } }];

function traced(name, spanOptions, work) {
  return tracer.startActiveSpan(name, spanOptions, async (span) => {
    try {
      return await work(span);
    } catch (failure) {
      span.recordException(failure);
      span.setStatus({ code: SpanStatusCode.ERROR, message: failure.message });
      throw failure;
    } finally {
      span.end();
    }
  });
}

const completion = (messages) => traced('gen_ai.completion', { kind: SpanKind.CLIENT }, async (span) => {
  const model = 'claude-haiku-4-5';
  span.setAttributes({
    'gen_ai.provider.name': 'anthropic', 'gen_ai.system': 'anthropic', 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': model,
    'gen_ai.request.max_tokens': 1024, 'gen_ai.request.temperature': 0.2, 'gen_ai.request.messages.count': messages.length,
  });
  const response = await fetch(`${options['base-url']}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': process.env.ANTHROPIC_API_KEY ?? 'scripted' },
    body: JSON.stringify({ model, max_tokens: 1024, temperature: 0.2, messages, tools }),
  });
  span.setAttribute('http.response.status_code', response.status);
  const reply = await response.json();
  if (!response.ok) throw new Error(`${reply.error?.type}: ${reply.error?.message}`);
  const text = reply.content.map((block) => block.text ?? '').join('');
  span.addEvent('gen_ai.assistant.message', { role: 'assistant', content: text, finish_reason: reply.stop_reason });
  span.setAttributes({
    'gen_ai.response.id': reply.id, 'gen_ai.response.model': reply.model, 'gen_ai.response.finish_reasons': [reply.stop_reason],
    'gen_ai.usage.input_tokens': reply.usage.input_tokens, 'gen_ai.usage.output_tokens': reply.usage.output_tokens,
    'llm.cost.usd': (reply.usage.input_tokens + 5 * reply.usage.output_tokens) / 1e6,
  });
  return reply;
});

const tool = async (block) => {
  try {
    const content = await traced(`tool.execute.${block.name}`, {}, async (span) => {
      span.setAttributes({ 'tool.name': block.name, 'tool.arguments': JSON.stringify(block.input).slice(0, 1000), 'gen_ai.tool.call.id': block.id });
      if (block.name !== 'calculate') throw new Error(`there is no tool '${block.name}'`);
      const result = calculate(block.input);
      span.setAttribute('tool.result_length', result.length);
      return result;
    });
    return { type: 'tool_result', tool_use_id: block.id, content };
  } catch (failure) {
    return { type: 'tool_result', tool_use_id: block.id, content: failure.message, is_error: true };
  }
};

async function run() {
  return traced('agent.run', {}, async (span) => {
    span.setAttributes({ 'agent.user_message': question.slice(0, 500), 'agent.max_turns': maxTurns, 'session.id': 'node-session-1' });
    const messages = [{ role: 'user', content: question }];
    let answer = null;
    let turns = 0;
    while (answer === null && turns < maxTurns) {
      turns += 1;
      await traced('agent.turn', { attributes: { 'agent.turn_number': turns } }, async () => {
        const reply = await completion(messages);
        messages.push({ role: 'assistant', content: reply.content });
        const results = await Promise.all(reply.content.filter((block) => block.type === 'tool_use').map(tool));
        if (results.length > 0) messages.push({ role: 'user', content: results });
        else answer = reply.content.map((block) => block.text ?? '').join('');
      });
    }
    span.setAttributes({ 'agent.turns_used': turns, 'agent.hit_max_turns': answer === null, 'agent.final_answer_length': answer?.length ?? 0 });
    return answer ?? '';
  });
}

// Values at the edges of what the API lets a program send.
function odd() {
  const second = Math.floor(Date.now() / 1000) - 60;
  const remote = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex'), traceFlags: TraceFlags.SAMPLED,
    isRemote: true, traceState: createTraceState('vendor=value,other=1') };
  const start = [second, 548583189];
  const span = tracer.startSpan('odd ✓ 值', { kind: SpanKind.CONSUMER, startTime: start, links: [{ context: remote, attributes: { 'link.kind': 'follow_up', n: -3 } }] },
    ROOT_CONTEXT);
  span.setAttributes({
    text: 'line\nbreak "quotes" \\ é 漢字 🙂 </script>', empty: '', 'max.safe': Number.MAX_SAFE_INTEGER, 'min.safe': Number.MIN_SAFE_INTEGER,
    fraction: 0.1 + 0.2, tiny: 5e-324, large: 123456789012.345, yes: true, no: false, long: 'x'.repeat(20000),
    'list.text': ['a', '', 'ü'], 'list.int': [1, -2, 3], 'list.double': [0.5, -1.25], 'list.bool': [true, false], 'list.empty': [],
    'key with spaces/and:signs': 'kept',
  });
  span.addEvent('first', { at: 'start' }, [second, 548583190]);
  span.addEvent('second', {}, [second + 1, 1]);
  const child = tracer.startSpan('child of the remote span', { kind: SpanKind.SERVER, startTime: start }, trace.setSpanContext(context.active(), remote));
  child.setStatus({ code: SpanStatusCode.OK });
  child.end([second, 548583189]);
  span.end([second + 2, 999999999]);
}

let code = 0;
try {
  console.log(await run());
} catch (failure) {
  console.error(failure.message);
  code = 1;
}
if (options.odd) odd();
await provider.forceFlush();
await provider.shutdown();
process.exit(code);
