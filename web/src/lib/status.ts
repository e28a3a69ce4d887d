/** What a state is called and how it looks: never by colour alone. */

export type Tone = "ok" | "warning" | "critical" | "unsure" | "failed" | "none";

export interface Look {
  word: string;
  tone: Tone;
  /** The more, the worse: for sorting. */
  rank: number;
}

const UNKNOWN: Look = { word: "Not judged", tone: "none", rank: 0 };

const HEALTH: Record<string, Look> = {
  ok: { word: "OK", tone: "ok", rank: 1 },
  insufficient_data: { word: "Too little data", tone: "unsure", rank: 2 },
  error: { word: "Monitor failed", tone: "failed", rank: 3 },
  alert: { word: "Alert", tone: "critical", rank: 4 },
};

/** The look of a verdict's status, or of a model's health; null is "not judged". */
export function statusLook(status: string | null | undefined, severity?: string | null): Look {
  const look = status == null ? UNKNOWN : (HEALTH[status] ?? UNKNOWN);
  return status === "alert" && severity != null && severity !== "critical"
    ? { ...look, tone: "warning" }
    : look;
}

const SEVERITY: Record<string, Look> = {
  critical: { word: "Critical", tone: "critical", rank: 3 },
  warning: { word: "Warning", tone: "warning", rank: 2 },
  info: { word: "Info", tone: "unsure", rank: 1 },
};

export function severityLook(severity: string): Look {
  return SEVERITY[severity] ?? UNKNOWN;
}

const STATE: Record<string, Look> = {
  open: { word: "Open", tone: "critical", rank: 4 },
  pending: { word: "Pending", tone: "warning", rank: 3 },
  acknowledged: { word: "Acknowledged", tone: "warning", rank: 2 },
  resolved: { word: "Resolved", tone: "ok", rank: 1 },
};

export function stateLook(state: string): Look {
  return STATE[state] ?? UNKNOWN;
}

const SILENCE: Record<string, Look> = {
  active: { word: "Active", tone: "warning", rank: 3 },
  pending: { word: "To come", tone: "unsure", rank: 2 },
  expired: { word: "Ended", tone: "none", rank: 1 },
};

export function silenceLook(state: string): Look {
  return SILENCE[state] ?? UNKNOWN;
}

const SPELLED: Record<string, string> = {
  roc: "ROC", auc: "AUC", f1: "F1", r2: "R²", mcc: "MCC", psi: "PSI", brier: "Brier",
  mae: "MAE", mse: "MSE", rmse: "RMSE", mape: "MAPE",
};

// Figures whose name in the API says too little to people.
const NAMES: Record<string, string> = { creep: "slow change" };

/** `missing_rate` → `missing rate`, `roc_auc` → `ROC AUC`: the words of a figure's name. */
export function words(name: string): string {
  return (NAMES[name] ?? name)
    .split("_")
    .map((word) => SPELLED[word] ?? word)
    .join(" ");
}

/** The family of a monitor, as the timeline groups them. */
export function familyOf(monitor: string): string {
  return monitor.split(".")[0] ?? monitor;
}
