import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { incidentsQuery } from "@/api/queries";
import { panelState } from "@/api/state";
import type { Incident } from "@/api/types";
import { IncidentList } from "@/components/core/IncidentList";
import { Note } from "@/components/core/Note";
import { Panel } from "@/components/core/Panel";
import { incidentItem } from "@/lib/incident";

// What is open, up to a screenful; a little of the past, for there is a page of its own for it.
const OPEN_SHOWN = 4;
const SHOWN = 3;

export function IncidentsPanel({ model }: { model: string }) {
  const incidents = useQuery(incidentsQuery(model, null));
  const found = incidents.data?.data ?? [];
  const open = found.filter((incident) => incident.state !== "resolved");
  const shown = latest(found);
  return (
    <Panel
      title="Incidents"
      hint={hint(open.length, found.length)}
      actions={
        found.length > shown.length && (
          <Anchor component={Link} size="sm" to={`/incidents?model=${encodeURIComponent(model)}`}>
            All {found.length} incidents
          </Anchor>
        )
      }
      state={panelState(incidents)}
      height={150}
    >
      {found.length === 0 ? (
        <Note title="No incident so far" text="What goes wrong will stand here, with its likely cause." />
      ) : (
        <IncidentList label="Incidents of the model" items={shown.map(incidentItem)} />
      )}
    </Panel>
  );
}

/** Open ones first, then the latest that are over. */
function latest(incidents: Incident[]): Incident[] {
  const over = (incident: Incident) => Number(incident.state === "resolved");
  const open = incidents.length - incidents.reduce((sum, incident) => sum + over(incident), 0);
  return incidents
    .toSorted((a, b) => over(a) - over(b) || Date.parse(b.opened_at) - Date.parse(a.opened_at))
    .slice(0, Math.max(SHOWN, Math.min(open, OPEN_SHOWN)));
}

function hint(open: number, all: number): string {
  if (all === 0) return "One cause is one incident, with all its alerts.";
  return open === 0 ? `None is open; ${all} are over.` : `${open} open, ${all - open} over.`;
}
