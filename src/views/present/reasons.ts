import type { VestibuleErrorReason } from '../../proxy/errors.ts';
import { t } from '../l10n.ts';

/** What went wrong in a word, by the reason that every error of ours has. */
const WHAT: Readonly<Record<VestibuleErrorReason, () => string>> = {
  'bad-config': () => t('A configuration is not right.'),
  'unknown-variable': () => t('A variable in a configuration is not known.'),
  'missing-input': () => t('A value is missing.'),
  'cannot-bind': () => t('The port cannot be used.'),
  'data-folder-locked': () => t('Another program uses the data folder.'),
  'data-folder-unreadable': () => t('The data folder cannot be used.'),
  'corrupt-file': () => t('A file is damaged.'),
  usage: () => t('That cannot be done so.'),
  'not-found': () => t('It is not there.'),
  'stale-decision': () => t('It changed while you were looking at it.'),
  'command-not-found': () => t('The program of the server was not found.'),
  'launch-failed': () => t('The server could not be started.'),
  'launch-not-approved': () => t('The server awaits your approval.'),
  'exited-early': () => t('The server ended while it was starting.'),
  'handshake-failed': () => t('The server does not speak MCP as agreed.'),
  'handshake-timeout': () => t('The server did not answer in time.'),
  'connection-failed': () => t('The server cannot be reached.'),
  'http-status': () => t('The server refused the request.'),
  'auth-required': () => t('The server wants a sign-in.'),
  'sign-in-failed': () => t('Signing in did not work.'),
  'bad-url': () => t('An address is not right.'),
  'bad-json': () => t('A text is no JSON.'),
  'too-large': () => t('It is too large.'),
  'bad-bundle': () => t('A bundle is not right.'),
  disposed: () => t('It was ended meanwhile.'),
};

/**
 * A message of the core for a person: as it is in English; else what went wrong in their language, with the core's own
 * words behind it, which name what it is about and are the same in every log.
 * @param reason of a VestibuleError; anything else is shown as it is
 */
export function inTheirLanguage(reason: unknown, message: string): string {
  const english = t('(in English)') === '(in English)';
  if (english || typeof reason !== 'string' || !Object.hasOwn(WHAT, reason)) return message;
  return `${WHAT[reason as VestibuleErrorReason]()} ${t('(in English)')} ${message}`;
}
