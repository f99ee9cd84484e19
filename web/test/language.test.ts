import { describe, expect, it } from 'vitest';
import { and, quote, ticked, toggle, tokenize, unquote, wordAt } from '../src/search/language';

describe('tokenize', () => {
  it('covers every character once, whatever is typed', () => {
    for (const q of ['kind:llm model:claude-* duration>2s "refund policy" not (a:b or c!=d)', '"open', ':', '>=', 'a:"x\\"y" b', 'über:größe  日本', '(((', 'a: b', '\\']) {
      expect(tokenize(q).map((t) => t.text).join('')).toBe(q);
    }
  });
  it('tells fields, operators and values', () => {
    expect(tokenize('kind:llm').map((t) => t.type)).toEqual(['field', 'op', 'value']);
    expect(tokenize('duration>=2s').map((t) => t.text)).toEqual(['duration', '>=', '2s']);
    expect(tokenize('"a b" not x').map((t) => t.type)).toEqual(['string', 'space', 'word', 'space', 'text']);
  });
});
describe('facet ticks', () => {
  it('adds, widens, narrows and removes a term', () => {
    const one = toggle('duration>2s', 'model', 'claude-sonnet-4-5');
    expect(one).toBe('duration>2s model:claude-sonnet-4-5');
    const two = toggle(one, 'model', 'gpt 4');
    expect(two).toBe('duration>2s (model:claude-sonnet-4-5 or model:"gpt 4")');
    expect([...ticked(two, 'model')]).toEqual(['claude-sonnet-4-5', 'gpt 4']);
    expect(toggle(two, 'model', 'gpt 4')).toBe(one);
    expect(toggle(one, 'model', 'claude-sonnet-4-5')).toBe('duration>2s');
  });
  it('leaves the rest of the query as it is, spaces in quotes too', () => {
    expect(toggle('"two  spaces" status:error kind:llm', 'status', 'error')).toBe('"two  spaces" kind:llm');
    expect(toggle('a:b and status:error', 'status', 'error')).toBe('a:b');
    expect(toggle('status:error and a:b', 'status', 'error')).toBe('a:b');
  });
  it('does not read more into an or or a not than ticks can say', () => {
    expect([...ticked('status:error or kind:llm', 'status')]).toEqual([]);
    expect(toggle('status:error or kind:llm', 'tool', 'x')).toBe('(status:error or kind:llm) tool:x');
    expect(toggle('service:a (b:1 or b:2) or c:3', 'tool', 'x')).toBe('(service:a (b:1 or b:2) or c:3) tool:x');
    expect([...ticked('not status:error', 'status')]).toEqual([]);
  });
  it('quotes what is not one word, and back', () => {
    for (const v of ['a b', 'or', 'x"y', 'back\\slash', 'a:b', '(x)', '*', '日本']) expect(unquote(quote(v))).toBe(v);
    expect(quote('claude-3.5')).toBe('claude-3.5');
    expect(quote('or')).toBe('"or"');
  });
});
describe('completion', () => {
  it('knows what stands at the caret', () => {
    expect(wordAt('', 0)).toMatchObject({ kind: 'key', prefix: '' });
    expect(wordAt('mod', 3)).toMatchObject({ kind: 'key', prefix: 'mod', from: 0, to: 3 });
    expect(wordAt('model:', 6)).toMatchObject({ kind: 'value', key: 'model', prefix: '' });
    expect(wordAt('model:cl x', 8)).toMatchObject({ kind: 'value', key: 'model', prefix: 'cl', from: 6, to: 8 });
    expect(wordAt('a:b ', 4)).toMatchObject({ kind: 'key', prefix: '' });
    expect(wordAt('"free te', 5)).toBeNull();
  });
});
describe('searches that must all hold', () => {
  it('stand side by side, and in parentheses where they hold an or of their own', () => {
    expect(and('', 'kind:llm', null)).toBe('kind:llm');
    expect(and(' status:error ', 'kind:llm')).toBe('status:error kind:llm');
    expect(and('a:1 or b:2', 'kind:llm')).toBe('(a:1 or b:2) kind:llm');
    expect(and('(a:1 or b:2)', '"x or y"')).toBe('(a:1 or b:2) "x or y"');
    expect(and('a:1 or b:2')).toBe('a:1 or b:2');
  });
});
