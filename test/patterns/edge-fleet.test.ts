import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { eventually } from '../fixtures/eventually.ts';
import { isAlive } from '../security/kit/processes.ts';
import { call, codeOf, listed, Pattern, said } from './kit.ts';

describe('pattern: edge fleet', { timeout: 240_000 }, () => {
  const device = new Pattern('edge-fleet', { EDITION: '1' });
  before(() => device.start());
  const lists = (tool: string, wanted: boolean): Promise<true> => eventually(async () => ((await listed(device.modern())).includes(tool) === wanted ? true : undefined));

  it('comes up with the approvals of the lock file, with nobody there', async () => {
    await lists('sensors_read_sensor', true);
    assert.equal(said(await call(device.modern(), 'sensors_set_valve', { id: '1', state: 'open' })).tool, 'set_valve');
    await device.serve.logged(/--lockfile accept/);
  });

  it('comes back after it was killed, and leaves no process of before', async () => {
    const { pid } = said(await call(device.modern(), 'sensors_read_sensor', { id: '1' }));
    await device.serve.stop('SIGKILL');
    await device.startWith(device.command('serve'));
    assert.notEqual(said(await call(device.modern(), 'sensors_read_sensor', { id: '1' })).pid, pid);
    await eventually(() => Promise.resolve(isAlive(pid) ? undefined : true));
  });

  it('serves nothing of what is not as it was reviewed', async () => {
    await device.restart({ EDITION: '2' });
    assert.equal(said(await call(device.modern(), 'sensors_set_valve', { id: '1', state: 'open' })).tool, 'set_valve');
    await lists('sensors_read_sensor', false);
    assert.notEqual(codeOf(await call(device.modern(), 'sensors_read_sensor', { id: '1' })), undefined);
  });
});
