// The Vercel AI SDK with its telemetry switched on, sending to an OTLP endpoint: one conversation with one tool.
import { createOpenAI } from '@ai-sdk/openai';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { generateText, stepCountIs, tool } from 'ai';
import { z } from 'zod';

const { MODEL_URL, OTLP_URL, QUESTION, SYSTEM, ANSWER } = process.env;
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': process.argv[2] }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${OTLP_URL}/v1/traces` }))],
});
provider.register();

const openai = createOpenAI({ apiKey: 'none', baseURL: `${MODEL_URL}/v1` });
const { text } = await generateText({
  model: openai.chat('gpt-4o-mini'),
  system: SYSTEM,
  prompt: QUESTION,
  maxRetries: 0,
  stopWhen: stepCountIs(3),
  tools: {
    find_order: tool({
      description: 'Looks an order up.',
      inputSchema: z.object({ order: z.string() }),
      execute: async ({ order }) => ({ order, state: 'refunded' }),
    }),
  },
  experimental_telemetry: { isEnabled: true, functionId: 'support' },
});
if (text !== ANSWER) throw new Error(`another answer: ${text}`);
await provider.shutdown();
