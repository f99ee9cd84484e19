// What the search bar knows of the search language: enough to colour it, to complete a word and to turn a facet's tick into
// text and back. The server alone decides what a query means.
export interface Token { type: 'field' | 'op' | 'value' | 'text' | 'string' | 'word' | 'paren' | 'space'; text: string; at: number }

const wordEnd = /[\s()"{}]/;
const valueEnd = /[\s)}]/;
const operator = /^(!=|>=|<=|[:=<>~])/;

export function tokenize(q: string): Token[] {
  const out: Token[] = [];
  let i = 0;
  const push = (type: Token['type'], text: string): void => { out.push({ type, text, at: i }); i += text.length; };
  while (i < q.length) {
    const rest = q.slice(i);
    const space = /^\s+/.exec(rest);
    if (space) { push('space', space[0]); continue; }
    const c = rest[0]!;
    if (c === '(' || c === ')' || c === '{' || c === '}') { push('paren', c); continue; }
    const relation = /^(>>|<<|>|<)(?=\s*\{)/.exec(rest);
    if (relation && out.findLast((t) => t.type !== 'space')?.text === '}') { push('paren', relation[0]); continue; }
    const op = operator.exec(rest);
    if (op) { push('op', op[0]); continue; }
    if (c === '"') {
      let end = 1;
      while (end < rest.length && rest[end] !== '"') end += rest[end] === '\\' ? 2 : 1;
      const before = out.at(-1);
      push(before?.type === 'op' ? 'value' : 'string', rest.slice(0, Math.min(rest.length, end + 1)));
      continue;
    }
    const before = out.at(-1);
    if (before?.type === 'op') {
      let end = 0;
      while (end < rest.length && !valueEnd.test(rest[end]!)) end++;
      push('value', rest.slice(0, end));
      continue;
    }
    let end = 0;
    while (end < rest.length && !wordEnd.test(rest[end]!) && !operator.test(rest.slice(end))) end++;
    const word = rest.slice(0, Math.max(1, end));
    if (operator.test(rest.slice(end))) push('field', word);
    else push(/^(and|or|not|exists)$/i.test(word) ? 'word' : 'text', word);
  }
  return out;
}

export const quote = (value: string): string =>
  (/^[\p{L}\p{N}_.@/#+-]+$/u.test(value) && !/^(and|or|not|exists)$/i.test(value) ? value : `"${value.replace(/[\\"]/g, '\\$&')}"`);
export const unquote = (text: string): string => (text.startsWith('"') ? text.slice(1, text.length > 1 && text.endsWith('"') ? -1 : undefined).replace(/\\(.)/g, '$1') : text);

interface Group { field: string; values: string[]; from: number; to: number }

/** The top-level groups `field:value` and `(field:a or field:b)`: what a facet can tick. */
export function groups(q: string): Group[] {
  const t = tokenize(q).filter((x) => x.type !== 'space');
  // A query with a top-level `or` or `not` is more than ticks can say.
  let depth = 0;
  for (const x of t) {
    if (x.text === '(' || x.text === '{') depth++;
    else if (x.text === ')' || x.text === '}') depth--;
    else if (depth === 0 && x.type === 'word' && /^(or|not)$/i.test(x.text)) return [];
  }
  const out: Group[] = [];
  const term = (i: number): { field: string; value: string } | null =>
    (t[i]?.type === 'field' && t[i + 1]?.type === 'op' && /^[:=]$/.test(t[i + 1]!.text) && t[i + 2]?.type === 'value' ? { field: t[i]!.text, value: unquote(t[i + 2]!.text) } : null);
  for (let i = 0; i < t.length; i++) {
    const one = term(i);
    if (one) {
      const end = t[i + 2]!;
      out.push({ field: one.field, values: [one.value], from: t[i]!.at, to: end.at + end.text.length });
      i += 2;
      continue;
    }
    if (t[i]!.text === '{') { while (i < t.length && t[i]!.text !== '}') i++; continue; }
    if (t[i]!.text !== '(') continue;
    let j = i + 1, same = true, field = '';
    const values: string[] = [];
    for (;;) {
      const x = term(j);
      if (!x || (field !== '' && x.field !== field)) { same = false; break; }
      field = x.field;
      values.push(x.value);
      j += 3;
      if (t[j]?.text === ')') break;
      if (t[j]?.type !== 'word' || !/^or$/i.test(t[j]!.text)) { same = false; break; }
      j++;
    }
    if (same) {
      out.push({ field, values, from: t[i]!.at, to: t[j]!.at + 1 });
      i = j;
    } else {
      for (let d = 0; i < t.length; i++) {
        if (t[i]!.text === '(') d++;
        else if (t[i]!.text === ')' && --d === 0) break;
      }
    }
  }
  return out;
}

export const ticked = (q: string, field: string): Set<string> => new Set(groups(q).filter((g) => g.field === field).flatMap((g) => g.values));

/** Whether a term beside it would belong to its last part only: `or` binds less than what stands side by side. */
function loose(q: string): boolean {
  let depth = 0;
  for (const x of tokenize(q)) {
    if (x.text === '(' || x.text === '{') depth++;
    else if (x.text === ')' || x.text === '}') depth--;
    else if (depth === 0 && x.type === 'word' && /^or$/i.test(x.text)) return true;
  }
  return false;
}

/** Searches that must all hold; an empty one asks for nothing. */
export function and(...searches: (string | null | undefined)[]): string {
  const told = searches.flatMap((s) => { const t = s?.trim(); return t ? [t] : []; });
  return told.length < 2 ? told.join('') : told.map((s) => (loose(s) ? `(${s})` : s)).join(' ');
}

/** The query with `field:value` added or taken out. */
export function toggle(q: string, field: string, value: string): string {
  const group = groups(q).find((g) => g.field === field);
  if (!group) {
    return and(q, `${field}:${quote(value)}`);
  }
  const values = group.values.includes(value) ? group.values.filter((v) => v !== value) : [...group.values, value];
  const text = values.length === 0 ? '' : values.length === 1 ? `${field}:${quote(values[0]!)}` : `(${values.map((v) => `${field}:${quote(v)}`).join(' or ')})`;
  const before = q.slice(0, group.from).trim(), after = q.slice(group.to).trim();
  if (text) return [before, text, after].filter(Boolean).join(' ');
  return [before.replace(/(^|\s)and$/i, '').trim(), before ? after : after.replace(/^and\s+/i, '')].filter(Boolean).join(' ');
}

/** The server counts in bytes of UTF-8, the screen in UTF-16. */
export function indexOfByte(q: string, position: number): number {
  let bytes = 0, index = 0;
  for (const c of q) {
    if (bytes >= position) break;
    const code = c.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    index += c.length;
  }
  return index;
}

/** What stands at the caret, for completion: a field being typed, or a value of a field. */
export function wordAt(q: string, caret: number): { kind: 'key' | 'value'; key: string; prefix: string; from: number; to: number } | null {
  const t = tokenize(q);
  const i = t.findIndex((x) => x.type !== 'space' && caret > x.at && caret <= x.at + x.text.length);
  const x = i >= 0 ? t[i]! : null;
  if (!x) {
    const before = t.at(-1);
    if (before?.type === 'op' && caret === q.length) return { kind: 'value', key: t.at(-2)?.text ?? '', prefix: '', from: caret, to: caret };
    return { kind: 'key', key: '', prefix: '', from: caret, to: caret };
  }
  if (x.type === 'field' || x.type === 'text') return { kind: 'key', key: '', prefix: q.slice(x.at, caret), from: x.at, to: x.at + x.text.length };
  if (x.type === 'op' && t[i - 1]?.type === 'field') {
    const next = t[i + 1];
    return next?.type === 'value' && caret < q.length ? null : { kind: 'value', key: t[i - 1]!.text, prefix: '', from: x.at + x.text.length, to: x.at + x.text.length };
  }
  if (x.type === 'value' && t[i - 2]?.type === 'field') return { kind: 'value', key: t[i - 2]!.text, prefix: unquote(q.slice(x.at, caret)), from: x.at, to: x.at + x.text.length };
  return null;
}

/** Fields that the server names itself, with what they take; shown before any attribute. */
export const knownFields: { key: string; type: string; hint: string }[] = [
  { key: 'kind', type: 'word', hint: 'agent turn llm tool retrieval embedding chain' },
  { key: 'status', type: 'word', hint: 'error ok unset' },
  { key: 'model', type: 'text', hint: 'claude-* works' },
  { key: 'tool', type: 'text', hint: 'name of a tool' },
  { key: 'agent', type: 'text', hint: 'name of an agent' },
  { key: 'service', type: 'text', hint: 'service.name' },
  { key: 'name', type: 'text', hint: 'span name' },
  { key: 'root_name', type: 'text', hint: 'name of the first span' },
  { key: 'duration', type: 'time', hint: '> 500ms, > 2s' },
  { key: 'tokens', type: 'number', hint: '> 10000' },
  { key: 'input_tokens', type: 'number', hint: '> 10000' },
  { key: 'output_tokens', type: 'number', hint: '> 1000' },
  { key: 'session', type: 'text', hint: 'session id' },
  { key: 'user', type: 'text', hint: 'user id' },
  { key: 'operation', type: 'text', hint: 'chat, execute_tool …' },
  { key: 'provider', type: 'text', hint: 'anthropic, openai …' },
  { key: 'environment', type: 'text', hint: 'deployment environment' },
  { key: 'prompt_name', type: 'text', hint: 'prompt' },
  { key: 'prompt_version', type: 'text', hint: 'version of a prompt' },
  { key: 'experiment', type: 'text', hint: 'experiment id' },
  { key: 'variant', type: 'text', hint: 'experiment variant' },
  { key: 'error', type: 'text', hint: 'error type or message' },
  { key: 'span_kind', type: 'word', hint: 'server client internal producer consumer' },
  { key: 'cost', type: 'number', hint: '> 0.05 (US dollars)' },
  { key: 'error_type', type: 'text', hint: 'type of the error' },
  { key: 'turn', type: 'number', hint: 'number of the turn' },
  { key: 'trace', type: 'id', hint: 'trace id' },
  { key: 'span', type: 'id', hint: 'span id' },
  { key: 'event.name', type: 'text', hint: 'name of an event' },
];
export const fixedValues: Record<string, string[]> = {
  kind: ['agent', 'turn', 'llm', 'tool', 'retrieval', 'embedding', 'chain', 'other'],
  status: ['error', 'ok', 'unset'],
  span_kind: ['server', 'client', 'internal', 'producer', 'consumer'],
};
