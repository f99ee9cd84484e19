import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Dialect, HouseRule, MappingList } from '../api/types';
import { integer, some } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { Safe } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';
import { Link } from '../url/link';
import { setParams } from '../url/router';
import './operators.css';

const example = `genai:
  mappings:
    - {attribute: acme.llm.model, field: request_model}
    - {attribute: acme.type, field: kind, values: {model-call: llm, lookup: tool}}`;

/** What a rule of the configuration looks at, and what it makes of it. */
function told(r: HouseRule): { looks: string; makes: string } {
  if (r.span_name) return { looks: `spans named ${r.span_name}`, makes: `are of kind ${r.kind ?? ''}` };
  if (!r.attribute) return { looks: 'usage of the scope', makes: r.input_excludes_cache ? 'input counts leave cached tokens out' : 'input counts hold cached tokens' };
  const words = Object.entries(r.values).map(([w, k]) => `${w} is ${k}`).join(', ');
  return { looks: r.event ? `${r.attribute} of events ${r.event}` : r.attribute, makes: `${r.field ?? ''}${r.convert ? `, read as ${r.convert}` : ''}${words ? `: ${words}` : ''}` };
}

/** How attributes are read: the house's rules first, then the built-in tables. What a filter finds, it finds in both. */
export default function MappingsPage({ params }: { params: URLSearchParams }) {
  const d = useQuery({ queryKey: ['mappings'], staleTime: 60_000, queryFn: ({ signal }) => get<MappingList>('/mappings', {}, signal) });
  const text = params.get('q') ?? '', f = text.trim().toLowerCase(), chosen = params.get('dialect');
  const has = (...t: (string | null)[]): boolean => f === '' || t.some((x) => x?.toLowerCase().includes(f));
  const house = (d.data?.house ?? []).filter((r) => has(r.attribute, r.event, r.span_name, r.scope, r.field, r.kind));
  const all = d.data?.dialects ?? [], dialects = all.filter((x) => chosen === null || x.name === chosen);
  const keys = dialects.flatMap((x) => x.keys.map((k) => ({ ...k, dialect: x.name }))).filter((k) => has(k.key, k.field)).sort((a, b) => a.rank - b.rank || a.key.localeCompare(b.key));
  const rest = dialects.flatMap((x) => others(x)).filter((o) => has(o.looks, o.makes));
  return (
    <main className="page"><header className="top"><h1>Mapping rules</h1><span className="cap wide">which attribute fills which field; of several on one span the lowest rank wins</span><span className="grow" />
      <div className="field"><input type="search" aria-label="Filter rules" placeholder="Attribute or field" value={text} onChange={(e) => setParams({ q: e.target.value })} spellCheck={false} /></div></header>
      <div className="opage scroll" tabIndex={0} role="region" aria-label="Mapping rules">
        {d.isError && <Failure error={d.error} retry={() => void d.refetch()} />}
        <section className="panel" aria-label="House rules"><header><h2>Rules of the configuration</h2><span className="cap">genai.mappings; they go before the built-in tables, for spans that come in from now on</span></header>
          {d.isPending ? <div className="pad"><Skeleton w="50%" /></div> : d.data && d.data.house.length === 0
            ? <div className="pad stack"><p>None. A house dialect is taught in the configuration:</p><pre className="codebox">{example}</pre><p className="dim">A wrong rule is refused at start, by name. What is stored already is read anew with <code>turnscope renormalise --since now-30d</code>. What a payload becomes is told by <Link className="link" to="/explain">explain</Link>.</p></div>
            : <table><thead><tr><th scope="col">Looks at</th><th scope="col">Makes of it</th><th scope="col">In the scope</th><th scope="col" className="num">Rank</th></tr></thead><tbody>{house.map((r, i) => { const t = told(r); return <tr key={i}><td className="mono"><Safe text={t.looks} /></td><td><Safe text={t.makes} /></td><td className="mono mid">{r.scope ? <Safe text={r.scope} /> : <span className="dim">any</span>}</td><td className="num">{r.span_name || !r.attribute ? '' : integer(r.rank)}</td></tr>; })}</tbody></table>}
          {d.data && d.data.house.length > 0 && house.length === 0 && <p className="pad dim">None of them has that in it.</p>}</section>
        <section className="panel" aria-label="Built-in tables"><header><h2>Built-in tables</h2><span className="cap">{d.data ? `${some(keys.length, 'attribute')} of ${chosen ?? some(all.length, 'dialect')}` : ''}</span></header>
          {d.data && <div className="row dials" role="group" aria-label="Dialect"><button type="button" className="btn" aria-pressed={chosen === null} onClick={() => setParams({ dialect: null })}>All</button>{all.map((x) => <button type="button" className="btn" key={x.name} aria-pressed={x.name === chosen} onClick={() => setParams({ dialect: x.name === chosen ? null : x.name })}>{x.name}<span className="dim">{x.keys.length}</span></button>)}</div>}
          <table><thead><tr><th scope="col">Attribute</th><th scope="col">Fills the field</th><th scope="col">Read as</th><th scope="col">Dialect</th><th scope="col" className="num">Rank</th></tr></thead>
            <tbody>{d.isPending && [0, 1, 2].map((i) => <tr key={i}><td><Skeleton w={200} /></td><td colSpan={4} /></tr>)}{keys.map((k) => <tr key={k.dialect + k.key + k.field}><td className="mono"><Safe text={k.key} /></td><td className="mono">{k.field}</td><td className="mid">{k.convert.replace('_', ' ')}</td><td className="mid">{k.dialect}</td><td className="num">{k.rank}</td></tr>)}</tbody></table>
          {d.data && keys.length === 0 && <p className="pad dim">No attribute or field of that name. What no rule knows is kept as it was sent, and searched by its own name.</p>}</section>
        {rest.length > 0 && <section className="panel" aria-label="Prefixes, scopes and names"><header><h2>Prefixes, scopes and span names</h2><span className="cap">what is told by more than one attribute</span></header>
          <table><thead><tr><th scope="col">Looks at</th><th scope="col">Makes of it</th><th scope="col">Dialect</th></tr></thead><tbody>{rest.map((o, i) => <tr key={i}><td><span className="mid">{o.what} </span><span className="mono"><Safe text={o.looks} /></span></td><td>{o.makes}</td><td className="mid">{o.dialect}</td></tr>)}</tbody></table></section>}
      </div><StatusBar keys={[[['g', 'x'], 'explain a payload'], [['?'], 'all keys']]} left={d.data ? <>{some(d.data.house.length, 'house rule')}, {integer(all.reduce((n, x) => n + x.keys.length, 0))} built in</> : undefined} /></main>
  );
}

function others(d: Dialect): { what: string; looks: string; makes: string; dialect: string }[] {
  return [
    ...d.prefixes.map((p) => ({ what: 'keys', looks: `${p.prefix}*`, makes: p.family, dialect: d.name })),
    ...d.scopes.map((s) => ({ what: 'scope', looks: s.scope, makes: s.traits.join('; ') || 'known', dialect: d.name })),
    ...d.span_names.map((n) => ({ what: 'spans named', looks: n.name, makes: `are of kind ${n.kind}${n.traits.length > 0 ? `, in a scope that ${n.traits.length > 1 ? 'is' : 'says'}: ${n.traits.join('; ')}` : ''}`, dialect: d.name })),
  ];
}
