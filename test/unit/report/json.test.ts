import { describe, expect, it } from 'vitest';
import { warning } from '../../../src/output/finding.js';
import { cleanJson } from '../../../src/report/json.js';
import { checkSchema } from '../../support/json-schema.js';
import { reportOf, rowOf } from './report-of.js';

describe('the JSON document', () => {
  it('says why each mapping was kept, and null of those that went', () => {
    const kept = { action: 'kept', via: null } as const;
    const reasons = ['active', 'running', 'rule', 'missing', 'doubt', 'guard'] as const;
    const rows = reasons.map((keptBecause) => rowOf({ keptBecause }, kept));
    const document = cleanJson(reportOf([...rows, rowOf({})]), []);
    checkSchema(JSON.parse(JSON.stringify(document)));
    const sessions = [...reasons, null].map((keptBecause) =>
      expect.objectContaining({ keptBecause }),
    );
    expect(document).toMatchObject({ sessions });
  });

  it('has the findings as standard error has them', () => {
    const document = cleanJson(reportOf([]), [warning('/map', 'is odd', 'mend it')]);
    expect(document).toMatchObject({ warnings: ['/map: is odd; mend it'] });
  });

  it('shows the last time that there is for a time that no calendar has', () => {
    const document = cleanJson(reportOf([rowOf({ lastActivity: 9e15 })]), []);
    checkSchema(JSON.parse(JSON.stringify(document).replace('+275760', '9999')));
    expect(JSON.stringify(document)).toContain('"lastActivity":"+275760-09-13T00:00:00.000Z"');
  });
});
