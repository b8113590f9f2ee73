// What the bundle has in the place of modules of Node's that take it 1 to 2 ms each to load: packages and
// we ask for them at the start, and most runs use none.
// biome-ignore-all lint/style/useNodejsImportProtocol: by the names with node: the bundler finds this file
exports.spawn = (...given) => require('child_process').spawn(...given);
exports.spawnSync = (...given) => require('child_process').spawnSync(...given);
exports.createHash = (...given) => require('crypto').createHash(...given);
exports.randomBytes = (...given) => require('crypto').randomBytes(...given);
exports.randomUUID = () => require('crypto').randomUUID();
exports.Readable = function Readable(options) {
  return new (require('node:stream').Readable)(options);
};
exports.PassThrough = function PassThrough(options) {
  return new (require('node:stream').PassThrough)(options);
};
