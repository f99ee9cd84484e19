import { memo, useState } from 'react';
import { integer } from '../format/numbers';
import { Safe } from './text';

const page = 50;

/** JSON as a tree of text: deep and long parts stay closed until they are asked for. */
export const JsonView = memo(function JsonView({ value, open = 3 }: { value: unknown; open?: number }) {
  return <div className="json mono"><Node value={value} depth={0} open={open} comma={false} /></div>;
});

function Node({ name, value, depth, open, comma }: { name?: string; value: unknown; depth: number; open: number; comma: boolean }) {
  const isArray = Array.isArray(value);
  const isObject = typeof value === 'object' && value !== null && !isArray;
  const entries: [string | null, unknown][] = isArray ? value.map((v) => [null, v]) : isObject ? Object.entries(value) : [];
  const small = entries.length > 0 && entries.length <= 4 && entries.every(([, v]) => typeof v !== 'object' || v === null) && JSON.stringify(value).length + depth * 2 < 46;
  const [isOpen, setOpen] = useState(depth < open && entries.length <= (depth === 0 ? 100 : 20));
  const [shown, setShown] = useState(page);
  const label = name !== undefined && <><span className="jk">"<Safe text={name} />"</span>: </>;
  if (!isArray && !isObject) return <div className="jl">{label}<Scalar value={value} />{comma && ','}</div>;
  const [a, z] = isArray ? ['[', ']'] : ['{', '}'];
  if (entries.length === 0) return <div className="jl">{label}{a}{z}{comma && ','}</div>;
  if (small) {
    return <div className="jl">{label}{a} {entries.map(([k, v], i) => <span key={i}>{k !== null && <><span className="jk">"<Safe text={k} />"</span>: </>}<Scalar value={v} />{i + 1 < entries.length && ', '}</span>)} {z}{comma && ','}</div>;
  }
  const many = `${integer(entries.length)} ${isArray ? (entries.length === 1 ? 'item' : 'items') : entries.length === 1 ? 'key' : 'keys'}`;
  return (
    <div className="jn">
      <button type="button" className="jt" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        {label}{a}{!isOpen && <><span className="jm"> … {many} </span>{z}{comma && ','}</>}
      </button>
      {isOpen && (
        <>
          <div className="jc">
            {entries.slice(0, shown).map(([k, v], i) => <Node key={i} {...(k !== null ? { name: k } : {})} value={v} depth={depth + 1} open={open} comma={i + 1 < entries.length} />)}
            {entries.length > shown && <button type="button" className="more" onClick={() => setShown(shown + page * 4)}>… {integer(entries.length - shown)} more</button>}
          </div>
          <div className="jl">{z}{comma && ','}</div>
        </>
      )}
    </div>
  );
}

function Scalar({ value }: { value: unknown }) {
  const [all, setAll] = useState(false);
  if (typeof value !== 'string') return <span className={typeof value === 'number' ? 'jnum' : 'jlit'}>{String(value)}</span>;
  const long = value.length > 600;
  return (
    <span className="js">"<Safe text={long && !all ? value.slice(0, 400) : value} />{long && !all ? '…' : ''}"
      {long && <button type="button" className="more" onClick={() => setAll(!all)}>{all ? 'less' : `${integer(value.length - 400)} more characters`}</button>}
    </span>
  );
}

/** The value of text that is JSON (an object or an array), else undefined. Large text is not tried. */
export function asJson(text: string): unknown {
  const t = text.trimStart();
  if (text.length > 2_000_000 || !(t.startsWith('{') || t.startsWith('['))) return undefined;
  try {
    const v: unknown = JSON.parse(text);
    return typeof v === 'object' && v !== null ? v : undefined;
  } catch {
    return undefined;
  }
}
