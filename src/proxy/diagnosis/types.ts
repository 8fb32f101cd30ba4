import type { FilePosition } from '../errors.ts';
import type { ServerName } from '../model.ts';
import type { DiagnosisCode } from './codes.ts';

/** The part of the house a diagnosis is about. */
export type Area = 'launch' | 'handshake' | 'transport' | 'tls' | 'dns' | 'proxy' | 'auth' | 'config' | 'quarantine' | 'policy' | 'record';

/** One thing that keeps something from working, ready for a person. Texts may quote others: escape before showing. */
export interface Diagnosis {
  /** Stable (docs/doctor.md). */
  readonly code: DiagnosisCode;
  readonly area: Area;
  readonly level: 'error' | 'warning';
  readonly server?: ServerName | undefined;
  /** Where to look in a servers file. */
  readonly at?: FilePosition | undefined;
  /** What happened here. */
  readonly message: string;
  /** Why that happens, in general. */
  readonly cause: string;
  /** What was seen: last lines, what was looked for where. Redacted and bounded. */
  readonly evidence: readonly string[];
  /** What to do, as an imperative sentence. */
  readonly fix: string;
  /** What an editor can do about it at once, the best first. */
  readonly remedies: readonly Remedy[];
}

/** A step towards a cure. Nothing of it happens unless a person chooses it. */
export type Remedy =
  | { readonly kind: 'edit'; readonly title: string; readonly server: ServerName; readonly change: EntryChange }
  | { readonly kind: 'act'; readonly title: string; readonly act: Act; readonly server?: ServerName | undefined }
  | { readonly kind: 'setting'; readonly title: string; readonly setting: string };

/** Something the editor has a command for. */
export type Act = 'restart' | 'sign-in' | 'review' | 'show-log' | 'open-entry' | 'trust' | 'restart-gateway';

/** A change of a server's entry in its servers file. */
export type EntryChange =
  | { readonly kind: 'set'; readonly member: readonly [string, string?]; readonly value: string }
  /** An `Authorization` header from an input that is asked for and kept outside the file. */
  | { readonly kind: 'authorize'; readonly input: string }
  | { readonly kind: 'disable' };
