import { Anchor, Stack } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import { errorText } from "@/api/client";
import { incidentQuery } from "@/api/queries";
import type { Candidate, IncidentDetail } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Mark } from "@/components/core/Mark";
import { PageHead } from "@/components/core/PageHead";
import { Panel } from "@/components/core/Panel";
import { Panels } from "@/components/core/Skeletons";
import { lasted, sinceText } from "@/lib/incident";
import { severityLook, stateLook } from "@/lib/status";
import { Actions } from "./Actions";
import { AlertsTable } from "./AlertsTable";
import { Assign } from "./Assign";
import { heldBack, said } from "./facts";
import { History } from "./History";
import { Worth } from "./Worth";
import classes from "./IncidentPage.module.css";

export function IncidentPage() {
  const id = useParams()["incident"] ?? "";
  const incident = useQuery(incidentQuery(id));
  if (incident.isPending) {
    return (
      <>
        <PageHead title="Incident" above={<Up />} />
        <Panels heights={[340, 260]} />
      </>
    );
  }
  if (incident.isError) {
    return (
      <>
        <PageHead title="Incident" above={<Up />} />
        <ErrorNote
          title="The incident could not be loaded"
          text={errorText(incident.error)}
          onRetry={() => void incident.refetch()}
        />
      </>
    );
  }
  return <Shown detail={incident.data} />;
}

function Up() {
  return (
    <Anchor component={Link} to="/incidents" size="sm">
      Incidents
    </Anchor>
  );
}

function Shown({ detail }: { detail: IncidentDetail }) {
  const { incident, alerts } = detail;
  return (
    <>
      <PageHead
        title={incident.title}
        above={<Up />}
        mark={
          <>
            <Mark look={stateLook(incident.state)} variant="pill" />
            <Mark look={severityLook(incident.severity)} />
          </>
        }
        text={
          <>
            <Anchor component={Link} inherit underline="always" to={`/models/${encodeURIComponent(incident.model)}`}>
              {incident.model}
            </Anchor>
            {` · ${sinceText(incident.opened_at, incident.resolved_at)}`}
            {incident.acknowledged_by !== null && ` · acknowledged by ${incident.acknowledged_by}`}
            {incident.assignee !== null && ` · assigned to ${incident.assignee}`}
          </>
        }
      />
      <div className={classes["columns"]}>
        <Stack gap={16} miw={0}>
          <Panel title="What is known">
            <Known detail={detail} />
          </Panel>
          <Panel
            title={alerts.length === 1 ? "Its alert" : `Its ${alerts.length} alerts`}
            hint="Each is one series that fired. Follow one to its window on the model's page."
          >
            <AlertsTable alerts={alerts} />
          </Panel>
        </Stack>
        <Stack gap={16} miw={0}>
          {incident.state !== "resolved" && <Actions incident={incident} />}
          {incident.state !== "resolved" && <Assign detail={detail} />}
          <Worth incident={incident} feedback={detail.feedback} />
          <Panel title="What happened">
            <History entries={detail.timeline} />
          </Panel>
        </Stack>
      </div>
    </>
  );
}

function Known({ detail: { incident, alerts, changes } }: { detail: IncidentDetail }) {
  const cause = incident.cause === "unknown" ? "Unknown: no other change coincides." : incident.cause;
  const facts = [
    ...said(alerts),
    { question: "Since", answers: [lasted(incident.opened_at, incident.resolved_at)] },
    { question: "Likely why", answers: [cause] },
    { question: "Held back", answers: heldBack(incident) },
  ].filter((fact) => fact.answers.length > 0);
  return (
    <dl className={classes["known"]}>
      {facts.map((fact) => (
        <div key={fact.question} className={classes["fact"]}>
          <dt>{fact.question}</dt>
          {fact.answers.map((answer) => (
            <dd key={answer}>{answer}</dd>
          ))}
        </div>
      ))}
      {changes.length > 0 && (
        <div className={classes["fact"]}>
          <dt>Changed before</dt>
          {changes.map((change) => (
            <dd key={`${change.at} ${change.title}`}>
              <Before change={change} />
            </dd>
          ))}
        </div>
      )}
    </dl>
  );
}

/** A candidate for the cause, never more: what it was, and how long before. */
function Before({ change }: { change: Candidate }) {
  const title =
    change.link === null ? (
      change.title
    ) : (
      <Anchor inherit href={change.link} rel="noreferrer" target="_blank">
        {change.title}
      </Anchor>
    );
  const by = change.by === "" ? "" : ` by ${change.by}`;
  return (
    <>
      {title}
      {` (${change.kind}${by}), ${change.when}`}
    </>
  );
}
