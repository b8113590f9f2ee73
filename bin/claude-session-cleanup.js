#!/usr/bin/env node
// ES5 on purpose: an old Node must get as far as the message below.
var major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    'claude-session-cleanup: error: needs Node 20 or later, this is ' +
      process.version +
      ' (' +
      process.execPath +
      ')',
  );
  process.exit(1);
}
try {
  require('../dist/cli.js');
} catch (error) {
  if (error.code !== 'MODULE_NOT_FOUND' || !/dist\/cli\.js'/.test(error.message)) throw error;
  console.error('claude-session-cleanup: error: not built yet; run: npm ci && npm run build');
  process.exit(1);
}
