import { expect, it, vi } from 'vitest';
import { colorsFor, page } from '../../../src/output/page.js';

it('a page has its lines as they are where there is no terminal', async () => {
  expect([...(await page(['a'.repeat(200), '', 'b'], undefined, '  '))]).toEqual([
    `${'a'.repeat(200)}\n`,
    '\n',
    'b\n',
  ]);
});

it('a page fits its terminal, and goes on indented', async () => {
  expect([...(await page(['one two', 'three'], 5, '  '))]).toEqual(['one\n', '  two\n', 'three\n']);
});

it('colours are what was asked for, whatever the terminal', async () => {
  expect((await colorsFor(false)).red('x')).toBe('x');
  expect((await colorsFor(true)).red('x')).toBe('\u001b[31mx\u001b[39m');
});

it('an empty FORCE_COLOR is no wish', async () => {
  vi.stubEnv('FORCE_COLOR', '');
  await colorsFor(true);
  expect(process.env).not.toHaveProperty('FORCE_COLOR');
  vi.unstubAllEnvs();
});
