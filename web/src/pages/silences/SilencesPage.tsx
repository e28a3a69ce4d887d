import { useQuery } from "@tanstack/react-query";
import { Stack } from "@mantine/core";
import { errorText } from "@/api/client";
import { silencesQuery } from "@/api/silences";
import { Note } from "@/components/core/Note";
import { PageHead } from "@/components/core/PageHead";
import { Panel } from "@/components/core/Panel";
import { SilenceForm } from "./SilenceForm";
import classes from "./SilencesPage.module.css";
import { SilencesTable } from "./SilencesTable";

export function SilencesPage() {
  const silences = useQuery(silencesQuery);
  const found = silences.data ?? [];
  const live = found.filter((each) => each.state !== "expired");
  const over = found.filter((each) => each.state === "expired");
  const state = {
    loading: silences.isPending,
    ...(silences.isError && silences.data === undefined
      ? { error: errorText(silences.error), onRetry: () => void silences.refetch() }
      : {}),
  };
  return (
    <>
      <PageHead
        title="Silences"
        text="What is not told for a while, and by whose decision. Monitoring goes on: what is muted stands on this page and on its incident."
      />
      <div className={classes["columns"]}>
        <Stack gap={16} miw={0}>
          <Panel title="In force" state={state}>
            {live.length > 0 ? (
              <SilencesTable label="Silences in force" silences={live} />
            ) : (
              <Note title="Nothing is muted" text="Everybody is told of what their routes take." />
            )}
          </Panel>
          {over.length > 0 && (
            <Panel title="Ended" hint="Kept for 120 days, so that it is known who muted what.">
              <SilencesTable label="Silences that have ended" silences={over} />
            </Panel>
          )}
        </Stack>
        <SilenceForm />
      </div>
    </>
  );
}
