/** Every question the page asks, one function each; what may change is asked again while it is looked at. */

import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { read } from "./request";
import type { Asked, TimeRange } from "@/lib/range";
import type { Reason } from "./types";

const LIVE = { refetchInterval: 15_000, placeholderData: keepPreviousData } as const;
// A verdict's details: the worst few hundred of a window are what a person can read.
const VERDICTS = 300;
const QUARANTINED = 50;
const CLIENTS = 50;
const CHANGES = 500;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }) => (await read("/api/v1/session", { signal })).data,
  staleTime: 60_000,
});

export const fleetQuery = queryOptions({
  queryKey: ["models"],
  queryFn: async ({ signal }) => (await read("/api/v1/models", { signal })).data,
  ...LIVE,
});

export const modelQuery = (model: string) =>
  queryOptions({
    queryKey: ["models", model],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/models/{model}", { path: { model }, signal })).data,
    refetchInterval: LIVE.refetchInterval,
  });

export const windowsQuery = (model: string, range: TimeRange) =>
  queryOptions({
    queryKey: ["models", model, "windows", range],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/models/{model}/windows", { path: { model }, query: range, signal })).data,
    ...LIVE,
  });

/** Charts are megabytes: they are asked again when the windows changed, and old ones soon forgotten. */
const CHART = { staleTime: Infinity, gcTime: 30_000, placeholderData: keepPreviousData } as const;

export const timelineQuery = ({ model, range, stamp }: Asked) =>
  queryOptions({
    queryKey: ["models", model, "timeline", range, stamp],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/models/{model}/timeline", { path: { model }, query: range, signal }))
        .data,
    ...CHART,
  });

export const driftQuery = ({ model, range, stamp }: Asked, what: "drift" | "creep") =>
  queryOptions({
    queryKey: ["models", model, "drift", range, stamp, what],
    queryFn: async ({ signal }) =>
      (
        await read("/api/v1/models/{model}/drift", {
          path: { model },
          query: { ...range, what },
          signal,
        })
      ).data,
    ...CHART,
  });

export const performanceQuery = ({ model, range, stamp }: Asked, metric: string | null) =>
  queryOptions({
    queryKey: ["models", model, "performance", range, stamp, metric],
    queryFn: async ({ signal }) =>
      (
        await read("/api/v1/models/{model}/performance", {
          path: { model },
          query: { ...range, metric },
          signal,
        })
      ).data,
    ...CHART,
  });

export const serviceQuery = ({ model, range, stamp }: Asked) =>
  queryOptions({
    queryKey: ["models", model, "service", range, stamp],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/models/{model}/service", { path: { model }, query: range, signal })).data,
    ...CHART,
  });

export const accountingQuery = (model: string, range: TimeRange) =>
  queryOptions({
    queryKey: ["models", model, "accounting", range],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/models/{model}/accounting", { path: { model }, query: range, signal }))
        .data,
    ...LIVE,
  });

export const clientsQuery = (model: string) =>
  infiniteQueryOptions({
    queryKey: ["models", model, "clients"],
    queryFn: async ({ signal, pageParam: cursor }) =>
      await read("/api/v1/models/{model}/clients", {
        path: { model },
        query: { cursor, limit: CLIENTS },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: LIVE.refetchInterval,
  });

export const windowVerdictsQuery = (model: string, window: { start: string; end: string }) =>
  queryOptions({
    queryKey: ["models", model, "verdicts", window],
    queryFn: async ({ signal }) =>
      await read("/api/v1/models/{model}/verdicts", {
        path: { model },
        query: { ...window, limit: VERDICTS },
        signal,
      }),
  });

export const distributionQuery = (model: string, column: string, start: string) =>
  queryOptions({
    queryKey: ["models", model, "distribution", column, start],
    queryFn: async ({ signal }) =>
      (
        await read("/api/v1/models/{model}/distributions/{column}", {
          path: { model, column },
          query: { start },
          signal,
        })
      ).data,
  });

export type IncidentState = "open" | "acknowledged" | "resolved";

export const incidentsQuery = (model: string | null, state: IncidentState | null) =>
  queryOptions({
    queryKey: ["incidents", { model, state }],
    queryFn: async ({ signal }) =>
      await read("/api/v1/incidents", { query: { model, state, limit: 200 }, signal }),
    ...LIVE,
  });

export const incidentQuery = (incident: string) =>
  queryOptions({
    queryKey: ["incidents", incident],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/incidents/{incident}", { path: { incident }, signal })).data,
    refetchInterval: LIVE.refetchInterval,
  });

/** What was changed in the range, of the model and of all; the latest few hundred are what can be read. */
export const changesQuery = ({ model, range, stamp }: Asked) =>
  queryOptions({
    queryKey: ["models", model, "changes", range, stamp],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/changes", { query: { model, ...range, limit: CHANGES }, signal })).data,
    ...LIVE,
  });

export const precisionQuery = (model: string | null) =>
  queryOptions({
    queryKey: ["precision", { model }],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/precision", { query: { model }, signal })).data,
    ...LIVE,
  });

export const reasonsQuery = (model: string) =>
  queryOptions({
    queryKey: ["models", model, "quarantine", "reasons"],
    queryFn: async ({ signal }) =>
      (await read("/api/v1/quarantine/reasons", { query: { model }, signal })).data,
    refetchInterval: LIVE.refetchInterval,
  });

export const quarantineQuery = (model: string, reason: Reason | null) =>
  infiniteQueryOptions({
    queryKey: ["models", model, "quarantine", { reason }],
    queryFn: async ({ signal, pageParam: cursor }) =>
      await read("/api/v1/quarantine", {
        query: { model, reason, cursor, limit: QUARANTINED },
        signal,
      }),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    refetchInterval: LIVE.refetchInterval,
  });
