import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { AuditEntry } from '../api/types';
import { integer } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { Safe } from '../text/text';
import { Failure, Skeleton, Time } from '../ui/bits';
import { Link } from '../url/link';
import './operators.css';

/** Which keys there are and what each may do; with the key of the stricter tier, who used it. */
export default function KeysPage() {
  const tier = useQuery({ queryKey: ['restricted'], staleTime: 60_000, queryFn: ({ signal }) => get<{ enabled: boolean }>('/restricted', {}, signal) });
  const on = tier.data?.enabled ?? false;
  return (
    <main className="page"><header className="top"><h1>Keys</h1><span className="cap wide">who may read what</span></header>
      <div className="opage scroll" tabIndex={0} role="region" aria-label="Keys and rights">
        {tier.isError && <Failure error={tier.error} retry={() => void tier.refetch()} />}
        <section className="panel" aria-label="Keys"><table><thead><tr><th scope="col">Who</th><th scope="col">Key</th><th scope="col">May</th></tr></thead><tbody>
          <tr><td className="fwm">Everybody who reaches the port</td><td className="mid">none</td><td>send spans, logs and metrics; read everything that is not withheld; keep panels</td></tr>
          <tr><td className="fwm">Readers of the stricter tier</td><td>{tier.isPending ? <Skeleton w={90} /> : on ? <span className="chip ok">restricted.key</span> : <span className="chip">not configured</span>}</td><td>{on ? <>also what is withheld from everybody else; each reading is written down. <Link className="link" to={`/search?row=spans&q=${encodeURIComponent('turnscope.restricted exists')}`}>Withheld spans</Link></> : 'nothing is withheld here: restricted.enabled is false'}</td></tr>
        </tbody></table></section>
        <p className="notice flat">There are no accounts and no keys for single people or services yet. That is why the server listens on loopback only unless <code>listen.allow_remote_without_auth</code> says otherwise; put a proxy that asks who somebody is before a port that others reach. Keys of exporters are secrets of the configuration and are shown nowhere.</p>
        {on ? <Trail /> : tier.data && <section className="panel" aria-label="The stricter tier"><header><h2>The stricter tier</h2></header><div className="pad stack"><p>Spans in which personal data was found, or that a rule names, can be kept apart and read with a key of their own:</p><pre className="codebox">{'redact:\n  enabled: true\nrestricted:\n  enabled: true\n  key: "${file:/etc/turnscope/restricted.key}"   # openssl rand -hex 32'}</pre><p className="dim">The rest is in docs/restricted.md.</p></div></section>}
      </div><StatusBar keys={[[['g', 'r'], 'test redaction'], [['g', 'h'], 'health'], [['?'], 'all keys']]} /></main>
  );
}

/** The trail of readings. The key stays in this page's memory and goes with its own request only. */
function Trail() {
  const [entries, setEntries] = useState<AuditEntry[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const ask = async (key: string, reader: string): Promise<void> => {
    setBusy(true);
    try { setEntries((await get<{ entries: AuditEntry[] }>('/restricted/audit', { limit: 500 }, undefined, { 'x-turnscope-restricted-key': key, ...(reader ? { 'x-turnscope-reader': reader } : {}) })).entries); setError(null); } catch (e) { setEntries(null); setError(e); }
    setBusy(false);
  };
  return (
    <section className="panel" aria-label="Readings of the stricter tier"><header><h2>Readings of the stricter tier</h2><span className="cap">asked for with its key; this question is written down as well</span></header>
      <form className="row rdin pad" onSubmit={(e) => { e.preventDefault(); const f = new FormData(e.currentTarget); void ask(String(f.get('key')), String(f.get('reader')).trim()); }}>
        <label>Key<input name="key" type="password" required autoComplete="off" /></label><label>Who reads<input name="reader" autoComplete="off" placeholder="your name, for the trail" /></label><button type="submit" className="btn primary" disabled={busy}>Show</button></form>
      {error !== null && <Failure error={error} />}
      {entries && <table><thead><tr><th scope="col">Time</th><th scope="col">Reader</th><th scope="col">From</th><th scope="col">Asked for</th><th scope="col">Answer</th></tr></thead><tbody>{entries.map((e, i) => <tr key={i}><td><Time t={e.time_unix_nano} long /></td><td>{e.reader ? <Safe text={e.reader} /> : <span className="dim">not told</span>}</td><td className="mono mid"><Safe text={e.peer} /></td><td className="mono"><Safe text={e.path + (e.query ? `?${e.query}` : '')} /></td><td>{e.allowed ? <span className="ok">shown</span> : <span className="chip danger">key did not fit</span>}</td></tr>)}</tbody></table>}
      {entries && <p className="pad dim">The last {integer(entries.length)}, newest first; all of them are in DATA/audit/restricted.jsonl.</p>}</section>
  );
}
