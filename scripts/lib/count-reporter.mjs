// A node:test reporter that writes only the counts of the whole run, as one JSON object, and the files whose tests printed a
// secret of the fixtures.
import { holdsMark } from '../../test/fixtures/telltale/mark.ts';

const PRINTED = new Set(['test:stdout', 'test:stderr', 'test:diagnostic']);

/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} source */
export default async function* countReporter(source) {
  const leaking = new Set();
  let skippedSuites = 0;
  for await (const event of source) {
    if (PRINTED.has(event.type) && holdsMark(event.data.message)) leaking.add(event.data.file ?? 'a test');
    // Neither it nor its tests are among the counts.
    if (event.type === 'test:pass' && event.data.details.type === 'suite' && event.data.skip !== undefined) skippedSuites++;
    // The summary of the run carries no file; those of single files do.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { passed, failed, cancelled, skipped, todo } = event.data.counts;
    yield JSON.stringify({ passed, failed: failed + cancelled, skipped: skipped + todo + skippedSuites, leaking: [...leaking] });
  }
}
