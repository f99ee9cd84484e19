import { describe, expect, it } from 'vitest';
import { bytes, compact, duration, durationText, money, moneyExact, percent, roundText, tickLabel, ticks, unknown } from '../src/format/numbers';
import { fromMs, nanos, resolveTime, timeTitle } from '../src/format/time';

describe('duration', () => {
  it('keeps sensible digits and always a unit', () => {
    expect([0, 820, 12_340, 1_560_000, 590e6, 999.6e6, 26.41e9, 59.99e9, 59.996e9, 242e9, 3840e9].map(durationText)).toEqual(['0 ms', '820 ns', '12.3 µs', '1.56 ms', '590 ms', '1.00 s', '26.41 s', '59.99 s', '1:00 min', '4:02 min', '1:04 h']);
  });
  it('shows unknown as a dash, never as 0', () => {
    expect(duration(null)).toEqual({ value: unknown, unit: '' });
    expect(duration(Number.NaN).value).toBe(unknown);
  });
});
describe('round figures', () => {
  it('lose what tells nothing, and nothing else', () => expect(['30.00 s', '26.41 s', '1.50 K', '30:00 min', '1:30 h', '0 ms', '$0.6000', '$0', '1,000', '100 K', '0.050'].map(roundText)).toEqual(['30 s', '26.41 s', '1.5 K', '30 min', '1:30 h', '0', '$0.6', '$0', '1,000', '100 K', '0.05']));
});
describe('money', () => {
  it('shows four decimals as a rule and two significant digits below', () => {
    expect([183_400_000, 38_000, 4, 1_234_000_000, 12_340_000_000, 1_234_567_000_000_000, 0].map(money)).toEqual(['$0.1834', '$0.000038', '$0.000000004', '$1.234', '$12.34', '$1,234,567', '$0']);
    expect(money(null)).toBe(unknown);
  });
  it('loses no digit in the exact form', () => {
    expect(moneyExact(88_620_000)).toBe('$0.088620');
    expect(moneyExact(1)).toBe('$0.000000001');
  });
});
describe('other figures', () => {
  it('compacts, counts bytes and shares', () => {
    expect([999, 41_144, 204_156, 99_960, 1_500_000].map(compact)).toEqual(['999', '41.1 K', '204 K', '100 K', '1.5 M']);
    expect([12, 4505, 62_771, 9_800_000].map(bytes)).toEqual(['12 B', '4.4 KB', '61 KB', '9.3 MB']);
    expect([0, 0.004, 0.31, 1].map(percent)).toEqual(['0 %', '<1 %', '31 %', '100 %']);
  });
});
describe('time axis', () => {
  it('has round steps at any zoom', () => {
    expect(ticks(0, 26.41e9, 5)).toEqual([0, 10e9, 20e9]);
    expect(ticks(0, 26.41e9, 6)).toEqual([0, 5e9, 10e9, 15e9, 20e9, 25e9]);
    expect(ticks(1_000_300, 1_000_900, 3)).toEqual([1_000_400, 1_000_600, 1_000_800]);
    expect(ticks(5, 5, 4)).toEqual([5]);
  });
  it('labels ticks with the digits of the step', () => {
    expect(tickLabel(5e9, 5e9)).toBe('5 s');
    expect(tickLabel(1.25e9, 0.05e9)).toBe('1.25 s');
    expect(tickLabel(200e6, 50e6)).toBe('200 ms');
  });
});
describe('absolute time', () => {
  it('keeps nanoseconds that a double cannot hold', () => {
    expect(nanos('1795360772548583189') - nanos('1795360772548583188')).toBe(1n);
    expect(timeTitle('1795360772548583189')).toContain('.548583189Z');
    expect(fromMs(1_795_360_772_548)).toBe('1795360772548000000');
  });
  it('reads what stands in the URL', () => {
    expect(resolveTime('now-1h', 10_000_000)).toBe(6_400_000);
    expect(resolveTime('2026-11-22T18:00:00Z')).toBe(Date.UTC(2026, 10, 22, 18));
    expect(resolveTime('1795360772')).toBe(1_795_360_772_000);
    expect(resolveTime('yesterday')).toBeNull();
  });
});
