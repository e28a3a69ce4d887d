import { Button, Code, Group, SegmentedControl, TextInput } from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { fleetQuery } from "@/api/queries";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Note } from "@/components/core/Note";
import { PageHead } from "@/components/core/PageHead";
import { Rows } from "@/components/core/Skeletons";
import { parseSorting } from "@/lib/sort";
import { useUrl, useUrlText } from "@/lib/useUrl";
import { DEFAULT_SORTING, rowsOf } from "./fleet";
import { FleetTable } from "./FleetTable";
import classes from "./FleetPage.module.css";

const HEALTH = [
  { value: "", label: "All" },
  { value: "alert", label: "Alert" },
  { value: "error", label: "Monitor failed" },
  { value: "insufficient_data", label: "Too little data" },
  { value: "ok", label: "OK" },
];

export function FleetPage() {
  const url = useUrl();
  const models = useQuery(fleetQuery);
  const [text, setText] = useUrlText(url, "q");
  const filter = { text, health: url.get("health") };
  const sorting = parseSorting(url.get("sort"), DEFAULT_SORTING);
  const rows = rowsOf(models.data ?? [], filter, sorting);
  const alerting = models.data?.filter((model) => model.health === "alert").length ?? 0;

  return (
    <>
      <PageHead
        title="Models"
        text={models.data && models.data.length > 0 ? said(models.data.length, alerting) : undefined}
      />
      {models.data?.length !== 0 && (
        <Group gap={12} mb={14}>
          <TextInput
            aria-label="Filter by name, owner, tier or task"
            placeholder="Filter by name, owner, tier or task"
            leftSection={<IconSearch size={16} />}
            w={300}
            maw="100%"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <SegmentedControl
            aria-label="Health"
            data={HEALTH}
            className={classes["health"] ?? ""}
            value={filter.health ?? ""}
            onChange={(health) => url.set({ health })}
          />
        </Group>
      )}
      <section className={classes["card"]} aria-label="Models" aria-busy={models.isPending}>
        {models.isPending && <Rows count={6} height={46} />}
        {models.isError && (
          <ErrorNote
            title="The models could not be loaded"
            text={errorText(models.error)}
            onRetry={() => void models.refetch()}
          />
        )}
        {models.data?.length === 0 && <NoModels />}
        {models.data && models.data.length > 0 && rows.length === 0 && (
          <Note
            title="No model matches the filter"
            text={`${models.data.length} are hidden by it.`}
            action={
              <Button variant="default" onClick={() => url.set({ q: null, health: null })}>
                Clear the filter
              </Button>
            }
          />
        )}
        {rows.length > 0 && (
          <FleetTable rows={rows} sorting={sorting} onSort={(sort) => url.set({ sort })} />
        )}
      </section>
    </>
  );
}

function said(models: number, alerting: number): string {
  const watched = `${models} ${models === 1 ? "model is" : "models are"} watched`;
  return alerting === 0 ? `${watched}, none alerts.` : `${watched}, ${alerting} with an alert.`;
}

function NoModels() {
  return (
    <Note
      title="No model is watched yet"
      text={
        <>
          Let Watchkeeper read a reference table and propose a definition, then apply it:
          <Code block mt={12} ta="left" className={classes["code"] ?? ""}>
            {"watchkeeper infer reference.parquet > model.yaml\nwatchkeeper apply -f model.yaml"}
          </Code>
        </>
      }
    />
  );
}
