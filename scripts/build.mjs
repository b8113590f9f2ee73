// Bundles src/cli.ts and everything it uses into one file, dist/cli.js; what only people
// need, the list and the shell's helpers, are files of their own, which a timer's run never loads. Writes
// the manual page and the shells' completions beside them.
// CommonJS, because Node starts it faster than an ES module; koffi stays outside: it is a native,
// optional package that is loaded only when a map is committed.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

// What packages take in at their head and our runs seldom or never come to use.
const LAZY_BUILTIN = /^(node:)?(child_process|crypto|timers\/promises)$/;
const LOOKED_AT = /\/(report\/list-text|commands\/(completion|man))\.js$/;
const ASYNCHRONOUS_WALK =
  /\/node_modules\/(merge2\/index|(fast-glob|@nodelib\/fs\.\w+)\/out\/providers\/(async|stream))\.js$/;
// Made anew for every text that a table measures, always the same.
const ANSI_REGEX = /\/node_modules\/ansi-regex\/index\.js$/;

const leaveAside = {
  name: 'leave-aside',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LAZY_BUILTIN }, ({ path, namespace }) =>
      namespace === 'file' ? { path, namespace: 'lazy' } : { path, external: true },
    );
    onLoad({ filter: /.*/, namespace: 'lazy' }, ({ path }) => ({ contents: lazy(path) }));
    onResolve({ filter: LOOKED_AT }, ({ path, kind }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path)}`, external: true } : undefined,
    );
    onLoad({ filter: ASYNCHRONOUS_WALK }, () => ({ contents: '' }));
    onLoad({ filter: ANSI_REGEX }, ({ path }) => ({
      contents: `${readFileSync(path, 'utf8')}
        const made = module.exports(); module.exports = () => made;`,
    }));
  },
};

/** A module with the same members, which loads the real one when the first of them is used. */
function lazy(builtin) {
  const members = Object.keys(require(builtin)).map(
    (name) => `get ${name}() { return require('${builtin}').${name}; }`,
  );
  return `module.exports = { ${members.join(', ')} };`;
}

rmSync(join(root, 'dist'), { recursive: true, force: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: [
    'src/cli.ts',
    'src/report/list-text.ts',
    'src/commands/completion.ts',
    'src/commands/man.ts',
  ],
  entryNames: '[name]',
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi'],
  // Node's own import() of a file starts its loader of ES modules: some 60 ms.
  supported: { 'dynamic-import': false },
  plugins: [leaveAside],
  // jsonc-parser's main file hides its requires from a bundler.
  mainFields: ['module', 'main'],
  define: { __VERSION__: JSON.stringify(version) },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
});

copyFileSync(join(root, 'src/report/json.schema.json'), join(root, 'dist/json.schema.json'));

// From the same table of options as the help.
const page = execFileSync(process.execPath, [join(root, 'dist/cli.js'), 'man']);
writeFileSync(join(root, 'dist/claude-session-cleanup.1'), page);
mkdirSync(join(root, 'dist/completions'));
for (const shell of ['bash', 'fish', 'zsh']) {
  const script = execFileSync(process.execPath, [join(root, 'dist/cli.js'), 'completion', shell]);
  writeFileSync(join(root, `dist/completions/claude-session-cleanup.${shell}`), script);
}

const packages = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const found = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input);
  if (found) packages.add(found[1]);
}
const notices = [...packages].sort().map(notice);
writeFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), notices.join(`\n${'-'.repeat(80)}\n`));

/** The licence text of a bundled package, which its terms ask to be passed on. */
function notice(name) {
  const folder = join(root, 'node_modules', name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'License']) {
    try {
      return `${name} ${manifest.version}\n\n${readFileSync(join(folder, file), 'utf8')}`;
    } catch {}
  }
  return `${name} ${manifest.version}\n\nLicence: ${manifest.license}\n`;
}
