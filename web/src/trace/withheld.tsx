import { useState } from 'react';
import { get, seg } from '../api/client';
import type { SpanDetail } from '../api/types';
import { Safe } from '../text/text';
import { Failure } from '../ui/bits';

/** What reads the stricter tier, until the page is left: in memory only, and sent with nothing else. */
let reader: { key: string; name: string } | null = null;
export const tierHeaders = (): Record<string, string> => (reader ? { 'x-turnscope-restricted-key': reader.key, ...(reader.name ? { 'x-turnscope-reader': reader.name } : {}) } : {});

export const whyWithheld = (d: SpanDetail): string | null => (d.attributes.some((a) => a.key === 'turnscope.withheld' && a.value === true) ? String(d.attributes.find((a) => a.key === 'turnscope.restricted')?.value ?? '') : null);

/** A span of the stricter tier: why nothing is seen of it, and the way in. Each reading is asked for, since each is written down. */
export function Withheld({ trace, span, why, shown, show }: { trace: string; span: string; why: string; shown: boolean; show: (d: SpanDetail | null) => void }) {
  const [known, setKnown] = useState(reader !== null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const forget = (): void => { reader = null; setKnown(false); show(null); };
  const read = async (): Promise<void> => {
    setBusy(true);
    try {
      show(await get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(span)}`, {}, undefined, tierHeaders()));
      setError(null); setKnown(true);
    } catch (e) { forget(); setError(e); }
    setBusy(false);
  };
  if (shown) return <div className="notice warn flat wh" role="status"><span>From the stricter tier. That you read it is written down.</span><span className="row"><button type="button" className="btn" onClick={() => show(null)}>Hide it</button><button type="button" className="btn" onClick={forget}>Forget the key</button></span></div>;
  return (
    <section className="notice flat wh" aria-label="Withheld"><p>{why === 'found' || why === '' ? 'Personal data was found in this span, so what it says is withheld.' : <>A rule, <b><Safe text={why} /></b>, withholds what this span says.</>} Who has the key of the stricter tier can read it; each reading is written down.</p>
      {error !== null && <Failure error={error} />}
      {known ? <span className="row"><button type="button" className="btn primary" disabled={busy} onClick={() => void read()}>Read this span{reader?.name ? ` as ${reader.name}` : ''}</button><button type="button" className="btn" onClick={forget}>Forget the key</button></span>
        : <form className="row wrap" onSubmit={(e) => { e.preventDefault(); const f = new FormData(e.currentTarget); reader = { key: String(f.get('key')), name: String(f.get('reader')).trim() }; void read(); }}>
            <label>Key<input name="key" type="password" required autoComplete="off" /></label><label>Who reads<input name="reader" autoComplete="off" placeholder="for the trail" /></label><button type="submit" className="btn primary" disabled={busy}>Read this span</button></form>}
    </section>
  );
}
