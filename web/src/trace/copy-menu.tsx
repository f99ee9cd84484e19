import { useEffect, useRef, useState } from 'react';
import { get, seg } from '../api/client';
import type { SpanDetail, TraceHeader } from '../api/types';
import { durationText, integer, money } from '../format/numbers';
import { copyText } from '../ui/bits';
import { Icon } from '../ui/icons';

/** Text of strangers inside our markdown: no line of it may look like ours. */
const quoted = (text: string): string => text.split('\n').map((l) => `> ${l}`).join('\n');
const inline = (text: string): string => `\`${text.replace(/[`\r\n]/g, ' ')}\``;

/** The run in a few lines for an issue or a chat. */
export function markdownOf(t: TraceHeader, link: string): string {
  const facts = [`duration ${durationText(t.duration_ns)}`, `cost ${t.cost.nano_usd !== null ? money(t.cost.nano_usd) : t.cost.state === 'unpriced' ? 'unpriced' : '—'}`,
    t.tokens ? `tokens ${integer(t.tokens.input)} in, ${integer(t.tokens.output)} out` : 'tokens —', `${t.turns > 0 ? `${t.turns} turns, ` : ''}${integer(t.llm_calls)} model calls, ${integer(t.tool_calls)} tool calls`, `${t.errors === 0 ? 'no error' : `${integer(t.errors)} ${t.errors === 1 ? 'error' : 'errors'}`}`];
  const lines = [`### ${inline(t.agent ?? t.root?.name ?? t.trace_id)}`, '', facts.join(' · '), ''];
  for (const f of t.findings) lines.push(`- **${f.type}**: ${inline(f.text)}${f.detail ? ` (${inline(f.detail)})` : ''}`);
  if (t.question) lines.push('', 'Question:', '', quoted(t.question));
  if (t.answer) lines.push('', 'Answer:', '', quoted(t.answer));
  lines.push('', `[Trace ${t.trace_id}](${link})`, '');
  return lines.join('\n');
}

/** Copy as …: link, share, curl, JSON, markdown, ids. */
export function CopyMenu({ trace, span, header, link, open, setOpen, say }: {
  trace: string; span: string | null; header: TraceHeader | undefined; link: () => string; open: boolean; setOpen: (o: boolean) => void; say: (text: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null), opener = useRef<HTMLButtonElement>(null);
  const [done, setDone] = useState(false);
  useEffect(() => {
    if (!open) return;
    box.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
    const away = (e: PointerEvent): void => { if (e.target instanceof Node && !box.current?.contains(e.target)) setOpen(false); };
    window.addEventListener('pointerdown', away);
    return () => window.removeEventListener('pointerdown', away);
  }, [open, setOpen]);
  const api = (path: string): string => `curl -s '${location.origin}/api/v1/traces/${trace}${path}'`;
  const items: { label: string; text: () => string | Promise<string> }[] = [
    { label: 'Link to this view', text: link },
    { label: 'Summary as markdown', text: () => (header ? markdownOf(header, link()) : '') },
    { label: 'Trace id', text: () => trace },
    ...(span ? [
      { label: 'Span as JSON', text: async () => JSON.stringify(await get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(span)}`), null, 2) },
      { label: 'Span as curl', text: () => api(`/spans/${span}`) },
    ] : []),
    { label: 'Trace as curl', text: () => api('') },
    { label: 'Trace as OTLP, curl', text: () => api('/otlp') },
    { label: 'Command for the terminal', text: () => `turnscope traces show ${trace}` },
  ];
  const copy = async (i: number): Promise<void> => {
    try {
      await copyText(await items[i]!.text());
      say(`${items[i]!.label.toLowerCase()} copied`);
      setDone(true);
      setTimeout(() => setDone(false), 1200);
    } catch { say('the clipboard is closed to this page'); }
    setOpen(false);
    opener.current?.focus();
  };
  return (
    <div className="drop" ref={box} onKeyDown={(e) => {
      if (!open) return;
      const all = [...(box.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])], at = all.indexOf(document.activeElement as HTMLElement);
      if (e.key === 'Escape') { e.stopPropagation(); setOpen(false); opener.current?.focus(); }
      else if (e.key === 'ArrowDown' || e.key === 'ArrowUp') { e.preventDefault(); e.stopPropagation(); all[(at + (e.key === 'ArrowDown' ? 1 : -1) + all.length) % all.length]?.focus(); }
    }}>
      <button type="button" ref={opener} className="btn" aria-haspopup="menu" aria-expanded={open} title="Copy as … (Y)" onClick={() => setOpen(!open)}><Icon name={done ? 'check' : 'copy'} />Copy<Icon name="down" /></button>
      {open && <div className="menu copymenu" role="menu" aria-label="Copy as">{items.map((m, i) => <button type="button" role="menuitem" key={m.label} onClick={() => void copy(i)}>{m.label}</button>)}</div>}
    </div>
  );
}
