// The cheapest HTTP hop there can be: every request is read and sent on over kept-alive connections, nothing is looked
// at. What a gateway costs beyond this is what it does. Usage: node raw-hop.ts URL   (prints `{"port":N}`)
import { Agent, createServer, request } from 'node:http';

const target = new URL(process.argv[2] ?? '');
const agent = new Agent({ keepAlive: true, noDelay: true });
const server = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const body = Buffer.concat(chunks);
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'content-length': body.length };
    const sent = request(target, { method: req.method, agent, headers }, (answer) => {
      const answered: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => answered.push(chunk));
      answer.on('end', () => {
        const whole = Buffer.concat(answered);
        res.writeHead(answer.statusCode ?? 502, { 'content-type': answer.headers['content-type'] ?? 'application/json', 'content-length': whole.length }).end(whole);
      });
    });
    sent.on('error', () => res.destroy());
    sent.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
});
