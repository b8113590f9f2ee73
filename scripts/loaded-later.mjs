// What the bundle has in the place of modules of Node's that take it 1 to 2 ms each to load: packages and
// we ask for them at the start, and most runs use none.
// biome-ignore-all lint/style/useNodejsImportProtocol: by the names with node: the bundler finds this file
export const spawn = (...given) => require('child_process').spawn(...given);
export const spawnSync = (...given) => require('child_process').spawnSync(...given);
export const createHash = (...given) => require('crypto').createHash(...given);
export const randomBytes = (...given) => require('crypto').randomBytes(...given);
export const randomUUID = () => require('crypto').randomUUID();
export function Readable(options) {
  return new (require('node:stream').Readable)(options);
}
export function PassThrough(options) {
  return new (require('node:stream').PassThrough)(options);
}
