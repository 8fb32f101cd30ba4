import { describeLaunch } from '../../proxy/quarantine/launch.ts';
import type { DefinitionKind } from '../../proxy/quarantine/types.ts';
import { countGrave } from '../../proxy/scanner/definition-findings.ts';
import { scanLaunch } from '../../proxy/scanner/launch.ts';
import { scanServerName } from '../../proxy/scanner/servers.ts';
import { COMMON_OPTIONS, CONFIG_OPTION, JSON_OPTION, type Command } from '../command.ts';
import { EXIT } from '../exit-code.ts';
import { placesOf } from '../places.ts';
import { printJson, printTable } from '../print.ts';
import { definitionsOf, openState, upstreamNamed, type State } from '../state.ts';

/** One thing that a person may have to decide on. */
interface Item {
  readonly server: string;
  readonly kind: DefinitionKind | 'launch' | 'held';
  readonly name: string;
  readonly status: string;
  readonly digest: string | undefined;
  /** How many findings of the scanner a person should read before deciding. */
  readonly findings: number;
  /** Why a held definition cannot be served. */
  readonly problem?: string;
}

export const quarantineList: Command = {
  name: 'quarantine list',
  summary: 'Lists launches, tools, prompts and whatever else waits for a decision, changed or was blocked.',
  options: {
    ...COMMON_OPTIONS,
    ...CONFIG_OPTION,
    ...JSON_OPTION,
    server: { value: 'S', help: 'Of this server only.' },
    all: { help: 'Approved ones too.' },
  },
  async run(args) {
    const state = await openState(placesOf(args));
    try {
      const server = args.text('server');
      const servers = server === undefined ? state.config.upstreams : [upstreamNamed(state.config, server)];
      const items = servers.flatMap((upstream) => itemsOf(state, upstream)).filter(({ status }) => args.has('all') || status !== 'approved');
      if (args.has('json')) printJson(items);
      else printTable(['SERVER', 'KIND', 'NAME', 'STATUS', 'FINDINGS', 'DIGEST'], items.map((item) => [item.server, item.kind, item.name, item.problem ?? item.status, item.findings === 0 ? '' : String(item.findings), item.digest ?? '']), 'Nothing waits for a decision.');
      return EXIT.ok;
    } finally {
      state.dispose();
    }
  },
};

function itemsOf(state: State, config: State['config']['upstreams'][number]): Item[] {
  const { name: server } = config;
  const { argv, fingerprint } = describeLaunch(config);
  const launch: Item = { server, kind: 'launch', name: '', status: state.approvals.launchApproved(server, fingerprint) ? 'approved' : 'pending', digest: fingerprint, findings: countGrave([...scanServerName(server, state.config.upstreams.map(({ name }) => name)), ...scanLaunch(argv)]) };
  const definitions = definitionsOf(state, server).map(({ ref, status, findings }): Item => ({ server, kind: ref.kind, name: ref.name, status, digest: ref.digest, findings: countGrave(findings) }));
  const held = (state.catalog.server(server)?.held ?? []).map(({ name, index, problem, fix }): Item => ({
    server, kind: 'held', name: name ?? `#${index}`, status: 'held', digest: undefined, findings: 0, problem: `held: ${problem} ${fix}`,
  }));
  return [launch, ...definitions, ...held];
}
