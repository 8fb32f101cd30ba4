// A hop made of SDK objects on both sides, as most gateways are. Usage: node sdk-hop.ts URL   (prints `{"port":N}`)
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js';

const target = new URL(process.argv[2] ?? '');
const sessions = new Map<string, StreamableHTTPServerTransport>();

async function open(): Promise<StreamableHTTPServerTransport> {
  const client = new Client({ name: 'hop', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(target));
  // The low-level class: what a gateway relays has no schemas here.
  // eslint-disable-next-line @typescript-eslint/no-deprecated
  const server = new Server({ name: 'hop', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler(ListToolsRequestSchema, ({ params }) => client.listTools(params));
  server.setRequestHandler(CallToolRequestSchema, ({ params }) => client.callTool(params));
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID, onsessioninitialized: (id) => void sessions.set(id, transport) });
  await server.connect(transport);
  return transport;
}

const server = createServer((req, res) => {
  const known = sessions.get(String(req.headers['mcp-session-id']));
  void (known === undefined ? open() : Promise.resolve(known)).then((transport) => transport.handleRequest(req, res));
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (address !== null && typeof address === 'object') process.stdout.write(`${JSON.stringify({ port: address.port })}\n`);
});
