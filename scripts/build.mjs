// Bundles the program into dist/, with the manual page, the shells' completions and the JSON schema.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

// Each of these becomes a file of its own, with all that it uses: the start, and a file a command, so that
// a run reads only its own command's code (--version: 41 ms of processor time instead of 57). Two are
// files of their own because there must be one of each in a run: the classes of the errors, and the
// kernel's library.
const FILES = [
  'src/cli.ts',
  'src/errors.ts',
  'src/commit/kernel.ts',
  ...readdirSync(join(root, 'src/commands')).map((name) => `src/commands/${name}`),
];

/** Leaves an import of one of these files to Node, which finds it beside the importing one. */
const filesOfTheirOwn = {
  name: 'files-of-their-own',
  setup({ onResolve }) {
    onResolve({ filter: /^\..*\.js$/ }, ({ kind, path, resolveDir }) => {
      const source = relative(root, resolve(resolveDir, path)).replace(/\.js$/, '.ts');
      if (kind === 'entry-point' || !FILES.includes(source)) return undefined;
      return { path: `./${basename(path)}`, external: true };
    });
  },
};

// Node needs 2 to 8 ms to load one of these, and most runs use none: each is loaded at its first use.
const LATER = /^(node:)?(child_process|crypto|https?)$/;

const loadedLater = {
  name: 'loaded-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LATER }, ({ path, namespace }) =>
      namespace === 'later' ? { path, external: true } : { path, namespace: 'later' },
    );
    onLoad({ filter: LATER, namespace: 'later' }, async ({ path }) => {
      const members = Object.keys((await import(path)).default);
      const getters = members.map((name) => `get ${name}() { return require('${path}').${name}; }`);
      return { contents: `module.exports = { ${getters.join(', ')} };` };
    });
  },
};

rmSync(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: FILES,
  entryNames: '[name]',
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Node starts it about 10 ms faster than ES modules, and needs no loader for import() then.
  format: 'cjs',
  supported: { 'dynamic-import': false },
  // It is native code, looked for only when a map is committed.
  external: ['koffi'],
  plugins: [filesOfTheirOwn, loadedLater],
  define: { __VERSION__: JSON.stringify(version) },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
});

copyFileSync(join(root, 'src/report/json.schema.json'), join(dist, 'json.schema.json'));

const printed = (...args) => execFileSync(process.execPath, [join(dist, 'cli.js'), ...args]);
writeFileSync(join(dist, 'claude-session-cleanup.1'), printed('man'));
mkdirSync(join(dist, 'completions'));
for (const shell of ['bash', 'fish', 'zsh']) {
  const file = join(dist, `completions/claude-session-cleanup.${shell}`);
  writeFileSync(file, printed('completion', shell));
}

const inputs = Object.keys(metafile.inputs).join('\n');
const packages = new Set(inputs.match(/(?<=^node_modules\/)(@[^/]+\/)?[^/]+/gm));
const notices = [...packages].sort().map(notice);
writeFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), notices.join(`\n${'-'.repeat(80)}\n`));

/** The licence text of a bundled package, which its terms ask to be passed on. */
function notice(name) {
  const folder = join(root, 'node_modules', name);
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((each) => /^licen[cs]e(\.(md|txt))?$/i.test(each));
  const text = file ? readFileSync(join(folder, file), 'utf8') : `Licence: ${manifest.license}\n`;
  return `${name} ${manifest.version}\n\n${text}`;
}
