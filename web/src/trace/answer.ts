import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { SpanDetail, SpanList, TraceHeader } from '../api/types';
import { nanos } from '../format/time';

/** The run's answer: what its first span says, or what its last model call that did not fail said. */
export function useAnswer(t: Pick<TraceHeader, 'trace_id' | 'start_unix_nano' | 'end_unix_nano'> & { answer?: string | null } | undefined, enabled = true): string | null {
  const ask = t !== undefined && enabled && !t.answer;
  const said = useQuery({
    queryKey: ['answer', t?.trace_id, t?.end_unix_nano], enabled: ask, staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const at = (x: string, by: number): string => new Date(Number(nanos(x) / 1_000_000n) + by).toISOString();
      const list = await get<SpanList>('/spans', { q: `trace:${t!.trace_id} kind:llm status!=error`, from: at(t!.start_unix_nano, -1000), to: at(t!.end_unix_nano, 1000), limit: 1 }, signal);
      const last = list.spans[0];
      if (!last) return '';
      const d = await get<SpanDetail>(`/traces/${seg(t!.trace_id)}/spans/${seg(last.span_id)}`, {}, signal);
      return d.output.flatMap((m) => m.parts).filter((p) => p.type === 'text').map((p) => p.content ?? '').join('\n\n');
    },
  });
  return t?.answer || said.data || null;
}
