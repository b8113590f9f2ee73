import { readSync } from 'node:fs';

/** A line of a file. */
export interface Line {
  /** Without its newline; undefined for a line that is too long to be held. */
  readonly text: string | undefined;
  /** Its place in the file, bytes; its newline belongs to it. */
  readonly start: number;
  readonly end: number;
  /** False for what stands behind the last newline. */
  readonly isEnded: boolean;
}

const PIECE_BYTES = 256 * 1024;
const MAX_LINE_BYTES = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The lines of an open file of `size` bytes, the last one first, read in pieces. */
export function* linesFromEnd(file: number, size: number): Generator<Line> {
  // The line that ends at `end`; what of it was read so far is held.
  let end = size;
  let held: Buffer[] = [];
  for (let start = size; start > 0; ) {
    const length = Math.min(PIECE_BYTES, start);
    start -= length;
    let piece = readPiece(file, start, length);
    // A line's own newline is not the one before it.
    while (end - 1 > start) {
      const at = piece.lastIndexOf(NEWLINE, Math.min(piece.length - 1, end - 2 - start));
      if (at === -1) break;
      yield lineOf([piece.subarray(at + 1), ...held], start + at + 1, end);
      end = start + at + 1;
      piece = piece.subarray(0, at + 1);
      held = [];
    }
    held = end - start > MAX_LINE_BYTES ? held.slice(-1) : [piece, ...held];
  }
  if (end > 0) yield lineOf(held, 0, end);
}

/** An open file's bytes from `start` to `end`. */
export function* piecesFrom(file: number, start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end; at += PIECE_BYTES) {
    yield readPiece(file, at, Math.min(PIECE_BYTES, end - at));
  }
}

function lineOf(parts: readonly Buffer[], start: number, end: number): Line {
  const isEnded = parts.at(-1)?.at(-1) === NEWLINE;
  if (end - start > MAX_LINE_BYTES) return { text: undefined, start, end, isEnded };
  const bytes = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
  const text = bytes.toString('utf8', 0, bytes.length - (isEnded ? 1 : 0));
  return { text, start, end, isEnded };
}

function readPiece(file: number, start: number, length: number): Buffer {
  const piece = Buffer.allocUnsafeSlow(length);
  for (let read = 0; read < length; ) {
    const more = readSync(file, piece, read, length - read, start + read);
    if (more === 0) throw new Error('it was cut short while it was read');
    read += more;
  }
  return piece;
}
