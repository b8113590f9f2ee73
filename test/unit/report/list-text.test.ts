import fc from 'fast-check';
import stringWidth from 'string-width';
import { describe, expect, it } from 'vitest';
import { listText } from '../../../src/report/list-text.js';
import { reportOf, rowOf } from './report-of.js';

async function linesOf(chats: readonly string[], columns: number | undefined): Promise<string[]> {
  const rows = chats.map((chat) => rowOf({ mapping: { chat } }, { project: '/srv/shop' }));
  const text = [
    ...(await listText(reportOf(rows), { verbose: false, color: false, width: columns })),
  ].join('');
  return text.split('\n');
}

describe('a list', () => {
  const chat = 'dace53ab-1111-4111-8111-111111111111';

  it('has whole chats where there is room, and never less than tells them apart', async () => {
    expect((await linesOf([chat], undefined))[1]).toContain(chat);
    expect((await linesOf([chat], 150))[1]).toContain(chat);
    expect((await linesOf([chat], 80))[1]).toMatch(/^claude-cli {2}dace53ab {2}/);
    const [, one, other] = await linesOf([`${chat}1`, `${chat}2`], 80);
    expect(one).toContain(`${chat}1`);
    expect(other).toContain(`${chat}2`);
  });

  it('gives up its columns one by one as the terminal becomes narrower', async () => {
    const headings = async (columns: number) => (await linesOf(['a'], columns))[0]?.split(/ {2,}/);
    expect(await headings(120)).toEqual(await headings(90));
    expect(await headings(60)).not.toContain('PROJECT');
    expect(await headings(36)).toEqual(['CHAT', 'SESSION', 'IDLE', 'STATE']);
    expect(await headings(18)).toEqual(['CHAT', 'IDLE', 'STATE']);
  });

  it('fits, however wide the terminal and whatever the chats', async () => {
    const ids = fc.array(fc.string({ unit: 'grapheme', maxLength: 50 }), {
      minLength: 1,
      maxLength: 4,
    });
    await fc.assert(
      fc.asyncProperty(ids, fc.integer({ min: 20, max: 160 }), async (chats, columns) => {
        for (const line of await linesOf(chats, columns)) {
          expect(stringWidth(line)).toBeLessThanOrEqual(columns);
        }
      }),
    );
  });
});
