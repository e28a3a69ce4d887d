/** How the installation itself is; asked again while it is looked at. */

import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { read } from "./request";

export const systemQuery = queryOptions({
  queryKey: ["system"],
  queryFn: async ({ signal }) => (await read("/api/v1/system", { signal })).data,
  refetchInterval: 5_000,
  placeholderData: keepPreviousData,
});
