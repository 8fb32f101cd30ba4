import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inPlace, run } from '../../fixtures/cli.ts';
import { Serve, type Ready } from '../../fixtures/cli-serve.ts';
import { makePlace, type Place, type Run } from '../../fixtures/serve.ts';

/** A `serve` over a place of its own, as somebody at a terminal would have started it. */
export interface House extends AsyncDisposable {
  readonly place: Place;
  /** The serve that runs now. */
  serve: Serve;
  ready: Ready & { readonly token: string };
  /** Everything that was written to stderr, as it was written. */
  readonly stderr: string[];
  /** Runs another `vestibule` over the same place. */
  cli(...args: readonly string[]): Promise<Run>;
  /** Ends the serve and starts another over the same files. */
  restart(...args: readonly string[]): Promise<void>;
}

/** What a house is built from. */
export interface HouseOptions {
  /** Content of the workspace's servers file. */
  readonly servers?: Readonly<Record<string, unknown>>;
  readonly inputs?: readonly unknown[];
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Runs before `serve` starts. */
  readonly prepare?: (place: Place) => Promise<void>;
}

/** Starts `serve`; dispose ends it and removes the place. */
export async function openHouse({ servers, inputs, args = [], env = {}, prepare }: HouseOptions = {}): Promise<House> {
  const place = await makePlace();
  if (servers !== undefined) await place.servers({ ...(inputs !== undefined && { inputs }), servers });
  await prepare?.(place);
  const stderr: string[] = [];
  const start = async (more: readonly string[]): Promise<Pick<House, 'serve' | 'ready'>> => {
    const serve = new Serve(inPlace(place, ['serve', ...more]), env);
    serve.program.stderr.on('data', (chunk: Buffer) => stderr.push(chunk.toString('utf8')));
    return { serve, ready: { token: '', ...(await serve.ready()) } };
  };
  const house: House = {
    place,
    stderr,
    ...(await start(args)),
    cli: (...command) => run(inPlace(place, command), env),
    restart: async (...more) => {
      await house.serve.stop();
      Object.assign(house, await start(more));
    },
    [Symbol.asyncDispose]: async () => {
      await house.serve.stop();
      await place.dispose();
    },
  };
  return house;
}

/** Every file below a folder with its content as Latin-1, which keeps every byte findable. */
export async function filesBelow(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const read = await Promise.all(
    files.map(async (file) => {
      // One that was only there to be renamed is gone by now.
      const content = await readFile(file, 'latin1').catch(() => undefined);
      return content === undefined ? [] : [[file, content] as const];
    }),
  );
  return new Map(read.flat());
}
