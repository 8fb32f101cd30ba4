import { readFile } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import variant from '@jitl/quickjs-wasmfile-release-sync';
import { newQuickJSWASMModuleFromVariant, newVariant, type QuickJSContext, type QuickJSDeferredPromise, type QuickJSHandle, type QuickJSRuntime } from 'quickjs-emscripten-core';
import { messageOf } from '../errors.ts';
import { CallQueue } from './call-queue.ts';
import { eraseTypes } from './erase-types.ts';
import { GUEST } from './guest.ts';
import { JOBS_AT_ONCE, MAX_ARGUMENTS, MAX_CALLS, MAX_ERROR, MAX_LOGGED, MAX_RETURNED, MAX_TOOL_ID, MEMORY_BYTES, STACK_BYTES } from './limits.ts';
import type { CallAnswer, CodeEnd } from './types.ts';

// Node has it, its type declarations do not.
declare const WebAssembly: { readonly Memory: new (pages: { readonly initial: number; readonly maximum: number }) => never };

/** What a machine may ask of the worker around it. */
export interface MachineHost {
  /** Sends a call out; its answer comes back by `Machine.answer`. */
  call(id: number, tool: string, argumentsText: string | undefined): void;
  log(line: string): void;
}

/**
 * A virtual machine for one run of code. Values of the code are never looked into from here: only strings and
 * promises pass, and strings only after their length is known.
 */
export class Machine {
  readonly #host: MachineHost;
  readonly #deadline: number;
  readonly #runtime: QuickJSRuntime;
  readonly #context: QuickJSContext;
  readonly #calls = new CallQueue();
  readonly #pending = new Map<number, QuickJSDeferredPromise>();
  /** Wakes the loop when an answer came. */
  #wake: () => void = () => undefined;
  /** What the engine failed with while it took an answer in; `run` ends with it. */
  #failure: Error | undefined;

