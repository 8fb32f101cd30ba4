// The quickest MCP server there can be: one tool, `echo`, answered without any library, over stdio or HTTP.
// Over HTTP, `?tools=N` in the URL lists so many. Usage: node upstream.ts stdio | node upstream.ts http   (prints `{"port":N}`)
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';

interface Message {
  readonly id?: string | number;
  readonly method?: string;
  readonly params?: { readonly protocolVersion?: string; readonly arguments?: unknown };
}

function answer({ id, method, params }: Message, tools = 1): string | undefined {
  if (id === undefined) return undefined;
  const result = resultOf(method, params, tools);
  return JSON.stringify(
    result === undefined ? { jsonrpc: '2.0', id, error: { code: -32601, message: 'Method not found' } } : { jsonrpc: '2.0', id, result },
  );
}

function resultOf(method: string | undefined, params: Message['params'], tools: number): unknown {
  switch (method) {
    case 'initialize':
      return {
        protocolVersion: params?.protocolVersion ?? '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'bench', version: '1' },
      };
    case 'ping':
      return {};
    case 'tools/list':
      return {
        tools: Array.from({ length: tools }, (_, i) => ({
          name: i === 0 ? 'echo' : `echo${i}`,
          description: 'Returns its text.',
          inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] },
        })),
      };
    case 'tools/call':
      return { content: [{ type: 'text', text: JSON.stringify(params?.arguments) }] };
    default:
      return undefined;
  }
}

if (process.argv[2] === 'http') {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method !== 'POST') {
        response.writeHead(405).end();
        return;
      }
      const tools = Number(new URL(request.url ?? '', 'http://localhost').searchParams.get('tools') ?? 1);
      const text = answer(JSON.parse(Buffer.concat(chunks).toString()) as Message, tools);
      if (text === undefined) response.writeHead(202).end();
      else response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    });
  });
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    if (address !== null && typeof address === 'object') process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
  });
} else {
  createInterface(process.stdin).on('line', (line) => {
    const text = answer(JSON.parse(line) as Message);
    if (text !== undefined) process.stdout.write(`${text}\n`);
  });
}
