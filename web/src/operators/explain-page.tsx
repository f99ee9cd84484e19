import { useState } from 'react';
import { post } from '../api/client';
import { StatusBar } from '../frame/frame';
import { JsonView } from '../text/json-view';
import { Safe } from '../text/text';
import { CopyButton, Failure } from '../ui/bits';
import './operators.css';

const sample = `{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},"scopeSpans":[{"spans":[
 {"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"chat","kind":3,
  "startTimeUnixNano":"1795360772548583189","endTimeUnixNano":"1795360773548583189",
  "attributes":[{"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},
   {"key":"gen_ai.request.model","value":{"stringValue":"claude-sonnet-4-5"}},
   {"key":"gen_ai.usage.input_tokens","value":{"intValue":"1200"}},
   {"key":"gen_ai.usage.cache_read.input_tokens","value":{"intValue":"1000"}},
   {"key":"gen_ai.usage.output_tokens","value":{"intValue":"80"}}]}]}]}]}`;

/** A fact, and the attribute or rule it came from. */
function Facts({ facts }: { facts: Record<string, unknown> }) {
  const origins = (typeof facts['origins'] === 'object' && facts['origins'] !== null ? facts['origins'] : {}) as Record<string, unknown>;
  const told = (o: unknown): string => (typeof o === 'string' ? o : typeof o === 'object' && o !== null ? Object.values(o).filter((x) => typeof x === 'string' && x !== '').join(' · ') : '');
  return (
    <table className="factt"><thead><tr><th scope="col">Fact</th><th scope="col">Value</th><th scope="col">Read from</th></tr></thead>
      <tbody>{Object.entries(facts).filter(([k]) => k !== 'origins').map(([k, v]) => <tr key={k}><td className="mid"><Safe text={k.replace(/_/g, ' ')} /></td><td>{v === null || v === '' ? <span className="dim">—</span> : typeof v === 'object' ? <JsonView value={v} open={1} /> : <span className="mono"><Safe text={String(v)} /></span>}</td><td className="mono mid">{told(origins[k]) ? <Safe text={told(origins[k])} /> : <span className="dim">as sent</span>}</td></tr>)}</tbody></table>
  );
}

interface Explained { spans?: Record<string, Record<string, unknown>> }

/** Paste what a client sends: what is read in it, and which attribute each fact came from. Nothing is stored. */
export default function ExplainPage() {
  const [text, setText] = useState('');
  const [answer, setAnswer] = useState<Explained | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    try { setAnswer(await post<Explained>('/explain', text)); setError(null); } catch (e) { setAnswer(null); setError(e); }
    setBusy(false);
  };
  const spans = Object.entries(answer?.spans ?? {});
  return (
    <main className="page"><header className="top"><h1>Explain a payload</h1><span className="cap">what is read in OTLP/JSON, and from which attribute; nothing is stored</span></header>
      <div className="expl">
        <section className="expin"><label className="h2" htmlFor="payload">OTLP/JSON</label><textarea id="payload" className="mono" spellCheck={false} value={text} placeholder={'{"resourceSpans": …}'} onChange={(e) => setText(e.target.value)} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void run(); } }} />
          <div className="row"><button type="button" className="btn primary" disabled={busy || text.trim() === ''} onClick={() => void run()}>Explain <kbd>ctrl enter</kbd></button><button type="button" className="btn" onClick={() => setText(sample)}>An example</button></div></section>
        <section className="expout scroll" tabIndex={0} role="region" aria-label="What is read" aria-live="polite">
          {error !== null && <Failure error={error} />}
          {!answer && error === null && <p className="dim">A span's kind, model, tokens, messages and errors are read from the attributes of many instrumentations. Paste what yours sends to see which of them were understood, and which were not.</p>}
          {spans.map(([id, facts]) => <article key={id} className="panel exps"><header><h2 className="mono"><Safe text={id} /></h2><span className="grow" /><CopyButton text={() => JSON.stringify(facts, null, 2)} label="Copy" /></header><Facts facts={facts} /></article>)}
          {answer && <details><summary>Whole answer</summary><JsonView value={answer} open={1} /></details>}
        </section>
      </div><StatusBar keys={[[['g', 'h'], 'health'], [['?'], 'all keys']]} /></main>
  );
}
