// A node:test reporter that writes only the counts of the whole run, as one JSON object.
/** @param {AsyncIterable<import('node:test/reporters').TestEvent>} source */
export default async function* countReporter(source) {
  for await (const event of source) {
    // The summary of the run carries no file; those of single files do.
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { passed, failed, cancelled, skipped, todo } = event.data.counts;
    yield JSON.stringify({ passed, failed: failed + cancelled, skipped: skipped + todo });
  }
}
