// A bridge as far as its session map goes: loads it at its start only, answers from memory, and
// writes the whole of it for each new chat.   stand-in-bridge.mjs MAP PORT
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';

const [file, port] = process.argv.slice(2);
const load = () => JSON.parse(readFileSync(file, 'utf8'));
let memory = load();
const save = () => writeFileSync(file, JSON.stringify(memory));
// For a unit with ExecReload=.
process.on('SIGHUP', () => {
  memory = load();
});

createServer(({ method, url }, response) => {
  const { pathname, searchParams } = new URL(url, 'http://bridge');
  const chat = decodeURIComponent(pathname.split('/')[2] ?? '');
  const section = memory[searchParams.get('model') ?? 'claude-cli'];
  const answer = (status, body) => response.writeHead(status).end(JSON.stringify(body));
  if (method === 'GET') return answer(200, { sessions: memory });
  if (method === 'DELETE' && !(chat in section)) return answer(404, {});
  if (method === 'DELETE') delete section[chat];
  else section[chat] = searchParams.get('session');
  save();
  return answer(200, { status: method === 'DELETE' ? 'deleted' : 'made', chat_id: chat });
}).listen(Number(port), '127.0.0.1');
