import { digestOf, NotCanonicalError } from '../json/canonical.ts';
import { stringOf } from '../json/slice.ts';
import type { Digest, RawJson } from '../model.ts';
import { MAX_DEFINITION_BYTES, type Unreadable } from './json-definition.ts';

/** What a server tells the model about itself; pinned like a definition (contract §5). */
export interface Instructions {
  readonly text: string;
  /** Of the JSON string, as received. */
  readonly digest: Digest;
}

/** Reads a raw `instructions` member. Undefined when absent, null or empty. */
export function readInstructions(raw: RawJson | undefined): Instructions | Unreadable | undefined {
  if (raw === undefined || raw === 'null' || raw === '""') return undefined;
  const problem = (text: string): Unreadable => ({ name: undefined, problem: text, fix: "Report this to the server's author; its tools are not affected." });
  if (Buffer.byteLength(raw, 'utf8') > MAX_DEFINITION_BYTES) return problem(`The instructions have more than ${MAX_DEFINITION_BYTES} bytes.`);
  try {
    const digest = digestOf(raw);
    const text = stringOf(raw);
    return text === undefined ? problem('The instructions are not a string.') : { text, digest };
  } catch (error) {
    if (!(error instanceof NotCanonicalError)) throw error;
    return problem(`The instructions have more than one reading: ${error.message}.`);
  }
}