  /** @param deadline milliseconds since epoch at which the code is interrupted */
  static async create(wasmFile: string, deadline: number, host: MachineHost): Promise<Machine> {
    const file = await readFile(wasmFile);
    // Beside the bundles it is kept compressed (docs/decisions/0004-bundles-and-budgets.md).
    const bytes = wasmFile.endsWith('.br') ? await promisify(brotliDecompress)(file) : file;
    const wasmBinary = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    // The engine's own setMemoryLimit() does not see the size of blocks in this build: the memory itself is the limit.
    const wasmMemory = new WebAssembly.Memory({ initial: FIRST_BYTES / PAGE, maximum: MEMORY_BYTES / PAGE });
    const engine = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmBinary, wasmMemory }));
    return new Machine(engine.newRuntime(), deadline, host);
  }

  private constructor(runtime: QuickJSRuntime, deadline: number, host: MachineHost) {
    this.#host = host;
    this.#deadline = deadline;
    this.#runtime = runtime;
    runtime.setMaxStackSize(STACK_BYTES);
    runtime.setInterruptHandler(() => this.#isLate());
    this.#context = runtime.newContext();
  }

  /** Runs code to its end. Calls that it did not wait for are waited for, unless it threw. */
  async run(code: string): Promise<CodeEnd> {
    try {
      const run = this.#context.unwrapResult(this.#context.evalCode(GUEST, GUEST_FILE));
      const start = this.#context.unwrapResult(this.#context.callFunction(run, this.#context.undefined, this.#callHost(), this.#logHost()));
      const main = this.#compile(code);
      if ('end' in main) return main.end;
      const promise = this.#context.callFunction(start, this.#context.undefined, main.handle);
      if (promise.error !== undefined) return this.#isLate() ? { kind: 'timeout' } : { kind: 'threw', message: OUT_OF_MEMORY };
      return await this.#settle(promise.value);
    } catch (error) {
      if (this.#isLate()) return { kind: 'timeout' };
      // The native stack ran out before the machine's own did; the machine is not used again.
      if (error instanceof RangeError) return { kind: 'threw', message: 'InternalError: stack overflow' };
      // The engine does not survive every failure to get memory; what it computed is gone, and nothing else.
      if (error instanceof Error && error.name === 'RuntimeError') return { kind: 'threw', message: OUT_OF_MEMORY };
      throw error;
    }
  }

  /** Gives the code the answer of one of its calls. */
  answer(id: number, answer: CallAnswer): void {
    const deferred = this.#pending.get(id);
    if (deferred === undefined) return;
    this.#pending.delete(id);
    try {
      this.#settleCall(deferred, answer);
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(messageOf(error));
    }
    this.#calls.finished();
    this.#wake();
  }

  #settleCall(deferred: QuickJSDeferredPromise, answer: CallAnswer): void {
    if (!answer.ok) return this.#refuse(deferred, answer);
    const raw = this.#context.newString(answer.result);
    if (this.#context.typeof(raw) === 'string') deferred.resolve(raw);
    else this.#refuse(deferred, { code: 'too_large', message: 'The result does not fit the memory of the code.', retryable: false });
  }

  /** The code as a function; as TypeScript when it is no JavaScript. */
  #compile(code: string): { readonly handle: QuickJSHandle } | { readonly end: CodeEnd } {
    const asJavaScript = this.#context.evalCode(wrap(code), CODE_FILE);
    if (asJavaScript.error === undefined) return { handle: asJavaScript.value };
    const erased = eraseTypes(wrap(code));
    const asTypeScript = erased === undefined ? undefined : this.#context.evalCode(erased, CODE_FILE);
    if (asTypeScript !== undefined && asTypeScript.error === undefined) return { handle: asTypeScript.value };
    return { end: this.#refused(asJavaScript.error) };
  }

  async #settle(promise: QuickJSHandle): Promise<CodeEnd> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      const answered = new Promise<void>((resolve) => (this.#wake = resolve));
      // What a step throws without anybody catching it is the code's own affair, as in any program.
      const ran = this.#runtime.executePendingJobs(JOBS_AT_ONCE);
      if (ran.error !== undefined) ran.error.dispose();
      if (this.#isLate()) return { kind: 'timeout' };
      const state = this.#context.getPromiseState(promise);
      if (state.type === 'rejected') this.#calls.drop();
      if (state.type !== 'pending' && !this.#calls.busy) {
        return state.type === 'rejected' ? this.#thrown(state.error) : this.#returned(state.value);
      }
      if (this.#runtime.hasPendingJob()) await nextTurn();
      else if (this.#calls.busy) await Promise.race([answered, this.#untilLate()]);
      else return { kind: 'threw', message: 'Error: the code waits for a promise that nothing can settle any more' };
    }
  }

  #returned(value: QuickJSHandle): CodeEnd {
    if (this.#context.typeof(value) === 'undefined') return { kind: 'returned', text: undefined };
    const text = this.#textWithin(value, MAX_RETURNED);
    if (text === undefined) return { kind: 'threw', message: `RangeError: the returned value is longer than ${MAX_RETURNED} characters; return less` };
    return { kind: 'returned', text };
  }

  /** What the code rejected with: the guest has put it into words, unless it had no room left for them. */
  #thrown(reason: QuickJSHandle): CodeEnd {
    return { kind: 'threw', message: withLines(this.#textWithin(reason, MAX_THROWN) ?? OUT_OF_MEMORY) };
  }

  /** An error of the engine itself, from before any of the code ran. */
  #refused(error: QuickJSHandle): CodeEnd {
    const part = (name: string): string => this.#textWithin(this.#context.getProp(error, name), MAX_THROWN) ?? '';
    return { kind: 'threw', message: withLines(`${part('name')}: ${part('message')}\n${part('stack')}`) };
  }

  #callHost(): QuickJSHandle {
    return this.#context.newFunction('call', (tool, args) => {
      const deferred = this.#context.newPromise();
      const name = this.#textWithin(tool, MAX_TOOL_ID);
      const none = this.#context.typeof(args) === 'undefined';
      const text = none ? undefined : this.#textWithin(args, MAX_ARGUMENTS);
      if (name === undefined) this.#refuse(deferred, { code: 'unknown_tool', message: 'There is no tool with an id this long.', retryable: false });
      else if (!none && text === undefined) {
        this.#refuse(deferred, { code: 'too_large', message: `The arguments are longer than ${MAX_ARGUMENTS} characters.`, retryable: false });
      } else {
        const accepted = this.#calls.add((id) => {
          this.#pending.set(id, deferred);
          this.#host.call(id, name, text);
        });
        if (!accepted) this.#refuse(deferred, { code: 'rate_limited', message: `One run of code may make ${MAX_CALLS} calls.`, retryable: false });
      }
      return deferred.handle;
    });
  }

  #logHost(): QuickJSHandle {
    return this.#context.newFunction('log', (line) => {
      this.#host.log(this.#textWithin(line, MAX_LOGGED) ?? '[a line too long to keep]');
    });
  }

  #refuse(deferred: QuickJSDeferredPromise, { code, message, retryable }: { readonly code: string; readonly message: string; readonly retryable: boolean }): void {
    deferred.reject(this.#context.newString(JSON.stringify({ code, message, retryable })));
  }

  /** A string of the code's, if it is one and no longer than `limit` characters. */
  #textWithin(value: QuickJSHandle, limit: number): string | undefined {
    if (this.#context.typeof(value) !== 'string') return undefined;
    const length = this.#context.getNumber(this.#context.getProp(value, 'length'));
    return length <= limit ? this.#context.getString(value) : undefined;
  }

  #isLate(): boolean {
    return Date.now() >= this.#deadline;
  }

  #untilLate(): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, Math.max(0, this.#deadline - Date.now()) + 1).unref());
  }
}

/** What the build starts with, and a page of WebAssembly memory; in bytes. */
const FIRST_BYTES = 16 * 1024 * 1024;
const PAGE = 64 * 1024;
const GUEST_FILE = 'vestibule.js';
const CODE_FILE = 'code.js';
const OUT_OF_MEMORY = 'InternalError: out of memory';
const MAX_FRAMES = 10;
/** Characters of an error and its stack, before frames are left out. */
const MAX_THROWN = 64 * 1024;

/** On one line with the code's first, so that its lines keep their numbers. */
function wrap(code: string): string {
  return `(async () => {"use strict"; ${code}\n})`;
}

/** A message and its stack, with the frames of the code itself only, by their lines. */
function withLines(thrown: string): string {
  const frame = new RegExp(`^ {4}at .*?${CODE_FILE}:(\\d+)`);
  const message: string[] = [];
  const frames: string[] = [];
  for (const line of thrown.split('\n')) {
    const number = frame.exec(line)?.[1];
    if (number !== undefined) frames.push(`at line ${number}`);
    else if (!line.startsWith('    at ')) message.push(line);
  }
  return [message.join('\n').trim().slice(0, MAX_ERROR), ...frames.slice(0, MAX_FRAMES)].join('\n');
}
