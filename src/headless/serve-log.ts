import type { LockSnapshot } from '../proxy/api.ts';
import type { ConfigProblem } from '../proxy/config/types.ts';
import { messageOf, VestibuleError } from '../proxy/errors.ts';
import { visibleJson } from '../proxy/json/visible.ts';
import type { GatewayOptions } from '../proxy/options.ts';

/** Writes one JSON object a line to stderr: time, level, message, then what belongs to it. */
export const logLine: GatewayOptions['log'] = (level, message, data) => {
  if (level === 'debug') return;
  process.stderr.write(`${visibleJson(JSON.stringify({ time: new Date().toISOString(), level, message, ...data }))}\n`);
};

/** Logs something thrown, with what to do about it. */
export function logError(error: unknown): void {
  if (!VestibuleError.is(error)) return logLine('error', messageOf(error));
  logLine('error', located(error.message, error.at), { code: error.reason, fix: error.action });
}

/** Logs each problem of the servers files once, until it is gone and comes back; and when it is gone. */
export class ProblemLog {
  #known = new Map<string, ConfigProblem>();

  report(problems: readonly ConfigProblem[]): void {
    const now = new Map<string, ConfigProblem>();
    for (const problem of problems) {
      const message = located(problem.message, problem.at);
      now.set(message, problem);
      if (this.#known.has(message)) continue;
      logLine(problem.severity === 'error' ? 'error' : 'warn', message, { code: 'bad-config', fix: problem.fix, server: problem.server });
    }
    // One that only moved to another line is still there.
    const standing = new Set(problems.map(whatAndWhere));
    for (const [message, problem] of this.#known) if (!standing.has(whatAndWhere(problem))) logLine('info', `Mended: ${message}`, { server: problem.server });
    this.#known = now;
  }
}

function whatAndWhere({ at, message }: ConfigProblem): string {
  return `${at?.file ?? ''}\0${message}`;
}

/** Says once of each content of a lock file that it waits for a person. */
export class LockNotes {
  #noted: string | undefined;

  report({ asks, digest, path }: LockSnapshot): void {
    if (!asks || digest === this.#noted) return;
    this.#noted = digest;
    logLine('warn', `${path ?? 'The lock file'} approves nothing until its content is accepted.`, { fix: 'Look at it with: vestibule quarantine lock, then accept it with: vestibule quarantine lock --accept' });
  }
}

function located(message: string, at: ConfigProblem['at']): string {
  return at === undefined ? message : `${at.file}:${at.line}:${at.column}: ${message}`;
}
