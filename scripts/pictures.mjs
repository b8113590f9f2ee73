// Draws the README's pictures: runs the program on a real terminal (script, of util-linux) in a throw-away
// home, and renders what the terminal shows as SVG.
//
//   npm run pictures
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import unicode11 from '@xterm/addon-unicode11';
import xterm from '@xterm/headless';
import { DemoHome, PROGRAM } from './demo-home.mjs';

const FOLDER = join(import.meta.dirname, 'pictures');
const COLUMNS = 114;
const [CELL, LINE, PADDING] = [8.4, 19, 14];
const BACKGROUND = '#1e1e2e';
const FOREGROUND = '#cdd6f4';
// The eight colours of a terminal, in their order.
const PALETTE = [
  '#45475a',
  '#f38ba8',
  '#a6e3a1',
  '#f9e2af',
  '#89b4fa',
  '#f5c2e7',
  '#94e2d5',
  '#bac2de',
];

const home = new DemoHome();
try {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, args] of [
    ['list', ['list']],
    ['clean', []],
  ]) {
    const lines = await shown(args);
    writeFileSync(join(FOLDER, `${name}.svg`), svgOf(lines, ['claude-session-cleanup', ...args]));
  }
} finally {
  home.remove();
}

/** The lines of cells that a terminal shows after a run. */
async function shown(args) {
  const command = `stty cols ${COLUMNS}; exec ${[process.execPath, PROGRAM, ...args].join(' ')}`;
  const output = execFileSync('script', ['-qec', command, '/dev/null'], {
    env: { ...home.environment, TERM: 'xterm-256color' },
    input: '',
  });
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: 60, allowProposedApi: true });
  // As today's terminals have it, an emoji is two cells wide.
  terminal.loadAddon(new unicode11.Unicode11Addon());
  terminal.unicode.activeVersion = '11';
  await new Promise((resolve) => terminal.write(output, resolve));
  const buffer = terminal.buffer.active;
  const lines = Array.from({ length: buffer.length }, (_, y) => spansOf(buffer.getLine(y)));
  while (lines.at(-1)?.length === 0) lines.pop();
  return lines;
}

/** The runs of cells that look alike, each with the column where it begins. */
function spansOf(line) {
  const spans = [];
  for (let x = 0; x < line.length; x += 1) {
    const cell = line.getCell(x);
    if (cell.getWidth() === 0) continue;
    const style = styleOf(cell);
    const last = spans.at(-1);
    const text = cell.getChars() || ' ';
    // A symbol begins anew, so that a font that draws it otherwise moves nothing; so does what stands
    // behind a gap, because not every renderer keeps one.
    const isSymbol = /\p{Extended_Pictographic}/u.test(text);
    const goesOn = last?.style === style && !last.isSymbol && !isSymbol && !/\s\s$/.test(last.text);
    if (goesOn) last.text += text;
    else spans.push({ x, style, text, isSymbol });
  }
  return spans.flatMap((span) => {
    const text = span.text.trimEnd();
    const lead = text.length - text.trimStart().length;
    return text === '' ? [] : [{ ...span, x: span.x + lead, text: text.trimStart() }];
  });
}

function styleOf(cell) {
  const color = cell.isFgDefault() ? FOREGROUND : PALETTE[cell.getFgColor() % PALETTE.length];
  const bold = cell.isBold() ? ' font-weight="bold"' : '';
  return `fill="${color}"${bold}${cell.isDim() ? ' opacity="0.6"' : ''}`;
}

function svgOf(lines, command) {
  const prompt = [{ x: 0, style: `fill="${PALETTE[2]}"`, text: `$ ${command.join(' ')}` }];
  const all = [prompt, ...lines];
  const width = Math.ceil(COLUMNS * CELL + 2 * PADDING);
  const height = all.length * LINE + 2 * PADDING;
  const rows = all.flatMap((spans, y) =>
    spans.map(
      ({ x, style, text, isSymbol }) =>
        `<text x="${(PADDING + x * CELL).toFixed(1)}" y="${PADDING + (y + 0.75) * LINE}" ${style}${isSymbol ? '' : lengthOf(text)}>${escaped(text)}</text>`,
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
    `<title>${escaped(command.join(' '))}</title>`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    '<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, \'DejaVu Sans Mono\', monospace" font-size="14">',
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** Holds the text to its columns, whatever font it is drawn in. */
function lengthOf(text) {
  return ` textLength="${(Array.from(text).length * CELL).toFixed(1)}" lengthAdjust="spacingAndGlyphs"`;
}

function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
