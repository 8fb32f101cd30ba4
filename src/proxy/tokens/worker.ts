// The counting thread: two megabytes of tables and their library, kept out of the thread that serves calls.
import { parentPort } from 'node:worker_threads';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

/** In a definition or a result `<|endoftext|>` is text like any other. */
const PLAIN = { disallowedSpecial: new Set<string>() };

parentPort?.on('message', (texts: readonly string[]) => {
  parentPort?.postMessage(texts.map((text) => countTokens(text, PLAIN)));
});
