import { describe, expect, it } from 'vitest';
import { warning } from '../../../src/output/finding.js';
import { localTime } from '../../../src/output/time.js';
import type { TextStyle } from '../../../src/report/clean-text.js';
import { type RestoreReport, restoreJson, restoreText } from '../../../src/report/restore.js';
import { checkSchema } from '../../support/json-schema.js';

const PLAIN: TextStyle = { verbose: false, color: false, width: undefined };
const REMOVED_AT = '2026-11-29T10:00:00.000Z';
const SESSION = '0856b851-0000-4000-8000-000000000000';
const REPORT: RestoreReport = {
  ...{ dryRun: false, isListing: false, hasMap: true, map: '/srv/session_map.json', rows: [] },
};

type Row = RestoreReport['rows'][number];

function rowOf(action: Row['action'], chat: string, obstacle?: 'mapped' | 'flat'): Row {
  const entry: Row['removal']['entry'] = {
    op: 'remove',
    run: 'r',
    at: REMOVED_AT,
    ...{ provider: 'claude-cli', chat, session: SESSION, raw: `"${SESSION}"`, lastActivity: null },
  };
  return { action, removal: { entry, obstacle } };
}

async function linesOf(report: Partial<RestoreReport>, style = PLAIN): Promise<string[]> {
  return [...(await restoreText({ ...REPORT, ...report }, style))].join('').trimEnd().split('\n');
}

describe('the report of restore', () => {
  const when = `(removed: ${localTime(Date.parse(REMOVED_AT))})`;

  it('lists what can be put back, and what to say for it', async () => {
    const rows = [rowOf('restorable', 'telegram:111'), rowOf('restorable', 'c'.repeat(30))];
    expect(await linesOf({ isListing: true, rows })).toEqual([
      '2 removed mappings can be restored to /srv/session_map.json, newest first:',
      `  ↩️  claude-cli/telegram:111: Session 0856b851 ${when}`,
      `  ↩️  claude-cli/cccccccc: Session 0856b851 ${when}`,
      expect.stringMatching(/^Say which: --all, --last .*, or their chats; --replace /),
    ]);
  });

  it('says so when there is nothing, or no map', async () => {
    expect(await linesOf({ isListing: true })).toEqual([
      'Nothing can be restored to /srv/session_map.json',
    ]);
    expect(await linesOf({ hasMap: false })).toEqual([
      'No session map at /srv/session_map.json yet: nothing can be restored',
    ]);
  });

  it('tells what became of each, and counts those that are back', async () => {
    const rows = [rowOf('restored', 'a'), rowOf('kept', 'b', 'mapped'), rowOf('kept', 'c', 'flat')];
    expect(await linesOf({ rows })).toEqual([
      `  ✅ Restored claude-cli/a: Session 0856b851 ${when}`,
      `  ⚠️  Kept, the chat is mapped meanwhile: claude-cli/b: Session 0856b851 ${when}`,
      `  ⚠️  Not restored, the map is flat and holds claude-cli only: claude-cli/c: Session 0856b851 ${when}`,
      'Restored: 1 mapping',
      expect.stringMatching(/^Sessions that are still idle .* cleaned again\.$/),
      expect.stringMatching(/^A running bridge .* restart it now\.$/),
    ]);
    expect((await linesOf({ rows: rows.slice(1) })).at(-1)).toBe('Restored: 0 mappings');
  });

  it('marks a dry run', async () => {
    expect(await linesOf({ dryRun: true, rows: [rowOf('would-restore', 'a')] })).toEqual([
      `  [DRY RUN] Would restore claude-cli/a: Session 0856b851 ${when}`,
      '[DRY RUN] Would restore: 1 mapping',
    ]);
  });

  it('has whole ids with --verbose, and fits a terminal', async () => {
    const rows = [rowOf('restored', 'c'.repeat(30))];
    const [line] = await linesOf({ rows }, { ...PLAIN, verbose: true });
    expect(line).toContain(`claude-cli/${'c'.repeat(30)}: Session ${SESSION} `);
    expect((await linesOf({ rows }, { ...PLAIN, width: 60 })).slice(0, 2)).toEqual([
      '  ✅ Restored claude-cli/cccccccc: Session 0856b851',
      `      ${when}`,
    ]);
  });

  it('is a JSON document that follows the schema', () => {
    const actions = ['restored', 'kept', 'restorable', 'would-restore'] as const;
    const rows = actions.map((action) => rowOf(action, action));
    const document = restoreJson({ ...REPORT, rows }, [warning('/srv', 'is odd')]);
    checkSchema(document);
    expect(document).toMatchObject({
      map: '/srv/session_map.json',
      mappings: actions.map((action) => ({ chat: action, session: SESSION, action })),
      summary: { restorable: 1, restored: 1, wouldRestore: 1, kept: 1 },
      warnings: ['/srv: is odd'],
    });
  });
});
