/** An incident as a list shows it. */

import { severityLook, stateLook, type Look } from "./status";
import { duration, instant } from "./time";

interface Source {
  id: string;
  model: string;
  state: string;
  severity: string;
  title: string;
  cause: string;
  opened_at: string;
  updated_at: string;
  resolved_at: string | null;
  acknowledged_by: string | null;
  assignee: string | null;
  alerts: number;
}

export interface IncidentItem {
  id: string;
  to: string;
  title: string;
  cause: string;
  facts: string;
  state: Look;
  severity: Look;
}

export function causeText(cause: string): string {
  return cause === "unknown" ? "Likely cause: unknown" : `Likely cause: ${cause}`;
}

/** `since 14 Jul 2013, 00:00 UTC`, or from when and for how long. */
export function sinceText(opened: string, resolved: string | null): string {
  return `${resolved === null ? "since" : "from"} ${lasted(opened, resolved)}`;
}

export function lasted(opened: string, resolved: string | null): string {
  if (resolved === null) return instant(opened);
  return `${instant(opened)}, for ${duration(Date.parse(resolved) - Date.parse(opened))}`;
}

export function incidentItem(incident: Source): IncidentItem {
  const alerts = `${incident.alerts} ${incident.alerts === 1 ? "alert" : "alerts"}`;
  const facts = [incident.model, sinceText(incident.opened_at, incident.resolved_at), alerts];
  if (incident.assignee !== null) facts.push(`assigned to ${incident.assignee}`);
  if (incident.acknowledged_by !== null) facts.push(`acknowledged by ${incident.acknowledged_by}`);
  return {
    id: incident.id,
    to: `/incidents/${encodeURIComponent(incident.id)}`,
    title: incident.title,
    cause: causeText(incident.cause),
    facts: facts.join(" · "),
    state: stateLook(incident.state),
    severity: severityLook(incident.severity),
  };
}
