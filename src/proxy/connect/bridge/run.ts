import type { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { VestibuleError } from '../../errors.ts';
import { rpcError, writeReply } from '../../json/frame.ts';
import { readTextIfExists } from '../../storage/atomic-file.ts';
import { LineSplitter } from '../../upstream/stdio/line-splitter.ts';
import { knownEndpoints, liveEndpoints, urlOf } from '../endpoints.ts';
import { Bridge } from './bridge.ts';
import { GatewayLink } from './gateway-link.ts';

/** The gateway takes no larger message. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const MAX_TOKEN_BYTES = 4_096;
const PATIENCE_MS = 30_000;
/** After its input has ended, what is under way has this long for its answer, in milliseconds. */
const GRACE_MS = 2_000;

/** How a bridge is run. */
export interface RunBridgeOptions {
  readonly input: Readable;
  readonly output: Writable;
  readonly dataDir: string;
  /** The folder the client works in, absolute: of several gateways, its own is chosen. */
  readonly folder: string;
  /** File that holds the token; its variable counts without one. */
  readonly tokenFile: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly log: (message: string) => void;
}

/** The variable a token may stand in. */
export const TOKEN_VARIABLE = 'VESTIBULE_TOKEN';

/**
 * Carries messages between a client on stdio and the gateway that runs over this data folder, until the input ends.
 * @throws VestibuleError `usage` without a token
 */
export async function runBridge(options: RunBridgeOptions): Promise<void> {
  const { input, output, dataDir, folder, log } = options;
  await tokenOf(options);
  const bridge = new Bridge({
    link: new GatewayLink({
      locate: async () => liveEndpoints(await knownEndpoints(dataDir), folder).map(urlOf),
      token: () => tokenOf(options),
      patienceMs: PATIENCE_MS,
    }),
    send: (line) => void output.write(`${line}\n`),
    log,
  });
  const lines = new LineSplitter(
    MAX_LINE_BYTES,
    (line) => line.trim() !== '' && bridge.receive(line),
    ({ bytes }) => output.write(`${writeReply('null', { error: rpcError(-32600, `A message of ${bytes} bytes is too large; at most ${MAX_LINE_BYTES} are taken`) })}\n`),
  );
  input.on('data', (chunk: Buffer) => lines.push(chunk));
  // A client that ends may break its pipes in any order.
  output.on('error', () => input.destroy());
  await finished(input, { writable: false }).catch(() => undefined);
  lines.end();
  await bridge.settled(GRACE_MS);
  await bridge.close();
}

/** The token as it is now: connecting again replaces it. */
async function tokenOf({ tokenFile, env }: RunBridgeOptions): Promise<string> {
  const text = tokenFile === undefined ? env[TOKEN_VARIABLE] : await readTextIfExists(tokenFile, MAX_TOKEN_BYTES);
  const token = text?.trim() ?? '';
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  const where = tokenFile === undefined ? `in ${TOKEN_VARIABLE}` : `in ${tokenFile}`;
  throw new VestibuleError('usage', `There is no token ${where}.`, { action: 'Connect the agent again, or give --token-file.' });
}
