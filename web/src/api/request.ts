/** The one place that asks the server, and the one place that words its failures. */

import type { operations, paths } from "./schema";

export interface ErrorShape {
  code: string;
  message: string;
}

/** What went wrong, in words for people; `status` is 0 where the server could not be reached. */
export class RequestError extends Error {
  override readonly name = "RequestError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

type Verb = "get" | "post" | "delete";
type Json<Body> = { content: { "application/json": Body } };
type Operation<P extends keyof paths, V extends Verb> = Extract<
  paths[P][V],
  operations[keyof operations]
>;
type Answer<O> = O extends { responses: { 200: Json<infer Body> } } ? Body : never;
type BodyOf<O> = O extends { requestBody: Json<infer Body> } ? Body : undefined;
type Filled<T> = { [K in keyof T]?: T[K] | undefined };
type PathValues<O> = O extends { parameters: { path: infer Values } } ? Values : undefined;
type QueryValues<O> = O extends { parameters: { query?: infer Values } } ? Filled<Values> : never;

export type PathsWith<V extends Verb> = {
  [P in keyof paths]: Answer<Operation<P, V>> extends never ? never : P;
}[keyof paths];

export interface Asked<O> {
  path?: PathValues<O>;
  query?: QueryValues<O>;
  body?: BodyOf<O>;
  signal?: AbortSignal;
}

/** Reads a resource; the envelope with its `data` and `next_cursor`. */
export function read<P extends PathsWith<"get">>(
  path: P,
  asked: Asked<Operation<P, "get">> = {},
): Promise<Answer<Operation<P, "get">>> {
  return send("get", path, asked);
}

/** Asks for a change. */
export function act<P extends PathsWith<"post">>(
  path: P,
  asked: Asked<Operation<P, "post">>,
): Promise<Answer<Operation<P, "post">>> {
  return send("post", path, asked);
}

/** Asks for an end. */
export function end<P extends PathsWith<"delete">>(
  path: P,
  asked: Asked<Operation<P, "delete">> = {},
): Promise<Answer<Operation<P, "delete">>> {
  return send("delete", path, asked);
}

async function send<Body>(verb: Verb, path: string, asked: Asked<unknown>): Promise<Body> {
  const response = await reach(address(path, asked.path, asked.query), {
    method: verb.toUpperCase(),
    headers: {
      accept: "application/json",
      "x-requested-with": "watchkeeper",
      ...(asked.body === undefined ? {} : { "content-type": "application/json" }),
    },
    body: asked.body === undefined ? null : JSON.stringify(asked.body),
    credentials: "same-origin",
    signal: asked.signal ?? null,
  });
  if (!response.ok) throw await failure(response);
  return (await response.json()) as Body;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new RequestError(
      0,
      "unreachable",
      "The server does not answer. Check that `watchkeeper serve` is running; this page tries again by itself.",
    );
  }
}

async function failure(response: Response): Promise<RequestError> {
  const body: unknown = await response.json().catch(() => null);
  const error = isRecord(body) && isRecord(body["error"]) ? body["error"] : {};
  const code = typeof error["code"] === "string" ? error["code"] : "unknown";
  const message =
    typeof error["message"] === "string"
      ? error["message"]
      : `The server answered ${response.status} ${response.statusText} and did not say why.`;
  return new RequestError(response.status, code, message);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** Fills `{name}` in a path and appends the query, leaving out what is not set. */
export function address(path: string, values?: unknown, query?: unknown): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(String(isRecord(values) ? values[name] : "")),
  );
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(isRecord(query) ? query : {})) {
    if (value !== undefined && value !== null) search.set(name, String(value));
  }
  return search.size > 0 ? `${filled}?${search}` : filled;
}
