import { describe, expect, it } from 'vitest';
import { findingLine, problem, warning } from '../../../src/output/finding.js';
import { Problems } from '../../../src/output/problems.js';

describe('what a run has to tell', () => {
  it('is one line of what it is about, what is wrong and what to do', () => {
    expect(findingLine(warning('/map', 'its group may write here', "run: chmod g-w '/map'"))).toBe(
      "/map: its group may write here; run: chmod g-w '/map'",
    );
    expect(findingLine(problem('', 'the clock is late'))).toBe('the clock is late');
  });

  it('shows no character that steers a terminal', () => {
    expect(findingLine(warning('a\u001b[2J', 'b\nc'))).toBe('a\\u{1b}[2J: b\\u{a}c');
  });

  it('is told once, however often it is met', () => {
    const problems = new Problems();
    problems.warn('the disk is slow');
    problems.warn('the disk is slow');
    problems.error('the disk is slow');
    expect(problems.all).toEqual([
      warning('', 'the disk is slow'),
      problem('', 'the disk is slow'),
    ]);
  });

  it('names the first few of thousands that say the same, and counts the rest', () => {
    const problems = new Problems();
    for (let at = 0; at < 20_000; at += 1)
      problems.add(warning(`chat ${at}`, 'odd value', 'mend it'));
    problems.warn('something else');
    problems.add(warning('chat 1', 'odd value', 'mend it'));
    expect(problems.all.map(findingLine)).toEqual([
      ...[0, 1, 2, 3, 4].map((at) => `chat ${at}: odd value; mend it`),
      '19995 more: odd value; mend it',
      'something else',
    ]);
  });

  it('has errors when one of it makes the run incomplete', () => {
    const problems = new Problems();
    problems.warn('a warning');
    expect(problems.hasErrors).toBe(false);
    problems.error('an error');
    expect(problems.hasErrors).toBe(true);
  });
});
