/**
 * Runs inside the virtual machine before the code: a function of the two functions of the host that gives the code
 * its globals and answers with a function that runs the code. Everything in here is convenience and not a boundary:
 * the code may change any of it, and then only its own world is changed. What it uses after the code has begun is
 * kept aside first, so that the code does not break it by accident.
 *
 * `callHost(tool, argumentsText)` resolves to the raw result or rejects with the JSON text of a refusal;
 * `logHost(line)` logs.
 */
export const GUEST = String.raw`(function (callHost, logHost) {
  'use strict';
  const { parse, stringify } = JSON;
  const { defineProperty } = Object;
  const { isArray } = Array;
  const all = Promise.all.bind(Promise);
  const text = String;

  class ToolError extends Error {
    constructor(tool, refusal, stack) {
      super(refusal.message);
      this.name = 'ToolError';
      this.tool = tool;
      this.code = refusal.code;
      this.retryable = refusal.retryable;
      defineProperty(this, 'stack', { value: stack, configurable: true, writable: true });
    }
    toJSON() {
      return { tool: this.tool, code: this.code, message: this.message, retryable: this.retryable };
    }
  }

  class ToolResult {
    #raw;
    #parsed;
    constructor(raw) {
      this.#raw = raw;
    }
    get ok() {
      return true;
    }
    get raw() {
      return this.#raw;
    }
    get #result() {
      return (this.#parsed ??= parse(this.#raw));
    }
    get content() {
      return this.#result.content ?? [];
    }
    get text() {
      return this.content.filter((part) => part.type === 'text').map((part) => part.text).join('\n');
    }
    get data() {
      if (this.#result.structuredContent !== undefined) return this.#result.structuredContent;
      const whole = this.text;
      try {
        return parse(whole);
      } catch {
        return whole;
      }
    }
    toJSON() {
      return this.data;
    }
  }

  async function call_tool(tool, args) {
    // Taken now: after the answer nobody knows any more who called.
    const stack = new Error().stack;
    if (typeof tool !== 'string') throw new TypeError('call_tool takes the id of a tool, "server:tool", and an object of arguments');
    const given = args === undefined || args === null ? undefined : typeof args === 'string' ? args : stringify(args);
    let raw;
    try {
      raw = await callHost(tool, given);
    } catch (refused) {
      throw typeof refused === 'string' ? new ToolError(tool, parse(refused), stack) : refused;
    }
    return new ToolResult(raw);
  }

  async function call_tools(calls) {
    if (!isArray(calls)) throw new TypeError('call_tools takes a list of {tool, arguments}');
    return all(calls.map(async (call) => {
      try {
        return await call_tool(call?.tool, call?.arguments);
      } catch (error) {
        return { ok: false, error };
      }
    }));
  }

  function plain(_key, value) {
    if (typeof value === 'bigint') return text(value);
    if (value instanceof Map || value instanceof Set) return [...value];
    return value instanceof Error && !(value instanceof ToolError) ? text(value) : value;
  }

  function show(value) {
    if (value === undefined || typeof value === 'string') return value;
    if (value instanceof ToolResult) return value.text === '' ? value.raw : value.text;
    return stringify(value, plain) ?? text(value);
  }

  function describe(error) {
    try {
      // What the engine throws when it has no room left even for an error.
      if (error === null) return 'thrown: null, or out of memory';
      if (!(error instanceof Error)) return 'thrown: ' + show(error);
      const code = error.code === undefined ? '' : ' (' + error.code + ')';
      return error.name + code + ': ' + error.message + '\n' + error.stack;
    } catch {
      return 'thrown: [unprintable]';
    }
  }

  function inLog(value) {
    try {
      return value instanceof Error ? value.name + ': ' + value.message : text(show(value));
    } catch {
      return '[unprintable]';
    }
  }
  const log = (...values) => logHost(values.map(inLog).join(' '));

  const globals = { call_tool, call_tools, ToolError, console: { log, info: log, debug: log, warn: log, error: log } };
  for (const name in globals) defineProperty(globalThis, name, { value: globals[name], configurable: true, writable: true });
  return async (code) => {
    try {
      return show(await code());
    } catch (error) {
      throw describe(error);
    }
  };
})`;
