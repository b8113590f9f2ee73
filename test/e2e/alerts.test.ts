/** The alert rules that are shipped for Prometheus, over what a run writes for it. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Home, uuid } from '../support/home.js';
import { describeWith } from '../support/requirements.js';

const RULES = join(import.meta.dirname, '../../systemd/alerts.yml');
const PREFIX = 'claude_session_cleanup_';

/** Values every half an hour, in the notation of promtool's tests, by the metric's name. */
type Series = Readonly<Record<string, string>>;

/** Seven days of runs that do their work. */
const HEALTHY: Series = {
  last_run_timestamp_seconds: '0+1800x336',
  last_run_success: '1x336',
  written_back_mappings: '0x336',
  removed_mappings_total: '0+1x336',
  sessions: '5x336',
};

const CASES: readonly (readonly [what: string, series: Series, firing: readonly string[]])[] = [
  ['nothing when all is well', {}, []],
  [
    'that the last run is more than two hours ago',
    { last_run_timestamp_seconds: '0+1800x329 592200x7' },
    ['NotRunning'],
  ],
  [
    'nothing when the last run is an hour ago',
    { last_run_timestamp_seconds: '0+1800x334 601200x2' },
    [],
  ],
  ['that the last run failed', { last_run_success: '1x335 0' }, ['Failed']],
  [
    'that the bridge has written mappings back',
    { written_back_mappings: '0x335 2' },
    ['WrittenBack'],
  ],
  ['nothing of a map that is cleaned as it grows', { sessions: '0+1x336' }, []],
  [
    'that the map only grows',
    { sessions: '0+1x336', removed_mappings_total: '7x336' },
    ['MapOnlyGrows'],
  ],
  ['nothing of a map that stays', { removed_mappings_total: '7x336' }, []],
];

describeWith({ commands: ['promtool'] })('the alert rules', () => {
  it('tell what they are about, and are silent otherwise', () => {
    const file = join(new Home().dir, 'rules.test.yml'); // JSON is YAML, too
    const rules = { rule_files: [RULES], evaluation_interval: '30m', tests: CASES.map(asTest) };
    writeFileSync(file, JSON.stringify(rules));
    const run = spawnSync('promtool', ['test', 'rules', file], { encoding: 'utf8' });
    expect(run).toMatchObject({ status: 0, stderr: '' });
  });

  it('are about metrics that a run writes', async () => {
    const home = new Home();
    home.claude(uuid(1), 5);
    home.writeMap({ 'claude-cli': { a: uuid(1) } });
    const file = join(home.dir, 'cleanup.prom');
    await home.run(['--metrics', file]);
    const written = readFileSync(file, 'utf8');
    const named = new Set(readFileSync(RULES, 'utf8').match(/\bclaude_session_cleanup_\w+/g));
    expect(named.size).toBeGreaterThan(3);
    for (const name of named) expect(written).toContain(`\n${name}{`);
  });
});

function asTest([name, series, firing]: (typeof CASES)[number]): object {
  const map = '/srv/session_map.json';
  return {
    name,
    interval: '30m',
    input_series: Object.entries({ ...HEALTHY, ...series }).map(([metric, values]) => ({
      series: `${PREFIX}${metric}{map="${map}"}`,
      values,
    })),
    promql_expr_test: [
      {
        expr: `count by (alertname) (ALERTS{alertstate="firing", map="${map}"})`,
        eval_time: '7d',
        exp_samples: firing.map((alert) => ({
          labels: `{alertname="ClaudeSessionCleanup${alert}"}`,
          value: 1,
        })),
      },
    ],
  };
}
