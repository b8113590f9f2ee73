import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, type Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { addCleanOptions, addListOptions, addRestoreOptions } from '../../src/options/flags.js';

const README = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
const OPTIONS = /^## Options\n(.*?)^## /ms.exec(README)?.[1] ?? '';

const rows = OPTIONS.split('\n')
  .filter((line) => line.startsWith('| `-'))
  .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));

const clean = addCleanOptions(new Command()).options;

function namesOf({ short, long }: Option): string[] {
  return [short, long].filter((name) => name !== undefined);
}

describe("the README's table of options", () => {
  it('has each option of a clean run, and no other', () => {
    const named = rows.flatMap((cells) => {
      const overruling = /`(--no-[\w-]+)` overrules/.exec(cells[4] ?? '')?.[1];
      return [...(cells[1]?.match(/(?<![\w-])--?[a-z-]+/gi) ?? []), overruling ?? []].flat();
    });
    expect(named.sort()).toEqual(clean.flatMap(namesOf).sort());
  });

  it('has the variable of each', () => {
    const documented = rows.flatMap((cells) => cells[2]?.match(/[A-Z]+_[A-Z_]+/g) ?? []);
    const known = clean.flatMap(({ description }) => /env ([A-Z_]+)/.exec(description)?.[1] ?? []);
    expect(documented.sort()).toEqual(known.sort());
  });

  it('has what options can be set to', () => {
    const missing = clean.find(({ long }) => long === '--missing')?.argChoices ?? [];
    expect(OPTIONS).toContain(`\`--missing <${missing.join('\\|')}>\``);
  });
});

describe('the README on the options of other commands', () => {
  const added = (all: readonly Option[]): Option[] =>
    all.filter(({ long }) => !clean.some((option) => option.long === long));

  it('has those of list, with their choices', () => {
    for (const { long, argChoices } of added(addListOptions(new Command()).options)) {
      expect(OPTIONS).toContain(`\`${long} ${argChoices?.join('|') ?? '<'}`);
    }
  });

  it('has those of restore', () => {
    for (const { long } of added(addRestoreOptions(new Command()).options)) {
      expect(OPTIONS).toContain(`\`${long}\``);
    }
  });
});
