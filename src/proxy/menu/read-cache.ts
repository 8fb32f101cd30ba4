import type { RawReply } from '../model.ts';
import type { CacheSelector } from '../output/types.ts';
import { errorReply, textReply } from './answers.ts';
import { BadArgumentsError, type MenuArguments } from './arguments.ts';
import type { MenuCaller, MenuDeps } from './types.ts';

/** Kept free for the line that says how to go on. */
const NEXT_ROOM = 200;
/** A page is at least this long, however small the budget is set: agents must get on. */
const MIN_PAGE = 500;

/** `read_cache`: one page of a stored result that belongs to this caller (contract §7). */
export async function readCache(args: MenuArguments, caller: MenuCaller, deps: MenuDeps): Promise<RawReply> {
  const key = args.requiredString('key');
  const limit = Math.max(MIN_PAGE, deps.responseLimit() - NEXT_ROOM);
  const page = await deps.results.read(key, caller.principal.id, readSelector(args, limit), limit);
  if (!page.ok) {
    return errorReply('invalid_arguments', page.problem, {
      retryable: true,
      action: 'Check the key and the selector; a stored result lives two hours.',
    });
  }
  // The page itself stays alone in its block, so that pages put together are the original to the byte.
  const rest = page.next === undefined ? undefined : `[${page.total} bytes in all; go on with read_cache ${withKey(key, page.next)}]`;
  return rest === undefined ? textReply(page.text) : textReply(page.text, rest);
}

function withKey(key: string, next: string): string {
  return `{"key":${JSON.stringify(key)},${next.slice(1)}`;
}

function readSelector(args: MenuArguments, budget: number): CacheSelector {
  const given = ['lines', 'path', 'grep'].filter((name) => args.has(name));
  // With lines an offset says where in the first of them a page goes on.
  const bytes = args.has('limit') || (args.has('offset') && !args.has('lines'));
  if (given.length + Number(bytes) > 1) throw new BadArgumentsError('Give only one of: offset and limit, lines, path, grep.');
  const lines = args.string('lines');
  if (lines !== undefined) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(lines.trim());
    if (match === null) throw new BadArgumentsError('"lines" must look like "120-180".');
    const from = Number(match[1]);
    const to = match[2] === undefined ? from : Number(match[2]);
    if (from < 1 || to < from) throw new BadArgumentsError('"lines" counts from 1, the smaller number first, as in "120-180".');
    const offset = args.integer('offset', 0, Number.MAX_SAFE_INTEGER);
    return { kind: 'lines', from, to, ...(offset !== undefined && { offset }) };
  }
  const pointer = args.string('path');
  if (pointer !== undefined) return { kind: 'path', pointer };
  const pattern = args.string('grep');
  if (pattern !== undefined) return { kind: 'grep', pattern };
  return {
    kind: 'bytes',
    offset: args.integer('offset', 0, Number.MAX_SAFE_INTEGER) ?? 0,
    limit: args.integer('limit', 1, Number.MAX_SAFE_INTEGER) ?? budget,
  };
}
