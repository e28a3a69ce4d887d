import { Anchor, Group, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { errorText } from "@/api/client";
import { reasonsQuery } from "@/api/queries";
import { ErrorNote } from "@/components/core/ErrorNote";
import { PageHead } from "@/components/core/PageHead";
import { useUrl } from "@/lib/useUrl";
import { reasonOf } from "./reasons";
import { ReasonsPanel } from "./ReasonsPanel";
import { RowsPanel } from "./RowsPanel";

export function QuarantinePage() {
  const model = useParams()["model"] ?? "";
  const url = useUrl();
  const reason = reasonOf(url.get("reason"));
  const reasons = useQuery(reasonsQuery(model));
  const choose = (next: string | null) => url.set({ reason: next });
  return (
    <>
      <PageHead
        title={`Quarantine of ${model}`}
        above={<Up model={model} />}
        text="Rows that did not fit the model's definition. They are kept, and were not judged; mend what sends them, and send them again."
      />
      {reasons.isError && reasons.data === undefined ? (
        <ErrorNote
          title="The quarantine could not be loaded"
          text={errorText(reasons.error)}
          onRetry={() => void reasons.refetch()}
        />
      ) : (
        <Stack gap={16}>
          {reasons.data?.length !== 0 && (
            <ReasonsPanel reasons={reasons} chosen={reason} onChoose={choose} />
          )}
          <RowsPanel model={model} reason={reason} onAll={() => choose(null)} />
        </Stack>
      )}
    </>
  );
}

function Up({ model }: { model: string }) {
  return (
    <Group component="nav" aria-label="Above this page" gap={6}>
      <Anchor component={Link} to="/models" size="sm">
        Models
      </Anchor>
      <span aria-hidden>/</span>
      <Anchor component={Link} to={`/models/${encodeURIComponent(model)}`} size="sm">
        {model}
      </Anchor>
    </Group>
  );
}
