import { readSync } from 'node:fs';

/** A line of a file. */
export interface Line {
  /** Without its newline. */
  readonly text: string;
  /** Its place in the file, bytes; its newline belongs to it. */
  readonly start: number;
  readonly end: number;
  /** False for what stands behind the last newline. */
  readonly isEnded: boolean;
}

const PIECE_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** The lines of an open file of `size` bytes, the last one first, read in pieces. */
export function* linesFromEnd(file: number, size: number): Generator<Line> {
  let rest = Buffer.alloc(0);
  for (let start = size; start > 0; ) {
    // A long line in ever larger pieces, so that it is not put together too often.
    const length = Math.min(Math.max(PIECE_BYTES, rest.length), start);
    start -= length;
    rest = Buffer.concat([readPiece(file, start, length), rest]);
    while (rest.length > 1) {
      // A line's own newline is not the one before it.
      const before = rest.lastIndexOf(NEWLINE, rest.length - 2) + 1;
      if (before === 0) break;
      yield lineOf(rest.subarray(before), start + before);
      rest = rest.subarray(0, before);
    }
  }
  if (rest.length > 0) yield lineOf(rest, 0);
}

/** An open file's bytes from `start` to `end`. */
export function* piecesFrom(file: number, start: number, end: number): Generator<Buffer> {
  for (let at = start; at < end; at += PIECE_BYTES) {
    yield readPiece(file, at, Math.min(PIECE_BYTES, end - at));
  }
}

function lineOf(bytes: Buffer, start: number): Line {
  const isEnded = bytes.at(-1) === NEWLINE;
  const text = bytes.toString('utf8', 0, bytes.length - (isEnded ? 1 : 0));
  return { text, start, end: start + bytes.length, isEnded };
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
