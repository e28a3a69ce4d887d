/** What a person can do about an incident; a refusal stands here in the server's words. */

import { Button, Textarea } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { errorText } from "@/api/client";
import { incidentQuery } from "@/api/queries";
import { act } from "@/api/request";
import type { Incident } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Panel } from "@/components/core/Panel";
import classes from "./IncidentPage.module.css";

type Verb = "acknowledge" | "note" | "resolve" | "accept";

const MEANING: Record<Verb, string> = {
  acknowledge:
    "Acknowledge: somebody looks after it. Who was told hears so; reminders and escalation end.",
  note: "Keep the note: it stands in the history, and nothing else changes.",
  resolve: "Resolve: it is over. Should its series still fire, they open anew.",
  accept:
    "Accept: the change is lasting and wanted. Its columns are judged against the changed data from now on.",
};
const FAILED: Record<Verb, string> = {
  acknowledge: "It was not acknowledged",
  note: "The note was not kept",
  resolve: "It was not resolved",
  accept: "It was not accepted",
};

export function Actions({ incident }: { incident: Incident }) {
  const [note, setNote] = useState("");
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (verb: Verb) =>
      act(`/api/v1/incidents/{incident}/${verb}`, {
        path: { incident: incident.id },
        body: { note: note.trim() },
      }),
    onSuccess: (answer) => {
      setNote("");
      client.setQueryData(incidentQuery(incident.id).queryKey, answer.data);
      void client.invalidateQueries({ queryKey: ["incidents"] });
      void client.invalidateQueries({ queryKey: ["models"] });
    },
  });
  const doing = change.isPending ? change.variables : null;
  const button = (verb: Verb, word: string, variant: "filled" | "default") => (
    <Button
      size="sm"
      variant={variant}
      loading={doing === verb}
      disabled={doing !== null && doing !== verb}
      onClick={() => change.mutate(verb)}
    >
      {word}
    </Button>
  );
  const fresh = incident.state === "open";
  return (
    <Panel title="Act">
      <Textarea
        label="Note"
        placeholder="Why, for those who come after (optional)"
        autosize
        minRows={2}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <div className={classes["buttons"]}>
        {fresh && button("acknowledge", "Acknowledge", "filled")}
        {button("resolve", "Resolve", fresh ? "default" : "filled")}
        {button("accept", "Accept the change", "default")}
        {note.trim() !== "" && button("note", "Keep the note", "default")}
      </div>
      {change.isError && change.variables && (
        <div className={classes["error"]}>
          <ErrorNote title={FAILED[change.variables]} text={errorText(change.error)} />
        </div>
      )}
      {(["acknowledge", "resolve", "accept", "note"] as const)
        .filter((verb) => (verb !== "acknowledge" || fresh) && (verb !== "note" || note.trim() !== ""))
        .map((verb) => (
          <p key={verb} className={classes["meaning"]}>
            {MEANING[verb]}
          </p>
        ))}
    </Panel>
  );
}
