// Bundles the program into dist/, with the manual page, the shells' completions and the JSON schema.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { completion, manual } from './documents.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

// A run reads only the code that it needs: what is loaded by import() becomes a file of its own. The errors
// are one, too, since there must be one of each of their classes.
const files = new Set(['src/cli.ts', 'src/errors.ts']);

/** Leaves an import of one of these files to Node, which finds it beside the importing one. */
const filesOfTheirOwn = {
  name: 'files-of-their-own',
  setup({ onResolve }) {
    onResolve({ filter: /^\..*\.js$/ }, ({ kind, path, resolveDir }) => {
      const source = relative(root, resolve(resolveDir, path)).replace(/js$/, 'ts');
      if (kind === 'dynamic-import') files.add(source);
      if (kind === 'entry-point' || !files.has(source)) return undefined;
      return { path: `./${basename(path)}`, external: true };
    });
  },
};

const settings = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node20',
  // Node starts it about 10 ms faster than ES modules, and needs no loader for import() then.
  format: 'cjs',
  supported: { 'dynamic-import': false },
  plugins: [filesOfTheirOwn],
  define: { __VERSION__: JSON.stringify(version) },
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  metafile: true,
};

rmSync(dist, { recursive: true, force: true });
const bundled = [];
// Each may add more files.
for (const file of files) {
  const { metafile } = await build({ ...settings, entryPoints: [file] });
  bundled.push(...Object.keys(metafile.inputs));
}

copyFileSync(join(root, 'src/report/json.schema.json'), join(dist, 'json.schema.json'));

writeFileSync(join(dist, 'claude-session-cleanup.1'), manual());
mkdirSync(join(dist, 'completions'));
for (const shell of ['bash', 'fish', 'zsh']) {
  writeFileSync(join(dist, `completions/claude-session-cleanup.${shell}`), completion(shell));
}

const packages = new Set(bundled.join('\n').match(/(?<=^node_modules\/)(@[^/]+\/)?[^/]+/gm));
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
