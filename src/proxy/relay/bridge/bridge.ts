import { rpcError } from '../../json/frame.ts';
import { members, withMembers } from '../../json/slice.ts';
import type { RawJson, RawReply } from '../../model.ts';
import type { CallOptions, ClientRequest, Sender, UpstreamConnection } from '../../upstream/types.ts';
import { CapabilityWatch } from './capability-watch.ts';
import { answerInputRequests } from './input-required.ts';
import { ensureLogLevel, isWanted } from './log-levels.ts';
import { openUrls } from './url-required.ts';

/** A request of an agent on a connection of the other era than its own. */
export interface CrossEraRequest {
  readonly method: string;
  /** Raw object. */
  readonly params: RawJson;
  readonly options: CallOptions;
  readonly connection: UpstreamConnection;
  readonly sender: Sender;
  /** Puts a question to the agent, on the stream of its request. Never rejects. */
  readonly ask: (question: ClientRequest) => Promise<RawReply>;
}

const NEVER: AbortSignal = new AbortController().signal;
const FOREIGN_STATE: RawReply = { error: rpcError(-32602, 'This requestState is not valid: the server this request is for gives none') };

/** Sends a request over and makes up for what one of the eras lacks. @throws UpstreamCallError */
export function bridgedCall(request: CrossEraRequest): Promise<RawReply> {
  return request.connection.info.era === 'modern' ? toModern(request) : toLegacy(request);
}

/** A legacy agent is asked by requests; the modern server asks by its answer. */
async function toModern({ method, params, options, connection, ask }: CrossEraRequest): Promise<RawReply> {
  return answerInputRequests(await connection.call(method, params, options), {
    method,
    signal: options.signal ?? NEVER,
    ask,
    notify: (notification) => options.onNotification?.(notification),
    repeat: (answers) => connection.call(method, withMembers(params, Object.fromEntries(answers)), options),
  });
}

/** A legacy server asks by requests, which a modern agent gets as an answer (`ParkedCall`). */
async function toLegacy({ method, params, options, connection, sender, ask }: CrossEraRequest): Promise<RawReply> {
  const sent = withoutAnswers(params);
  if (sent === undefined) return FOREIGN_STATE;
  await ensureLogLevel(connection, sender.logLevel);
  const watch = new CapabilityWatch(sender.capabilities);
  const { onRequest, onNotification } = options;
  const watched: CallOptions = {
    ...options,
    ...(onRequest && {
      onRequest: (asked) => {
        watch.asked(asked.method, asked.params);
        return onRequest(asked);
      },
    }),
    ...(onNotification && {
      onNotification: (notification) => {
        if (isWanted(notification, sender.logLevel)) onNotification(notification);
      },
    }),
  };
  const call = (): Promise<RawReply> => connection.call(method, sent, watched);
  const reply = await openUrls(await call(), {
    signal: options.signal ?? NEVER,
    ask: (question) => {
      watch.asked(question.method, question.params);
      return ask(question);
    },
    repeat: call,
  });
  return watch.explained(reply);
}

/** The params without answers that nobody asked for; undefined when they bring back a state that nobody gave. */
function withoutAnswers(params: RawJson): RawJson | undefined {
  if (!params.includes('"inputResponses"') && !params.includes('"requestState"')) return params;
  const all = members(params);
  if (all?.has('requestState') === true) return undefined;
  return all?.has('inputResponses') === true ? withMembers(params, { inputResponses: undefined }) : params;
}
