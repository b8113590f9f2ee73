import { describe, expect, it } from 'vitest';
import { copyAttributes } from '../../../src/commit/attributes.js';
import { kernelThat } from './map-directory.js';

const ACL = 'system.posix_acl_access';
const [OLD, NEW] = [1, 2];

/** Copies these attributes to a file with those, where some can't be set; what the new file has then. */
function copied(
  old: Readonly<Record<string, string>>,
  given: Readonly<Record<string, string>> = {},
  refused: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const now = { ...given };
  const kernel = kernelThat({
    attributesOf: (file) => Object.keys(file === OLD ? old : now),
    copyAttribute(_from, _to, name) {
      if (refused[name] !== undefined) throw Object.assign(new Error(), { code: refused[name] });
      now[name] = old[name] ?? '';
    },
    removeAttribute: (_, name) => void delete now[name],
  });
  copyAttributes(kernel, OLD, NEW);
  return now;
}

describe('the attributes of a map', () => {
  it('are kept: access list, notes and labels', () => {
    const all = { [ACL]: 'list', 'user.note': 'x', 'security.selinux': 'label' };
    expect(copied(all, { 'security.selinux': 'default' })).toEqual(all);
  });

  it('are not kept where they tell of the content or belong to the system', () => {
    expect(copied({ 'security.ima': 'x', 'security.evm': 'y', 'trusted.overlay.x': 'z' })).toEqual(
      {},
    );
  });

  it("do not come from the directory's default", () => {
    expect(copied({}, { [ACL]: 'default' })).toEqual({});
  });

  it.each(['EPERM', 'EACCES', 'EOPNOTSUPP'])(
    'may lack a label that can not be set (%s)',
    (code) => {
      const label = { 'security.selinux': 'label' };
      expect(copied(label, {}, { 'security.selinux': code })).toEqual({});
      expect(() => copied({ 'user.note': 'x' }, {}, { 'user.note': code })).toThrow(
        /user\.note can't be kept/,
      );
    },
  );

  it('that can not be set for another reason stop the commit', () => {
    const label = { 'security.selinux': 'label' };
    expect(() => copied(label, {}, { 'security.selinux': 'EIO' })).toThrow(
      /security\.selinux can't be kept/,
    );
  });
});
