// What the bundle has in the place of child_process and crypto: Node needs 2 ms to load either.
// biome-ignore-all lint/style/useNodejsImportProtocol: by their whole names the bundler finds this file
exports.spawn = (...given) => require('child_process').spawn(...given);
exports.spawnSync = (...given) => require('child_process').spawnSync(...given);
exports.createHash = (...given) => require('crypto').createHash(...given);
exports.randomBytes = (...given) => require('crypto').randomBytes(...given);
exports.randomUUID = () => require('crypto').randomUUID();
