import { useState, type ReactNode } from 'react';
import type { Cost, Sampled, UnixNano } from '../api/types';
import { ApiFailure } from '../api/client';
import { duration, money, moneyExact, unknown } from '../format/numbers';
import { timeLong, timeShort, timeTitle } from '../format/time';
import { Icon, KindIcon } from './icons';

export function Dur({ ns }: { ns: number | null | undefined }) {
  const f = duration(ns);
  if (!f.unit) return <span className="dim">{f.value}</span>;
  return <>{f.value}<span className="unit">{f.unit}</span></>;
}

/** Computed cost; what is not priced says so. */
export function CostText({ cost, dash = unknown }: { cost: Cost | null | undefined; dash?: string }) {
  if (!cost || cost.state === 'none') {
    return cost && cost.reported_nano_usd !== null && cost.reported_nano_usd !== undefined
      ? <span title="Reported by the client; nothing of ours to price it by">{money(cost.reported_nano_usd)}<span className="unit">rep.</span></span>
      : <span className="dim">{dash}</span>;
  }
  if (cost.state === 'unpriced' || cost.nano_usd === null) return <span className="chip warn" title="No price is known for this model. Unknown is not $0.">unpriced</span>;
  const title = `${moneyExact(cost.nano_usd)} computed from the price table${cost.reported_nano_usd !== null ? `\n${moneyExact(cost.reported_nano_usd)} reported by the client` : ''}`;
  return <span title={title}>{cost.state === 'partly' && <span className="dim" title="Some calls have no price: at least this much">≥ </span>}{money(cost.nano_usd)}</span>;
}

export const Time = ({ t, long = false }: { t: UnixNano; long?: boolean }) => (
  <time title={timeTitle(t)}>{long ? timeLong(t) : timeShort(t)}</time>
);

export function CopyButton({ text, label, className = 'btn quiet icon', children }: { text: string | (() => string | Promise<string>); label: string; className?: string; children?: ReactNode }) {
  const [done, setDone] = useState(false);
  return (
    <button type="button" className={className} title={label} aria-label={children ? undefined : label} onClick={() => {
      void (async () => {
        try {
          await copyText(typeof text === 'string' ? text : await text());
          setDone(true);
          setTimeout(() => setDone(false), 1200);
        } catch { /* the clipboard may be closed to us */ }
      })();
    }}>
      <Icon name={done ? 'check' : 'copy'} />{children}
    </button>
  );
}
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'offscreen';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

/** What went wrong, in words, with the way on. */
export function Failure({ error, retry, title, more }: { error: unknown; retry?: () => void; title?: string; more?: ReactNode }) {
  const e = error instanceof ApiFailure ? error : null;
  const unreachable = e?.status === 0;
  return (
    <div className="notice bad" role="alert">
      <KindIcon kind="error" />
      <div className="grow">
        <b>{title ?? (unreachable ? 'The server does not answer' : 'The server refused')}</b>
        <div className="mid">{unreachable ? 'Intake may go on: what was acknowledged is in the log. What stands here is what was read before.' : error instanceof Error ? error.message : String(error)}</div>
        {(retry || more) && <div className="row wayon">{retry && <button type="button" className="btn" onClick={retry}><Icon name="retry" />Try again</button>}{more}</div>}
      </div>
    </div>
  );
}

const sampled = {
  adjusted: ['estimates', 'Retention sampling took traces of this range. Those that stay count with their weight: these figures are estimates.'],
  stored_only: ['stored traces only', 'Retention sampling took traces of this range. These figures are of what is still in the store; what was taken is not counted.'],
} as const;
/** Says what figures are where retention sampling took traces; nothing where it took none. */
export function SampledNote({ of, long = false }: { of: (Sampled | undefined)[]; long?: boolean }) {
  const kind = of.some((x) => x?.stored_only) ? 'stored_only' : of.some((x) => x?.adjusted) ? 'adjusted' : null;
  if (kind === null) return null;
  const [word, why] = sampled[kind];
  return long ? <p className="notice flat" role="note"><span><b>{word[0]!.toUpperCase() + word.slice(1)}.</b> {why}</span></p> : <span className="chip out" role="note" title={why}>{word}</span>;
}

export function Skeleton({ w, h = 10 }: { w: number | string; h?: number }) {
  return <span className="sk" style={{ width: w, height: h }} />;
}
