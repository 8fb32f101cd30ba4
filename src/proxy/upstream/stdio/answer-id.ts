/*
 * The id of an answer of which only the ends were kept. The patterns accept an id only where it can be a member
 * of the message itself: right at its start, or right before its last brace.
 */
const ID_AT_HEAD = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"(?:result|error)"\s*:/;
const ANSWER_AT_HEAD = /^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"(?:result|error)"\s*:/;
const ID_AT_TAIL = /,\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d{1,15})\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;

/** Which of our requests a message answers, judged by its first and last characters; undefined if that is not plain. */
export function answerIdOf(head: string, tail: string): number | undefined {
  const found = ID_AT_HEAD.exec(head) ?? (ANSWER_AT_HEAD.test(head) ? ID_AT_TAIL.exec(tail) : null);
  return found?.[1] === undefined ? undefined : Number(found[1]);
}
