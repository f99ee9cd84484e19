import { memo, useContext, useMemo, type ReactNode } from 'react';
import { SafeBlock, FindContext, Safe } from './text';

// A reader's markdown: paragraphs, headings, lists, code and emphasis, as React nodes made of text. No HTML, no images;
// a link shows its text and its address and is never a link, because the address is a stranger's.
type Block = { type: 'p' | 'h' | 'li' | 'quote'; text: string; marker?: string; depth?: number } | { type: 'code'; text: string; lang: string } | { type: 'gap' };

export function parseMarkdown(text: string): Block[] {
  const out: Block[] = [];
  const lines = text.split('\n');
  let para: string[] = [];
  const flush = (): void => { if (para.length) { out.push({ type: 'p', text: para.join('\n') }); para = []; } };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const fence = /^\s{0,3}(```+|~~~+)\s*([\w+-]*)\s*$/.exec(line);
    if (fence) {
      flush();
      const code: string[] = [];
      for (i++; i < lines.length && !lines[i]!.trimStart().startsWith(fence[1]!); i++) code.push(lines[i]!);
      out.push({ type: 'code', text: code.join('\n'), lang: fence[2]! });
      continue;
    }
    const heading = /^#{1,6}\s+(.*)$/.exec(line);
    const item = /^(\s*)([-*•]|\d{1,3}[.)])\s+(.*)$/.exec(line);
    const quote = /^>\s?(.*)$/.exec(line);
    if (heading) { flush(); out.push({ type: 'h', text: heading[1]! }); }
    else if (item) { flush(); out.push({ type: 'li', text: item[3]!, marker: /\d/.test(item[2]!) ? item[2]! : '•', depth: Math.min(4, Math.floor(item[1]!.length / 2)) }); }
    else if (quote) { flush(); out.push({ type: 'quote', text: quote[1]! }); }
    else if (line.trim() === '') flush();
    else para.push(line);
  }
  flush();
  return out;
}

function inline(text: string): ReactNode[] {
  const out: ReactNode[] = [];
  let last = 0;
  for (const m of text.matchAll(/\*\*([^*\n]{1,400})\*\*|`([^`\n]{1,400})`|\[([^\]\n]{1,200})\]\(([^)\s]{1,400})\)/g)) {
    if (m.index > last) out.push(<Safe key={last} text={text.slice(last, m.index)} />);
    if (m[1] !== undefined) out.push(<b key={m.index}><Safe text={m[1]} /></b>);
    else if (m[2] !== undefined) out.push(<code key={m.index}><Safe text={m[2]} /></code>);
    else out.push(<span key={m.index} className="fakelink"><Safe text={m[3]!} /> <code><Safe text={m[4]!} /></code></span>);
    last = m.index + m[0].length;
  }
  if (last < text.length) out.push(<Safe key={last} text={text.slice(last)} />);
  return out;
}

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const find = useContext(FindContext);
  const parsed = useMemo(() => (text.length <= 100_000 ? parseMarkdown(text) : null), [text]);
  // Beyond what anybody reads formatted, and whenever hits must be marked across emphasis, the text as it is.
  if (!parsed || find) return <SafeBlock text={text} />;
  return (
    <div className="read" dir="auto">
      {parsed.map((b, i) => {
        if (b.type === 'code') return <div className="codebox" key={i}><SafeBlock mono text={b.text} /></div>;
        if (b.type === 'gap') return null;
        if (b.type === 'h') return <p key={i} className="mh">{inline(b.text)}</p>;
        if (b.type === 'li') return <p key={i} className={`mli d${b.depth ?? 0}`}><span className="mk">{b.marker}</span><span>{inline(b.text)}</span></p>;
        if (b.type === 'quote') return <p key={i} className="mq">{inline(b.text)}</p>;
        return <p key={i}>{inline(b.text)}</p>;
      })}
    </div>
  );
});
