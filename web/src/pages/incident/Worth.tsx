/** Was it good to be told? Each person's last word counts, and rules are measured by it. */

import { Button } from "@mantine/core";
import { IconBell, IconBellOff } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { incidentQuery } from "@/api/queries";
import { act } from "@/api/request";
import type { Feedback, Incident } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Panel } from "@/components/core/Panel";
import { day } from "@/lib/time";
import classes from "./IncidentPage.module.css";

type Said = Feedback["worth"];

const WORDS: Record<Said, string> = { useful: "Useful", noise: "Noise" };

export function Worth({ incident, feedback }: { incident: Incident; feedback: Feedback[] }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (worth: Said) =>
      act("/api/v1/incidents/{incident}/feedback", {
        path: { incident: incident.id },
        body: { worth, note: "" },
      }),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: incidentQuery(incident.id).queryKey });
      void client.invalidateQueries({ queryKey: ["precision"] });
    },
  });
  const last = feedback.toSorted((a, b) => a.at.localeCompare(b.at)).at(-1)?.worth ?? null;
  const button = (worth: Said, Icon: typeof IconBell) => (
    <Button
      size="sm"
      variant={last === worth ? "filled" : "default"}
      aria-pressed={last === worth}
      leftSection={<Icon size={16} aria-hidden />}
      loading={change.isPending && change.variables === worth}
      disabled={change.isPending && change.variables !== worth}
      onClick={() => change.mutate(worth)}
    >
      {WORDS[worth]}
    </Button>
  );
  return (
    <Panel title="Was it good to be told?">
      <div className={classes["buttons"]}>
        {button("useful", IconBell)}
        {button("noise", IconBellOff)}
      </div>
      {change.isError && (
        <div className={classes["error"]}>
          <ErrorNote title="It was not recorded" text={errorText(change.error)} />
        </div>
      )}
      {feedback.length === 0 ? (
        <p className={classes["meaning"]}>Rules that cry wolf are found by what people say here.</p>
      ) : (
        <ul className={classes["said"]}>
          {feedback.map((said) => (
            <li key={said.by}>
              {`${WORDS[said.worth]}, says ${said.by}, ${day(said.at)}`}
              {said.note !== "" && <span>{said.note}</span>}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
