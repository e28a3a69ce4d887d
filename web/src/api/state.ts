/** From an answer's state to a panel's. */

import type { UseQueryResult } from "@tanstack/react-query";
import type { PanelState } from "@/components/core/Panel";
import { errorText } from "./client";

/** What has been seen stays while it is asked again; an error shows where there is nothing else. */
export function panelState(query: UseQueryResult<unknown>): PanelState {
  return {
    loading: query.isPending,
    ...(query.isError && query.data === undefined ? { error: errorText(query.error) } : {}),
    onRetry: () => void query.refetch(),
  };
}
