import { join } from 'node:path';
import { Home, uuid } from '../support/home.js';

/** What is mapped in a home to clean, and what is left when it has been cleaned. */
export const OLD = { 'claude-cli': { idle: uuid(1), busy: uuid(2) } };
export const NEW = { 'claude-cli': { busy: uuid(2) } };

/** A home with one idle and one active session, both mapped. */
export function homeToClean(): Home {
  const home = new Home();
  home.claude(uuid(1), 5);
  home.claude(uuid(2), 0.1);
  home.writeMap(OLD);
  return home;
}

export function journalOf(home: Home): string {
  return join(home.sessionDir, 'session_map.removed.jsonl');
}
