/** Who looks after an incident, and the way to mute it. */

import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { errorText } from "@/api/client";
import { incidentQuery } from "@/api/queries";
import { act } from "@/api/request";
import type { IncidentDetail } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Panel } from "@/components/core/Panel";
import { instant } from "@/lib/time";
import { equal, silenceFor } from "../silences/matchers";
import classes from "./IncidentPage.module.css";

export function Assign({ detail }: { detail: IncidentDetail }) {
  const { incident, silences } = detail;
  const [person, setPerson] = useState(incident.assignee ?? "");
  const client = useQueryClient();
  const assign = useMutation({
    mutationFn: (to: string) =>
      act("/api/v1/incidents/{incident}/assign", {
        path: { incident: incident.id },
        body: { to, note: "" },
      }),
    onSuccess: (answer) => {
      client.setQueryData(incidentQuery(incident.id).queryKey, answer.data);
      void client.invalidateQueries({ queryKey: ["incidents"] });
    },
  });
  const wanted = person.trim();
  return (
    <Panel title="Who looks after it">
      <form
        className={classes["assign"]}
        onSubmit={(event) => {
          event.preventDefault();
          assign.mutate(wanted);
        }}
      >
        <TextInput
          aria-label="Person"
          placeholder="A name; nobody where empty"
          value={person}
          onChange={(event) => setPerson(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          loading={assign.isPending}
          disabled={wanted === (incident.assignee ?? "")}
        >
          Assign
        </Button>
      </form>
      {assign.isError && (
        <div className={classes["error"]}>
          <ErrorNote title="It was not assigned" text={errorText(assign.error)} />
        </div>
      )}
      <p className={classes["meaning"]}>
        {silences.length === 0 ? (
          <>
            Nobody muted it. <Link to={silenceFor(matchersFor(detail))}>Silence it…</Link>
          </>
        ) : (
          silences.map((each) => (
            <span key={each.id} className={classes["mute"]}>
              Muted until {instant(each.ends_at)} by {each.owner}: {each.comment}{" "}
              <Link to="/silences">Silences</Link>
            </span>
          ))
        )}
      </p>
    </Panel>
  );
}

/** What all its alerts share: the column where there is one, else the incident itself. */
function matchersFor({ incident, alerts }: IncidentDetail): string[] {
  const columns = new Set(alerts.map((alert) => alert.column));
  const [column] = columns;
  return columns.size === 1 && column != null
    ? [equal("model", incident.model), equal("column", column)]
    : [equal("incident", incident.id)];
}
