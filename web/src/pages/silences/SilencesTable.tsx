import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { end } from "@/api/request";
import type { Silence } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Mark } from "@/components/core/Mark";
import { Table, tableClasses } from "@/components/core/Table";
import { silenceLook } from "@/lib/status";
import { instant } from "@/lib/time";
import classes from "./SilencesPage.module.css";

export function SilencesTable({ label, silences }: { label: string; silences: Silence[] }) {
  const client = useQueryClient();
  const expire = useMutation({
    mutationFn: (silence: string) => end("/api/v1/silences/{silence}", { path: { silence } }),
    onSettled: () => {
      void client.invalidateQueries({ queryKey: ["silences"] });
      void client.invalidateQueries({ queryKey: ["incidents"] });
    },
  });
  const ends = silences.some((each) => each.state !== "expired");
  return (
    <>
      {expire.isError && <ErrorNote title="It was not ended" text={errorText(expire.error)} />}
      <Table label={label}>
        <thead>
          <tr>
            <th scope="col">Mutes</th>
            <th scope="col">State</th>
            <th scope="col">Until</th>
            {ends && <th scope="col">End</th>}
          </tr>
        </thead>
        <tbody>
          {silences.map((each) => (
            <tr key={each.id}>
              <td className={tableClasses["wide"]}>
                {each.matchers.map((matcher) => (
                  <code key={matcher} className={classes["matcher"]}>
                    {matcher}
                  </code>
                ))}
                <p className={classes["why"]}>
                  {each.comment} ({each.owner})
                </p>
              </td>
              <td>
                <Mark look={silenceLook(each.state)} />
                {each.state !== "expired" && (
                  <p className={classes["why"]}>
                    {each.muted} {each.muted === 1 ? "alert" : "alerts"}
                  </p>
                )}
              </td>
              <td className={classes["moment"]}>{instant(each.ends_at)}</td>
              {ends && (
                <td>
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`End now: ${each.matchers.join(" ")}`}
                    loading={expire.isPending && expire.variables === each.id}
                    onClick={() => expire.mutate(each.id)}
                  >
                    End now
                  </Button>
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </Table>
    </>
  );
}
