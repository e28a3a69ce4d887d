import { Button, Group, SegmentedControl, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { fleetQuery, incidentsQuery, type IncidentState } from "@/api/queries";
import { ErrorNote } from "@/components/core/ErrorNote";
import { IncidentList } from "@/components/core/IncidentList";
import { Note } from "@/components/core/Note";
import { PageHead } from "@/components/core/PageHead";
import { Rows } from "@/components/core/Skeletons";
import { incidentItem } from "@/lib/incident";
import { useUrl } from "@/lib/useUrl";
import classes from "./IncidentsPage.module.css";

const STATES = ["open", "acknowledged", "resolved"] as const;
const CHOICES = [
  { value: "", label: "All" },
  { value: "open", label: "Open" },
  { value: "acknowledged", label: "Acknowledged" },
  { value: "resolved", label: "Resolved" },
];

function stateOf(text: string | null): IncidentState | null {
  return STATES.find((state) => state === text) ?? null;
}

export function IncidentsPage() {
  const url = useUrl();
  const model = url.get("model");
  const state = stateOf(url.get("state"));
  const incidents = useQuery(incidentsQuery(model, state));
  const fleet = useQuery(fleetQuery);
  const found = incidents.data?.data ?? [];
  const names = fleet.data?.map((each) => each.name) ?? [];
  const filtered = model !== null || state !== null;

  return (
    <>
      <PageHead title="Incidents" text="One cause is one incident, with all its alerts." />
      <Group gap={12} mb={14}>
        <SegmentedControl
          aria-label="State"
          data={CHOICES}
          value={state ?? ""}
          onChange={(next) => url.set({ state: next })}
        />
        <Select
          aria-label="Model"
          placeholder="Every model"
          clearable
          searchable
          w={240}
          data={model === null || names.includes(model) ? names : [model, ...names]}
          value={model}
          onChange={(next) => url.set({ model: next })}
        />
      </Group>
      <section className={classes["card"]} aria-label="Incidents" aria-busy={incidents.isPending}>
        {incidents.isPending && <Rows count={5} height={72} />}
        {incidents.isError && (
          <ErrorNote
            title="The incidents could not be loaded"
            text={errorText(incidents.error)}
            onRetry={() => void incidents.refetch()}
          />
        )}
        {incidents.isSuccess && found.length === 0 && filtered && (
          <Note
            title="No incident matches the filter"
            text="There may be others."
            action={
              <Button variant="default" onClick={() => url.set({ model: null, state: null })}>
                Clear the filter
              </Button>
            }
          />
        )}
        {incidents.isSuccess && found.length === 0 && !filtered && (
          <Note
            title="No incident so far"
            text="When a model's data, answers or service go wrong, it will stand here with its likely cause."
          />
        )}
        {found.length > 0 && (
          <IncidentList label="Incidents" items={found.map(incidentItem)} />
        )}
        {incidents.data?.next_cursor && (
          <p className={classes["more"]}>
            The latest {found.length} are shown. Filter by model or state to see older ones.
          </p>
        )}
      </section>
    </>
  );
}
