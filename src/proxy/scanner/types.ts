import type { RawJson, ServerName } from '../model.ts';
import type { RuleCode } from './rule-titles.ts';

/**
 * `block`: no honest tool was found to do this; `warning`: read it before you decide; `info`: worth knowing. All three
 * are evidence for a person: none approves and none forbids by itself.
 */
export type Severity = 'block' | 'warning' | 'info';

/** Something in a definition, a change or a result that a person should look at. */
export interface Finding {
  /** Stable name of the rule. */
  readonly code: RuleCode;
  readonly severity: Severity;
  /** JSON Pointer (RFC 6901) to the value it is about. */
  readonly path: string;
  /** Whether `span` counts in the string at `path`, or in the member's name: the last token of `path`. */
  readonly of: 'value' | 'key';
  /** UTF-16 offsets, end exclusive; the whole text when the finding is about all of it. */
  readonly span: { readonly start: number; readonly end: number };
  /** The text at the span, shortened, every invisible character spelled out: safe to show. */
  readonly excerpt: string;
  /** The attack this stops, and what was seen; one or two sentences, safe to show. */
  readonly why: string;
  /** What the person does about it, as an imperative sentence. */
  readonly action: string;
}

export type ScannedKind = 'tool' | 'instructions' | 'prompt' | 'resource-template';

/** What is scanned: one definition as received, or the JSON string of a server's instructions. */
export interface ScannedDefinition {
  readonly server: ServerName;
  readonly kind: ScannedKind;
  readonly raw: RawJson;
}

/** A tool that agents can see beside the scanned one; of the same server or of another. */
export interface Peer {
  readonly server: ServerName;
  readonly name: string;
  readonly description?: string;
}

/** What a definition is judged among. */
export interface ScanContext {
  /** May hold the scanned tool itself. Kept as one array between scans, it is prepared once. */
  readonly peers: readonly Peer[];
}
