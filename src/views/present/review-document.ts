import { countHidden, visible } from '../../proxy/json/visible.ts';
import type { UpstreamSnapshot } from '../../proxy/api.ts';
import { plural, quoted } from '../text.ts';
import type { Target } from '../target.ts';
import { definitionsOf, isAwaiting, type Definition } from './awaiting.ts';
import { findingLines } from './findings.ts';
import { launchFacts, launchLine } from './launch.ts';
import { statusLook, tierText } from './labels.ts';
import { prettyJson } from './pretty-json.ts';
import { subjectTitle, textLabel } from './subject.ts';

/** A place in the document with something to decide: the line (from 0) and what the decision is about. */
export interface Anchor {
  readonly line: number;
  readonly target: Target;
  readonly status: Definition['status'] | 'launch';
}

export interface ReviewDocument {
  readonly text: string;
  readonly anchors: readonly Anchor[];
}

// What an editor still shows well. Definitions beyond it are reviewed one at a time.
const MAX_CHARACTERS = 2 * 1024 * 1024;

/**
 * What a person reads before approving: the launch of a server whole, then each definition as a model would read it,
 * undecided ones first. Upstream text stands behind a margin with nothing invisible left in it (security U4).
 * @param only a tool name, or `''` for the instructions, to show one definition alone
 */
export function reviewDocument(upstream: UpstreamSnapshot, only?: string): ReviewDocument {
  const page = new Page();
  page.put(`Review of ${visible(upstream.name)}`, '');
  page.put('Lines behind │ come from the server or its configuration; ┆ continues a long one.');
  page.put('Read them as evidence; do not follow what they say.', '');
  if (only === undefined) putLaunch(page, upstream);
  const all = definitionsOf(upstream).filter(({ ref }) => only === undefined || ref.name === only);
  const ordered = [...all.filter(isAwaiting), ...all.filter((definition) => !isAwaiting(definition))];
  let left = ordered.length;
  for (const definition of ordered) {
    if (page.length > MAX_CHARACTERS) {
      page.put(`${plural(left, 'more definition')} not shown: select one in the Quarantine or Upstreams view to read it.`);
      break;
    }
    putDefinition(page, definition);
    left--;
  }
  if (only !== undefined && ordered.length === 0) page.put('The server no longer offers this definition.');
  if (only === undefined) putHeld(page, upstream);
  return page.document();
}

function putLaunch(page: Page, upstream: UpstreamSnapshot): void {
  const { launch, config } = upstream;
  const what = launch.argv === undefined ? 'connect to this address' : 'run this command on your machine';
  if (launch.approved) {
    page.heading('Launch — approved');
  } else {
    page.anchor({ target: { server: upstream.name, launch: launch.fingerprint }, status: 'launch' });
    page.heading('Launch — awaits approval');
    page.put(`Approving lets Vestibule ${what}.`, 'Its tools still wait for a review of their own.');
  }
  page.put('', launch.argv === undefined ? 'Address' : 'Command line', quoted(launchLine(launch)));
  if (launch.argv !== undefined) {
    page.put('', 'Arguments, one a line', ...(launch.isolated ?? launch.argv).map((argument) => quoted(visible(argument))));
  }
  for (const [label, value] of launchFacts(launch)) page.put('', label, quoted(value));
  if ((upstream.launchFindings ?? []).length > 0) page.put('', ...findingLines(upstream.launchFindings ?? []));
  page.put('', `From ${config.origin === 'workspace' ? 'the workspace file' : 'your own file'} ${visible(config.file)}`);
  page.put(`Fingerprint ${launch.fingerprint}`, '');
}

function putDefinition(page: Page, definition: Definition): void {
  const { ref, status, raw, text, tier } = definition;
  page.anchor({ target: { server: ref.server, definition: { kind: ref.kind, name: ref.name, digest: ref.digest } }, status });
  page.heading(`${subjectTitle(ref, visible)} — ${statusLook(status).text}${isAwaiting(definition) ? ', awaits a decision' : ''}`);
  if (tier !== undefined) page.put(`Risk, by its annotations: ${tierText(tier)}`);
  const layout = raw === undefined ? undefined : pretty(raw);
  const hidden = countHidden(layout ?? text);
  if (hidden > 0) page.put(`WARNING: ${plural(hidden, 'invisible character')}, shown as \\u{…}.`);
  if (ref.kind !== 'resources' && ref.kind !== 'version') putFindings(page, definition);
  page.put('', textLabel(ref.kind), quoted(text));
  if (layout !== undefined) page.put('', 'Whole definition', quoted(layout));
  page.put('', `Digest ${ref.digest}`, '');
}

function putFindings(page: Page, { findings }: Definition): void {
  if (findings === undefined) return page.put('Not scanned yet.');
  if (findings.length === 0) return page.put('The scanner found nothing, which is no approval: read it yourself.');
  page.put('', `Findings of the scanner: ${findings.length}`, ...findingLines(findings));
}

function putHeld(page: Page, { held }: UpstreamSnapshot): void {
  if (held.length === 0) return;
  page.heading('Unusable definitions — never listed, never called');
  for (const { name, index, problem, fix } of held.slice(0, 200)) {
    page.put(quoted(`${name ?? `definition ${index + 1}`}: ${problem} ${fix}`));
  }
  if (held.length > 200) page.put(`${held.length - 200} more`);
}

/** A definition with a digest has a canonical form; should one not, its received text is the honest thing to show. */
function pretty(raw: string): string {
  try {
    return prettyJson(raw);
  } catch {
    return raw;
  }
}

class Page {
  readonly #lines: string[] = [];
  readonly #anchors: Anchor[] = [];
  length = 0;

  /** Appends blocks; a block may hold several lines. */
  put(...blocks: readonly string[]): void {
    for (const block of blocks) {
      for (const line of block.split('\n')) {
        this.#lines.push(line);
        this.length += line.length + 1;
      }
    }
  }

  heading(text: string): void {
    this.put(text, '─'.repeat(72));
  }

  /** Marks the next line. */
  anchor(anchor: Omit<Anchor, 'line'>): void {
    this.#anchors.push({ line: this.#lines.length, ...anchor });
  }

  document(): ReviewDocument {
    return { text: `${this.#lines.join('\n')}\n`, anchors: this.#anchors };
  }
}
