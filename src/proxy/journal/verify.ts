import { readHead } from './head.ts';
import { GENESIS, missingLinesNoted, readAnchor, readSeal, type Anchor, type ChainEnd } from './line.ts';
import { linesOf, listSegments, type Segment } from './segments.ts';

const ATTEMPTS = 5;

/** The first line that breaks the chain. */
export interface BrokenLine {
  /** Name of the segment, inside the journal folder. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Its sequence, if one can be read. */
  readonly seq: number | undefined;
  readonly problem: string;
}

export type Verification =
  | {
      readonly ok: true;
      readonly lines: number;
      /** Lines that retention removed before the first one, as the chain itself testifies. */
      readonly removed: number;
    }
  | { readonly ok: false; readonly lines: number; readonly broken: BrokenLine };

/**
 * Walks the chain of a journal folder: an edited, removed, added or reordered line, and lines missing at either
 * end, are named. Reads files only, also while another process writes. It proves the order and content of what is
 * there against anyone who changes a part; not against one who can write the whole folder anew.
 */
export async function verifyJournal(dir: string): Promise<Verification> {
  for (let attempt = 1; ; attempt++) {
    // The head comes first, since the writer may append meanwhile: lines beyond it are no break, missing ones are.
    const head = await readHead(dir);
    const segments = await listSegments(dir);
    const result = await verifyChain(segments, head);
    if (result.ok || attempt === ATTEMPTS) return result;
    // Retention may have removed segments under our eyes; then what we saw proves nothing.
    const oldest = (await listSegments(dir))[0];
    if (oldest?.name === segments[0]?.name) return result;
  }
}

async function verifyChain(segments: readonly Segment[], head: ChainEnd | undefined): Promise<Verification> {
  const anchors = new Map<number, Anchor>();
  let lines = 0;
  let first: { readonly seq: number; readonly prev: string; readonly file: string } | undefined;
  let last: (ChainEnd & { readonly file: string; readonly line: number }) | undefined;
  let headSeen = head === undefined;

  for (const { path, name } of segments) {
    let number = 0;
    for await (const { text, complete } of linesOf(path)) {
      // Being written right now, or torn by a crash; the next open drops and notes it.
      if (!complete) continue;
      number++;
      const broken = (problem: string, seq?: number): Verification => ({ ok: false, lines, broken: { file: name, line: number, seq, problem } });
      const seal = readSeal(text);
      if (seal === undefined) return broken('this is not a journal line');
      if (!seal.intact) return broken('this line was changed after it was written', seal.seq);
      if (last !== undefined && seal.seq !== last.seq + 1) return broken(`line ${last.seq + 1} should stand here: lines were removed, added or reordered`, seal.seq);
      if (last !== undefined && seal.prev !== last.hash) return broken('this line does not continue the one before it', seal.seq);
      if (head?.seq === seal.seq) {
        if (head.hash !== seal.hash) return broken('this line was replaced after it was written', seal.seq);
        headSeen = true;
      }
      const missing = missingLinesNoted(text);
      if (missing > 0) return broken(`${missing} lines that stood before this one were missing when the journal was opened`, seal.seq);
      const anchor = readAnchor(text);
      if (anchor !== undefined) anchors.set(anchor.throughSeq, anchor);
      first ??= { seq: seal.seq, prev: seal.prev, file: name };
      last = { seq: seal.seq, hash: seal.hash, file: name, line: number };
      lines++;
    }
  }

  if (first !== undefined && !startsRightly(first, anchors)) {
    return { ok: false, lines, broken: { file: first.file, line: 1, seq: first.seq, problem: `the lines before ${first.seq} are missing and no retention removed them` } };
  }
  if (!headSeen && head !== undefined && head.seq > (last?.seq ?? 0)) {
    const problem = `the lines ${(last?.seq ?? 0) + 1} to ${head.seq} are missing after this one`;
    return { ok: false, lines, broken: { file: last?.file ?? 'head.json', line: last?.line ?? 1, seq: last?.seq, problem } };
  }
  return { ok: true, lines, removed: first === undefined ? 0 : first.seq - 1 };
}

function startsRightly(first: { readonly seq: number; readonly prev: string }, anchors: ReadonlyMap<number, Anchor>): boolean {
  if (first.seq === 1) return first.prev === GENESIS;
  return anchors.get(first.seq - 1)?.lastHash === first.prev;
}
