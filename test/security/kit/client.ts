import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { assertUnmarked } from '../../fixtures/telltale/mark.ts';
import { until } from './until.ts';

/** What a call came to, as the agent sees it. */
export interface Answer {
  readonly text: string;
  readonly isError: boolean;
  /** The code of `vestibule/error`, when the refusal is ours. */
  readonly code: string | undefined;
  /** The whole result. */
  readonly raw: string;
}

/** An agent on the official SDK that keeps every byte it is sent. */
export class RecordingClient {
  readonly client: Client;
  readonly #received: string[] = [];

  private constructor(client: Client) {
    this.client = client;
  }

  /** Connects to the endpoint of a serve. */
  static async connect({ url, token }: { readonly url: string; readonly token: string }, options: ConstructorParameters<typeof Client>[1] = {}): Promise<RecordingClient> {
    const recording = new RecordingClient(new Client({ name: 'security-suite', version: '1' }, options));
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: { authorization: `Bearer ${token}` } },
      fetch: (to, init) => recording.#fetch(to, init),
    });
    await recording.client.connect(transport);
    return recording;
  }

  /** Everything received so far, on every stream. */
  get received(): string {
    return this.#received.join('');
  }

  /** Calls a tool as `tools/call` does; results are not checked against any schema of the tool. */
  async call(name: string, args: unknown): Promise<Answer> {
    const result = await this.client.request({ method: 'tools/call', params: { name, arguments: args as Record<string, unknown> } }, CallToolResultSchema, { timeout: 60_000 });
    const error = result._meta?.['vestibule/error'] as { readonly code: string } | undefined;
    return {
      text: result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n'),
      isError: result.isError === true,
      code: error?.code,
      raw: JSON.stringify(result),
    };
  }

  /** Calls a tool of an upstream through the menu, by its id. */
  use(id: string, args: unknown = {}): Promise<Answer> {
    return this.call('call_tool', { tool: id, arguments: args });
  }

  /** Resolves when a call of this tool ends with the code; undefined stands for going through. */
  untilCode(id: string, code: string | undefined, args: unknown = {}): Promise<Answer> {
    return until(`${id} answers ${code ?? 'without a refusal'}`, async () => {
      const answer = await this.use(id, args);
      return answer.code === code ? answer : undefined;
    });
  }

  /** Every way an agent has to look at what there is, in one text. */
  async everythingShown(words: string, ids: readonly string[]): Promise<string> {
    const answers = [
      JSON.stringify(await this.client.listTools()),
      (await this.call('retrieve_tools', { query: words, limit: 50, detail: 'schema', explain: true })).text,
      ...(ids.length === 0 ? [] : [(await this.call('describe_tool', { tools: ids.slice(0, 10) })).text]),
      (await this.call('upstream_servers', { operation: 'list' })).text,
      this.client.getInstructions() ?? '',
    ];
    return answers.join('\n');
  }

  async close(): Promise<void> {
    await this.client.close();
    assertUnmarked(this.received, 'messages to an agent');
  }

  async #fetch(to: string | URL, init: RequestInit | undefined): Promise<Response> {
    const response = await fetch(to, init);
    if (response.body === null) return response;
    const [ours, theirs] = response.body.tee();
    void this.#record(ours);
    return new Response(theirs, { status: response.status, headers: response.headers });
  }

  async #record(body: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of body) this.#received.push(decoder.decode(chunk, { stream: true }));
    } catch {
      // The stream was aborted; what came before is recorded.
    }
  }
}
