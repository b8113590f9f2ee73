// Shows the main job on a throw-away home: sessions of all three CLIs, some idle and some active, and a
// bridge's map of them. Nothing of yours is read or changed.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { DemoHome, PROGRAM } from './demo-home.mjs';

if (!existsSync(new URL('../dist/cli.js', import.meta.url))) {
  console.error('the demo shows the built program; run first: npm run build');
  process.exit(1);
}
const home = new DemoHome();
const before = readFileSync(home.mapFile, 'utf8');
try {
  heading('A dry run: what would be done, and nothing is written');
  cleanup('--dry-run');
  heading('A real run: mappings of sessions idle for more than 2 hours go');
  cleanup();
  heading('The map before');
  console.log(before);
  heading('The map after');
  console.log(readFileSync(home.mapFile, 'utf8'));
  heading('What can be put back (restore --all would do it)');
  cleanup('restore');
} finally {
  home.remove();
}

function cleanup(...args) {
  console.log(`$ claude-session-cleanup ${args.join(' ')}`.trimEnd());
  const { status } = spawnSync(process.execPath, [PROGRAM, ...args], {
    stdio: 'inherit',
    env: home.environment,
  });
  if (status !== 0) process.exitCode = 1;
}

function heading(text) {
  console.log(`\n### ${text}\n`);
}
