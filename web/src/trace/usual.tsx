import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { SpanDetail, Timeseries } from '../api/types';
import { durationText, integer, percent } from '../format/numbers';
import { quote } from '../search/language';
import { shortModel } from '../search/table';
import { Safe } from '../text/text';
import { Link } from '../url/link';

/** What of the same sort is compared with: the tool, the model, the agent, or the name within its service. */
export function alike(d: Pick<SpanDetail, 'kind' | 'tool' | 'model' | 'agent' | 'name' | 'service'>): { q: string; label: string } {
  if (d.tool && (d.kind === 'tool' || d.kind === 'retrieval')) return { q: `tool:${quote(d.tool)} kind:${d.kind}`, label: d.tool };
  if (d.model && (d.kind === 'llm' || d.kind === 'embedding')) return { q: `model:${quote(d.model)} kind:${d.kind}`, label: shortModel(d.model) };
  if (d.agent && d.kind === 'agent') return { q: `agent:${quote(d.agent)} kind:agent`, label: d.agent };
  return { q: `name:${quote(d.name)} service:${quote(d.service)}`, label: d.name };
}

/** Is that much? The span's time beside p50 and p95 of its like over the last seven days. */
export function Usual({ d }: { d: SpanDetail }) {
  const { q, label } = alike(d);
  const t = useQuery({ queryKey: ['usual', q], staleTime: 60_000, retry: false, queryFn: ({ signal }) => get<Timeseries>('/timeseries', { q, from: 'now-7d', row: 'spans', buckets: 1 }, signal) });
  // The range may touch two steps; the one with more calls speaks.
  const p = t.data?.points.reduce<Timeseries['points'][number] | null>((m, x) => (m === null || x.count > m.count ? x : m), null) ?? null;
  const count = t.data?.points.reduce((n, x) => n + x.count, 0) ?? 0, errors = t.data?.points.reduce((n, x) => n + x.errors, 0) ?? 0;
  const known = p !== null && p.p50_ns !== null && p.p95_ns !== null && count >= 5;
  const top = known ? Math.max(p.p95_ns!, d.duration_ns) * 1.08 : 1, at = (ns: number): string => `${Math.min(100, (ns / top) * 100)}%`;
  const word = !known ? '' : d.duration_ns > p.p95_ns! ? 'slower than 19 of 20' : d.duration_ns > p.p50_ns! * 1.25 ? 'slower than most' : d.duration_ns < p.p50_ns! * 0.75 ? 'faster than most' : 'as usual';
  return (
    <section className="usual" aria-label="Compared with its like">
      <span className="cap trunc">{known ? <><Link className="link" to={`/search?row=spans&plot=duration&from=now-7d&q=${encodeURIComponent(q)}`}><Safe text={label} /></Link> {integer(count)} in 7 d{errors > 0 && <>, <span className="danger">{percent(errors / count)} failed</span></>}</> : t.isPending ? ' ' : `fewer than five like it in 7 days`}</span>
      {known && <><span className="utrack" role="img" aria-label={`p50 ${durationText(p.p50_ns)}, p95 ${durationText(p.p95_ns)}, this one ${durationText(d.duration_ns)}`}><i className="ur" style={{ left: at(p.p50_ns!), right: `calc(100% - ${at(p.p95_ns!)})` }} /><i className="um" style={{ left: at(d.duration_ns) }} /></span>
        <span className="cap">p50 {durationText(p.p50_ns)}, p95 {durationText(p.p95_ns)}</span><span className={`chip ${word === 'slower than 19 of 20' ? 'warn' : word === 'faster than most' ? 'ok' : ''}`}>{word}</span></>}
    </section>
  );
}
