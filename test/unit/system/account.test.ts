import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { accountOf, isOwn, nameOf, ownAccount } from '../../../src/system/account.js';

const NOBODY_HAS = 3_999_999_999;

it('the own account has its name, number and home', () => {
  const { username: name, uid, homedir: home } = userInfo();
  expect(ownAccount()).toEqual({ name, uid, home });
});

it('an account is found by its name and by its number', () => {
  const daemon = accountOf('daemon');
  expect(daemon).toMatchObject({ name: 'daemon', uid: expect.any(Number) });
  expect(accountOf(daemon?.uid ?? NOBODY_HAS)).toEqual(daemon);
  expect(accountOf('no such user')).toBeUndefined();
});

it('a user without a name is named by the number', () => {
  expect(nameOf(accountOf('daemon')?.uid ?? NOBODY_HAS)).toBe('daemon');
  expect(nameOf(NOBODY_HAS)).toBe(String(NOBODY_HAS));
  expect(nameOf()).toBe(userInfo().username);
});

it("what is root's or this user's is trusted", () => {
  expect(isOwn({ uid: 0 })).toBe(true);
  expect(isOwn({ uid: process.geteuid?.() ?? 0 })).toBe(true);
  expect(isOwn({ uid: NOBODY_HAS })).toBe(false);
});
