import { useState } from 'react';
import { post } from '../api/client';
import type { Redacted } from '../api/types';
import { integer, some } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { Safe, SafeBlock } from '../text/text';
import { CopyButton, Failure } from '../ui/bits';
import './operators.css';

const sample = `Hi, this is Ada Lovelace (ada@example.com, +44 20 7946 0958).
My card 4111 1111 1111 1111 was charged twice. The key in our log is
sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJ, from 203.0.113.7.`;

/** What redaction, as the server is configured, makes of a text. Nothing is stored. */
export default function RedactPage() {
  const [text, setText] = useState(''), [key, setKey] = useState('gen_ai.input.messages'), [service, setService] = useState('');
  const [answer, setAnswer] = useState<Redacted | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    try { setAnswer(await post<Redacted>('/redact/test', { text, ...(key.trim() ? { key: key.trim() } : {}), ...(service.trim() ? { service: service.trim() } : {}) })); setError(null); }
    catch (e) { setAnswer(null); setError(e); }
    setBusy(false);
  };
  return (
    <main className="page"><header className="top"><h1>Test redaction</h1><span className="cap">what would be stored of a text, by the rules of this server; the text is neither stored nor counted</span></header>
      <div className="expl">
        <section className="expin"><label className="h2" htmlFor="plain">Text</label><textarea id="plain" className="mono" spellCheck={false} value={text} maxLength={1_048_576} placeholder="Paste a prompt, an answer or a tool's result" onChange={(e) => setText(e.target.value)} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey)) { e.preventDefault(); void run(); } }} />
          <div className="row rdin"><label className="dim">under the attribute <input className="mono" value={key} spellCheck={false} onChange={(e) => setKey(e.target.value)} /></label><label className="dim">of the service <input className="mono" value={service} placeholder="any" spellCheck={false} onChange={(e) => setService(e.target.value)} /></label></div>
          <div className="row"><button type="button" className="btn primary" disabled={busy || text === ''} onClick={() => void run()}>Redact <kbd>ctrl enter</kbd></button><button type="button" className="btn" onClick={() => setText(sample)}>An example</button></div></section>
        <section className="expout scroll" tabIndex={0} role="region" aria-label="What would be stored" aria-live="polite">
          {error !== null && <Failure error={error} />}
          {!answer && error === null && <p className="dim">Rules are set in the configuration (docs/redaction.md): detectors for keys, cards, mail addresses and the like, patterns of your own, and what happens to each hit: masked, hashed, or dropped with the attribute. This page shows what they do before they meet real text.</p>}
          {answer && <>
            {!answer.enabled && <p className="notice warn flat">Redaction is off on this server: what comes in is stored as it is. Below is what the rules would do.</p>}
            <article className="panel exps"><header><h2>{answer.changed ? 'Stored as' : 'Stored unchanged'}</h2><span className="grow" /><CopyButton text={answer.text} label="Copy" /></header><div className="pad codeish"><SafeBlock text={answer.text} /></div></article>
            <article className="panel exps"><header><h2>Found</h2><span className="cap">{some(answer.found.reduce((n, f) => n + f.count, 0), 'hit')}; what was found is not repeated</span></header>
              {answer.replacements.length === 0 ? <p className="pad dim">No rule matched.</p> : <table><thead><tr><th scope="col">Detector</th><th scope="col">Pattern</th><th scope="col">Replaced by</th><th scope="col" className="num">Bytes</th></tr></thead><tbody>{answer.replacements.slice(0, 500).map((r, i) => <tr key={i}><td><Safe text={r.detector} /></td><td className="mono mid"><Safe text={r.pattern ?? '—'} /></td><td className="mono"><Safe text={r.replacement || 'nothing'} /></td><td className="num">{integer(r.bytes)}</td></tr>)}</tbody></table>}</article>
          </>}
        </section>
      </div><StatusBar keys={[[['g', 'h'], 'health'], [['?'], 'all keys']]} /></main>
  );
}
