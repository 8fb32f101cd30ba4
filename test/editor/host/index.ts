// Entry of the tests that run inside the extension host: VS Code loads the bundle of this module and calls `run`,
// under the harness of this project as well as under @vscode/test-electron.
import { appendFileSync } from 'node:fs';
import Mocha from 'mocha';

/** Runs every suite; results go to the file named by VESTIBULE_TEST_RESULTS. @throws Error when a test failed */
export async function run(): Promise<void> {
  // `base` prints nothing: the results file is the report.
  const mocha = new Mocha({ ui: 'bdd', timeout: 30_000, reporter: 'base' });
  mocha.suite.emit('pre-require', globalThis, 'vestibule', mocha);
  await import('./activation.suite.ts');
  await import('./endpoint.suite.ts');
  await import('./servers-file.suite.ts');
  await import('./approval.suite.ts');
  await import('./inspection.suite.ts');
  await import('./calls.suite.ts');
  await import('./logs.suite.ts');
  await import('./doctor.suite.ts');
  await import('./import.suite.ts');
  await import('./connect.suite.ts');
  await import('./editing.suite.ts');
  await import('./settings.suite.ts');
  await import('./hidden-trees.suite.ts');

  const failures = await new Promise<number>((resolve) => {
    mocha
      .run(resolve)
      .on('pass', (test) => record(test.fullTitle(), undefined))
      .on('fail', (test, error: unknown) => record(test.fullTitle(), error instanceof Error ? (error.stack ?? error.message) : String(error)));
  });
  if (failures > 0) throw new Error(`${failures} tests failed`);
}

/** One line per test; see HostTest in ../harness/in-host.ts. */
function record(title: string, error: string | undefined): void {
  const file = process.env['VESTIBULE_TEST_RESULTS'];
  if (file !== undefined) appendFileSync(file, `${JSON.stringify({ title, error })}\n`);
}
