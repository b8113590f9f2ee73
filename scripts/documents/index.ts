import { Problems } from '../../src/output/problems.js';
import { program, takeOptions } from '../../src/program.js';
import { completionOf, type Shell } from './completion.js';
import { manualPage } from './manual.js';

export { optionsTable } from './options-table.js';

const root = program({ status: 0, problems: new Problems(), help: '' });
root.commands.forEach(takeOptions);

export const manual = (template: string): string => manualPage(template, root);
export const completion = (shell: Shell): string => completionOf(root, shell);
