import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { SpanDetail } from '../api/types';
import type { NavIndex } from './nav-index';

/** The worst score of a span: what a judge, a person or a rule said of it. */
export interface Scored { name: string; value: number | null; label: string | null }
const most = 120, atOnce = 6;
export const isBad = (label: string | null): boolean => label !== null && /^(fail|failed|bad|incorrect|unfaithful|no|false)$/i.test(label);

/** Words decide before numbers; numbers are read as shares of 1 where they lie in it. */
export function gradeOf(s: Scored): 'bad' | 'mid' | 'good' | 'other' {
  if (isBad(s.label)) return 'bad';
  if (s.value === null) return s.label === null ? 'other' : 'good';
  if (s.value < 0 || s.value > 1) return 'other';
  return s.value < 0.5 ? 'bad' : s.value < 0.8 ? 'mid' : 'good';
}
const rank = { bad: 0, mid: 1, good: 2, other: 3 };

/** Scores of the spans that carry such: agents, turns, model calls and retrievals, the first 120 of them. */
export function useScores(trace: string, index: NavIndex | undefined, revision: string, enabled: boolean) {
  return useQuery({
    queryKey: ['scores', trace, revision], enabled: enabled && index !== undefined, staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const ids = index!.spans.filter((s) => s.kind === 'agent' || s.kind === 'turn' || s.kind === 'llm' || s.kind === 'retrieval').map((s) => s.id);
      const out = new Map<string, Scored>();
      for (let i = 0; i < Math.min(most, ids.length); i += atOnce) {
        const part = await Promise.all(ids.slice(i, Math.min(most, i + atOnce)).map((id) => get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(id)}`, {}, signal)));
        for (const d of part) {
          const worst = [...d.scores].sort((a, b) => rank[gradeOf(a)] - rank[gradeOf(b)])[0];
          if (worst) out.set(d.span_id, worst);
        }
      }
      return { scores: out, more: ids.length > most };
    },
  });
}
export const scoreText = (s: Scored): string => `${s.name} ${s.value !== null ? String(Number(s.value.toFixed(3))) : ''}${s.label ? `${s.value !== null ? ', ' : ''}${s.label}` : ''}`.trim();
