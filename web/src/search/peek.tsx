import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { TraceHeader } from '../api/types';
import { integer, percent } from '../format/numbers';
import { Safe } from '../text/text';
import { Value } from '../text/value';
import { CostText, Dur, Failure, Skeleton, Time } from '../ui/bits';
import { Icon, KindIcon } from '../ui/icons';
import { Link } from '../url/link';
import { FindingFigure } from '../trace/findings';
import { Shape } from './shape';

/** The trace in short, beside the list. */
export function Peek({ id, close }: { id: string; close: () => void }) {
  const header = useQuery({ queryKey: ['trace', id], queryFn: ({ signal }) => get<TraceHeader>(`/traces/${seg(id)}`, {}, signal) });
  const t = header.data;
  return (
    <aside className="peek" aria-label="Peek">
      <header><b className="trunc grow">{t ? <Safe text={t.question ?? t.root?.name ?? id} /> : <Skeleton w={220} h={12} />}</b><Link className="btn" to={`/t/${id}`}><Icon name="open" />Open</Link><button type="button" className="btn quiet icon" aria-label="Close the peek panel" onClick={close}><Icon name="x" /></button></header>
      {header.isError && <Failure error={header.error} retry={() => void header.refetch()} />}
      {t && (
        <div className="scroll pbody" tabIndex={0} role="region" aria-label="Summary of the trace">
          <div className="pfacts">
            <div><span className="cap">Duration</span><b><Dur ns={t.duration_ns} /></b></div>
            <div><span className="cap">Cost</span><b><CostText cost={t.cost} /></b></div>
            <div><span className="cap">Tokens</span><b>{t.tokens ? integer(t.tokens.input + t.tokens.output) : '—'}</b></div>
            <div><span className="cap">Turns</span><b>{t.turns || '—'}</b></div>
            <div><span className="cap">Errors</span><b className={t.errors ? 'danger' : ''}>{integer(t.errors)}</b></div>
          </div>
          <Shape shape={t.shape} duration={t.duration_ns} scale={t.duration_ns} width={352} />
          <div className="cap">started <Time t={t.start_unix_nano} long />, {integer(t.spans)} spans</div>
          {t.findings.map((f) => (
            <Link key={f.type} className={`finding ${f.type === 'wrong' ? 'bad' : ''}`} to={`/t/${id}?s=${f.span_id}`}>
              <span className="w">{f.type}</span><FindingFigure finding={f} /><span className="t"><span className="trunc"><KindIcon kind={f.type === 'wrong' ? 'error' : f.kind} /> <Safe text={f.name} />{f.share !== null && <span className="dim"> {percent(f.share)} of the run</span>}</span><span className="dim trunc2"><Safe text={f.text} /></span></span>
            </Link>
          ))}
          {t.question && <><h3>Question</h3><Value text={t.question} as="read" /></>}
          {t.answer && <><h3>Answer</h3><Value text={t.answer} as="read" /></>}
        </div>
      )}
    </aside>
  );
}
