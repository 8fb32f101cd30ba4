// Stands for what a company has had for years: an MCP server of 2024 (HTTP+SSE) and a REST API. `node old-services.mjs PORT`
import { createServer } from 'node:http';

let stream;
const send = (event, data) => stream?.write(`event: ${event}\ndata: ${data}\n\n`);
const tool = { name: 'get_order', description: 'Returns an order.', inputSchema: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }, annotations: { readOnlyHint: true } };

function answer({ method, params }) {
  if (method === 'initialize') return { protocolVersion: '2024-11-05', capabilities: { tools: {} }, serverInfo: { name: 'orders', version: '0.9' } };
  if (method === 'tools/list') return { tools: [tool] };
  return method === 'tools/call' ? { content: [{ type: 'text', text: `order ${params.arguments.id}: shipped` }] } : undefined;
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/sse' && request.method === 'GET') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    stream = response;
    return send('endpoint', '/messages');
  }
  if (pathname === '/messages') {
    let body = '';
    for await (const chunk of request) body += chunk;
    const message = JSON.parse(body);
    response.writeHead(202).end();
    if (message.id === undefined) return;
    const result = answer(message);
    const reply = result === undefined ? { error: { code: -32601, message: 'Method not found' } } : { result };
    return send('message', JSON.stringify({ jsonrpc: '2.0', id: message.id, ...reply }));
  }
  const item = /^\/stock\/([\w-]+)$/.exec(pathname)?.[1];
  if (item === undefined) return response.writeHead(404).end();
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ item, pieces: 12 }));
});

server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () => console.log(server.address().port));
