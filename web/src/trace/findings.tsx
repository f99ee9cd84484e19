import type { Finding } from '../api/types';
import { compact, duration, integer, money, percent } from '../format/numbers';
import { Safe } from '../text/text';

const words = { slow: 'Slow', dear: 'Dear', wrong: 'Wrong' } as const;
const digits = { slow: '1', dear: '2', wrong: '3' } as const;

export function FindingFigure({ finding: f }: { finding: Finding }) {
  if (f.unit === 'ns') { const d = duration(f.value); return <span className="big">{d.value}<span className="unit">{d.unit}</span></span>; }
  if (f.unit === 'nano_usd') return <span className="big">{money(f.value)}</span>;
  if (f.unit === 'tokens') return <span className="big">{compact(f.value)}<span className="unit">tok</span></span>;
  return <span className="big">{integer(f.value)}<span className="unit">{f.value === 1 ? 'error' : 'errors'}</span></span>;
}

/** The sentence without the name that stands above it. */
const without = (text: string, name: string): string => { const at = text.indexOf(' failed: '); return at >= 0 && name.endsWith(text.slice(0, at)) ? text.slice(at + 9) : text; };

/** What was slow, dear and wrong: one key each. No finding, no card. */
export function Findings({ findings, select, selected }: { findings: Finding[]; select: (span: string) => void; selected: string | null }) {
  if (findings.length === 0) return null;
  return (
    <section className="findings" aria-label="Findings">
      {(['slow', 'dear', 'wrong'] as const).map((type) => {
        const f = findings.find((x) => x.type === type);
        if (!f) return null;
        return (
          <button type="button" key={type} className={`finding ${type === 'wrong' ? 'bad' : ''} ${selected === f.span_id ? 'on' : ''}`} onClick={() => select(f.span_id)}>
            <span className="w">{words[type]}</span><FindingFigure finding={f} />
            <span className="t"><span className="trunc"><b className="strong"><Safe text={f.name} /></b>{f.share !== null && <span className="mid">, {percent(f.share)} of the {type === 'dear' ? 'cost' : 'run'}</span>}{type === 'wrong' && f.detail && <span className="mid">, {f.detail}</span>}</span><span className="mid trunc" title={f.detail ? `${f.text}. ${f.detail}` : f.text}><Safe text={f.type === 'wrong' ? without(f.text, f.name) : f.detail ?? f.text} /></span></span>
            <kbd>{digits[type]}</kbd>
          </button>
        );
      })}
    </section>
  );
}
