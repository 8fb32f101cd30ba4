import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../errors.ts';
import { MAX_LOGGED, MAX_LOG_LINES } from './limits.ts';
import { Machine } from './machine.ts';
import type { FromWorker, ToWorker, WorkerInput } from './messages.ts';

/*
 * The thread one run of code lives in. It holds nothing but the virtual machine, talks to the process by messages
 * only, and is killed when it does not end itself.
 */

const { code, wasmFile, deadline } = workerData as WorkerInput;
const logged = { characters: 0, lines: 0 };

function send(message: FromWorker): void {
  parentPort?.postMessage(message);
}

function log(line: string): void {
  if (logged.lines > MAX_LOG_LINES || logged.characters > MAX_LOGGED) return;
  logged.lines++;
  logged.characters += line.length + 1;
  const full = logged.lines > MAX_LOG_LINES || logged.characters > MAX_LOGGED;
  send({ kind: 'log', line: full ? '[more was logged, and is not kept]' : line });
}

async function run(): Promise<void> {
  const machine = await Machine.create(wasmFile, deadline, {
    call: (id, tool, argumentsText) => send({ kind: 'call', id, tool, argumentsText }),
    log,
  });
  parentPort?.on('message', ({ id, answer }: ToWorker) => machine.answer(id, answer));
  send({ kind: 'end', end: await machine.run(code) });
}

run().catch((error: unknown) => send({ kind: 'end', end: { kind: 'failed', message: messageOf(error) } }));
