#!/usr/bin/env node
// ES5 on purpose: an old Node must get as far as the message below.
var major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    'claude-session-cleanup: needs Node 20 or later, this is ' +
      process.version +
      ' (' +
      process.execPath +
      ')',
  );
  process.exit(1);
}
require('../dist/cli.js');
