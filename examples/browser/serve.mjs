// The page beside a whole market on this machine: `npm start`, then open the address it prints.
import { spawn } from 'node:child_process';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { bundle } from './build.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TYPES = { '.html': 'text/html', '.css': 'text/css', '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' };

/** Starts the market program; returns what it says of itself, and how to stop it. */
export async function startMarket() {
  const words = ['run', '--quiet', '--locked', '--package', 'fabstir-examples', '--bin', 'market'];
  const built = process.env.FABSTIR_MARKET;
  const [program, args] = built ? [built, []] : [process.env.CARGO ?? 'cargo', words];
  const market = spawn(program, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => market.once('exit', resolve));
  const place = await new Promise((resolve, reject) => {
    createInterface({ input: market.stdout }).once('line', (line) => resolve(JSON.parse(line)));
    gone.then((code) => reject(new Error(`the market program ended (${code})`)));
  });
  const stop = async () => {
    market.stdin.end();
    await gone;
  };
  return { place, stop };
}

/** Serves the page, and what it needs to know of the market, on a loopback port. */
export async function servePage(place, port = 0) {
  const folder = await bundle();
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, 'http://localhost').pathname));
    if (path === '/market.json') {
      response.writeHead(200, { 'content-type': TYPES['.json'] }).end(JSON.stringify(place));
      return;
    }
    const file = join(folder, path === '/' ? 'index.html' : path);
    if (!file.startsWith(folder) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream' });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { place, stop } = await startMarket();
  const page = await servePage(place, 8080);
  console.log(`${page.url}  (Ctrl-C ends it)`);
  process.once('SIGINT', async () => {
    page.stop();
    await stop();
    process.exit(0);
  });
}
