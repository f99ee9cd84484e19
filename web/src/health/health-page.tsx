import { useState, type ReactNode } from 'react';
import { bytes, integer, percent } from '../format/numbers';
import { timeTitle, timeLong } from '../format/time';
import { StatusBar } from '../frame/frame';
import { oneLine } from '../text/safe';
import { Safe } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';
import { Link } from '../url/link';
import { Exporters } from './exporters';
import { useHealth } from './use-health';
import './health.css';

const uptime = (s: number): string => (s < 60 ? `${Math.round(s)} s` : s < 3600 ? `${Math.floor(s / 60)} min` : s < 86_400 ? `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min` : `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`);
const behind = (s: number): string => (s < 0.05 ? 'up to date' : s < 60 ? `${s.toFixed(1)} s behind` : `${uptime(s)} behind`);

export default function HealthPage() {
  const q = useHealth(2000);
  const h = q.data;
  const [all, setAll] = useState(false);
  const worst = h?.anomalies.filter((a) => a.count > 0) ?? [];
  return (
    <main className="page">
      <header className="top"><h1>Health</h1>{h && <span className={`chip ${h.status === 'ok' ? 'ok' : h.status === 'degraded' ? 'warn' : 'danger'}`}>{h.status === 'ok' ? '●' : '▲'} {h.status}</span>}<span className="grow" /><Link className="btn" to="/redact">Test redaction</Link>{h && <span className="dim">version <Safe text={h.version} />, up {uptime(h.uptime_seconds)}</span>}</header>
      <div className="hl scroll" tabIndex={0} role="region" aria-label="State of the server">
        {q.isError && <Failure error={q.error} retry={() => void q.refetch()} />}
        {!h && !q.isError && <div className="cells">{[0, 1, 2, 3].map((i) => <div className="panel cell" key={i}><Skeleton w={90} /><Skeleton w={140} h={18} /></div>)}</div>}
        {h && (
          <>
            <div className="cells">
              <Cell ok title="Intake" value={<>{integer(Math.round(h.ingest.spans_per_second))}<span className="unit">spans/s</span></>}>{integer(h.ingest.accepted_spans)} spans accepted, {integer(h.ingest.refused_requests)} requests refused</Cell>
              <Cell ok={h.log.ok} title="Log" value={<>{bytes(h.log.bytes_on_disk)}</>} share={h.log.max_bytes > 0 ? h.log.bytes_on_disk / h.log.max_bytes : null}>{h.log.max_bytes > 0 ? `${percent(h.log.bytes_on_disk / h.log.max_bytes)} of ${bytes(h.log.max_bytes)}, ` : ''}{bytes(h.log.pending_bytes)} not yet read by every sink. <Safe text={h.log.message} /></Cell>
              <Cell ok={h.store.ok} title={`Store, ${h.store.engine}`} value={<>{integer(h.store.spans)}<span className="unit">spans</span></>}>{h.store.bytes === null ? '' : `${bytes(h.store.bytes)} on disk. `}<Safe text={h.store.message} /></Cell>
              <Cell ok={h.memory.max_bytes === 0 || h.memory.rss_bytes < h.memory.max_bytes * 0.9} title="Memory" value={<>{bytes(h.memory.rss_bytes)}</>} share={h.memory.max_bytes > 0 ? h.memory.rss_bytes / h.memory.max_bytes : null}>{h.memory.max_bytes > 0 ? `of ${bytes(h.memory.max_bytes)}` : 'no limit set'}</Cell>
            </div>
            <section className="panel"><header><h2>Sinks</h2><span className="cap">each reads the log at its own pace; a slow one delays nobody</span></header>
              <table><thead><tr><th scope="col">Sink</th><th scope="col">State</th><th scope="col" className="num">Position</th><th scope="col" className="num">Records behind</th><th scope="col" className="num">Time behind</th></tr></thead>
                <tbody>{h.sinks.map((s) => <tr key={s.name}><td><span className={s.ok ? 'ok' : 'danger'}>{s.ok ? '●' : '▲'}</span> <Safe text={s.name} /></td><td className={s.ok ? 'mid' : 'danger'}>{s.message ? <Safe text={oneLine(s.message)} /> : s.ok ? 'running' : 'failing'}</td><td className="num">{integer(s.position)}</td><td className={`num ${s.lag_records > 0 ? '' : 'dim'}`}>{integer(s.lag_records)}</td><td className={`num ${s.freshness_seconds > 30 ? 'warn' : ''}`}>{behind(s.freshness_seconds)}</td></tr>)}</tbody></table>
              {h.sinks.length === 0 && <p className="pad dim">No sink is configured.</p>}</section>
            <Exporters />
            <section className="panel"><header><h2>Anomalies</h2><span className="cap">everything that was refused, cut, repaired or skipped is counted here</span><span className="grow" />{worst.length === 0 && <span className="ok">none since the start</span>}</header>
              {(worst.length > 0 || all) && <table className="an"><thead><tr><th scope="col">What</th><th scope="col" className="num">Count</th><th scope="col">What it means and what to do</th></tr></thead>
                <tbody>{[...worst, ...(all ? h.anomalies.filter((a) => a.count === 0) : [])].map((a) => <tr key={a.name} className={a.count === 0 ? 'zero' : ''}><td className="mono"><span className={a.count === 0 ? 'dim' : a.severity === 'error' ? 'danger' : a.severity === 'warn' ? 'warn' : 'mid'}>{a.count === 0 ? '○' : a.severity === 'info' ? '●' : '▲'}</span> <Safe text={a.name} /></td><td className="num">{a.count === 0 ? <span className="dim">–</span> : <>{integer(a.count)}<span className="unit"><Safe text={a.unit} /></span></>}</td><td className="mid"><Safe text={a.help} /></td></tr>)}</tbody></table>}
              <div className="anz"><button type="button" className="more" aria-expanded={all} onClick={() => setAll(!all)}>{all ? 'Only what was counted' : `${integer(h.anomalies.length - worst.length)} ${worst.length > 0 ? 'other ' : ''}kinds, none of them counted: show them`}</button></div></section>
          </>
        )}
      </div>
      <StatusBar keys={[[['g', 's'], 'search'], [['g', 'd'], 'services'], [['?'], 'all keys']]} right={h ? <span title={timeTitle(h.now_unix_nano)}>as of {timeLong(h.now_unix_nano)}</span> : undefined} />
    </main>
  );
}

function Cell({ ok, title, value, share = null, children }: { ok: boolean; title: string; value: ReactNode; share?: number | null; children: ReactNode }) {
  return (
    <section className="panel cell"><h2><span className={ok ? 'ok' : 'danger'}>{ok ? '●' : '▲'}</span> {title}</h2><div className="v">{value}</div>
      {share !== null && <div className="meter" role="img" aria-label={percent(share)}><i className={share > 0.9 ? 'b-k-error' : 'b-k-llm'} style={{ width: `${Math.min(100, share * 100)}%` }} /></div>}<div className="mid">{children}</div></section>
  );
}
