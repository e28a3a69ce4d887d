/** Questions about silences. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { act, read } from "./request";

export const silencesQuery = queryOptions({
  queryKey: ["silences"],
  queryFn: async ({ signal }) => (await read("/api/v1/silences", { signal })).data,
  refetchInterval: 15_000,
  placeholderData: keepPreviousData,
});

/** What a silence would mute now; not asked while nothing is written. */
export const previewQuery = (matchers: string[]) =>
  queryOptions({
    queryKey: ["silences", "preview", matchers],
    queryFn: async ({ signal }) =>
      (await act("/api/v1/silences/preview", { body: { matchers }, signal })).data,
    enabled: matchers.length > 0,
    retry: false,
  });
