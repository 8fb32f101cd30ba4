import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openJournal } from '../../src/proxy/journal/journal.ts';
import type { Journal } from '../../src/proxy/journal/types.ts';

/** Records calls as agents make them in a journal of its own. @returns it and its folder */
export async function recordCalls(calls: number): Promise<{ readonly journal: Journal; readonly dir: string }> {
  const start = Date.parse('2026-01-01T00:00:00Z');
  const dir = await mkdtemp(path.join(tmpdir(), 'vestibule-bench-inspector-'));
  const journal = await openJournal({ dir, maxBytes: 1 << 30, log: (_level, message) => console.error(message), now: () => start });
  for (let i = 0; i < calls; i++) {
    journal.append({
      time: start + i * 1_000, id: `call-${i}`, session: `session-${i % 40}`, agent: `agent-${i % 5}`, client: 'bench 1', server: `server-${i % 50}`, tool: `tool-${i % 997}`,
      digest: undefined, route: 'call_tool', arguments: JSON.stringify({ repo: `repo-${i % 3_001}`, title: `Something about item ${(i * 7_919) % 100_003}`, labels: ['bug', 'help wanted'] }),
      outcome: i % 50 === 7 ? 'tool_error' : 'ok', code: undefined, durationMs: (i * 37) % 900, bytesIn: 100, bytesOut: i % 5_000, truncated: false, findings: [], traceparent: undefined,
    });
    if (i % 5_000 === 4_999) await journal.flush();
  }
  await journal.flush();
  return { journal, dir };
}
