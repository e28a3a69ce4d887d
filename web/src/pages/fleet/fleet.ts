/** From the models to the rows of the fleet's table. */

import type { ModelSummary } from "@/api/types";
import { sorted, type Key, type Sorting } from "@/lib/sort";
import { statusLook } from "@/lib/status";

export const DEFAULT_SORTING: Sorting = { key: "health", descending: true };

const TIERS = ["experimental", "standard", "critical"];

const KEYS: Record<string, (model: ModelSummary) => Key> = {
  name: (model) => model.name,
  owner: (model) => model.owner || null,
  tier: (model) => TIERS.indexOf(model.tier),
  health: (model) => statusLook(model.health).rank,
  incidents: (model) => model.open_incidents,
  window: (model) => (model.last_window ? Date.parse(model.last_window.end) : null),
  volume: (model) => model.rows_last_window,
  maturity: (model) => model.maturity,
};

export interface Filter {
  text: string;
  health: string | null;
}

/** The models that the filter leaves, in order; equals are ordered by tier, then by name. */
export function rowsOf(models: ModelSummary[], filter: Filter, sorting: Sorting): ModelSummary[] {
  const text = filter.text.trim().toLowerCase();
  const left = models.filter(
    (model) =>
      (filter.health === null || model.health === filter.health) &&
      (text === "" ||
        [model.name, model.owner, model.tier, model.task].some((word) =>
          word.toLowerCase().includes(text),
        )),
  );
  const named = sorted(left, (model) => model.name, false);
  const tiered = sorted(named, (model) => TIERS.indexOf(model.tier), true);
  return sorted(tiered, KEYS[sorting.key] ?? ((model) => model.name), sorting.descending);
}
