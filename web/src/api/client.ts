/** The cache of answers; a refusal is not asked again, an unreachable server is. */

import { QueryCache, QueryClient } from "@tanstack/react-query";
import { RequestError } from "./request";

export function makeClient(): QueryClient {
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        // A session that ended behind our back: ask who we are, which shows the login.
        const ended = error instanceof RequestError && error.status === 401;
        if (ended && query.queryKey[0] !== "session") {
          void client.invalidateQueries({ queryKey: ["session"] });
        }
      },
    }),
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        retry: (failures, error) => {
          const refused = error instanceof RequestError && error.status >= 400 && error.status < 500;
          return !refused && failures < 2;
        },
        retryDelay: (attempt) => 400 * 2 ** attempt,
      },
    },
  });
  return client;
}

/** The words of a failure, whatever it was. */
export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
