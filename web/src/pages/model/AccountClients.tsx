/** Who sent the rows: what they gave out, what never arrived, and how their clocks go. */

import { Button } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { errorText } from "@/api/client";
import { clientsQuery } from "@/api/queries";
import type { ClientRow } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Mark } from "@/components/core/Mark";
import { Note } from "@/components/core/Note";
import { Rows } from "@/components/core/Skeletons";
import { Table, tableClasses } from "@/components/core/Table";
import { ABSENT, count } from "@/lib/number";
import { instant } from "@/lib/time";
import { clientLook, clockLook, gapWords } from "./accounting";
import { Counted } from "./AccountWindows";
import classes from "./ModelPage.module.css";

const COLUMNS = ["Given out", "Arrived", "Missing", "Dropped", "Refused", "Sampled out"];

export function AccountClients({ model }: { model: string }) {
  const clients = useInfiniteQuery(clientsQuery(model));
  if (clients.isPending) return <Rows count={4} />;
  if (clients.isError && clients.data === undefined) {
    return (
      <ErrorNote
        title="The clients could not be loaded"
        text={errorText(clients.error)}
        onRetry={() => void clients.refetch()}
      />
    );
  }
  const found = clients.data.pages.flatMap((page) => page.data);
  if (found.length === 0) return <Nobody />;
  return (
    <>
      <Table label="Clients">
        <thead>
          <tr>
            <th scope="col">Client</th>
            <th scope="col">Rows</th>
            <th scope="col">State</th>
            <th scope="col">Last heard of</th>
            <th scope="col">Clock</th>
            {COLUMNS.map((name) => (
              <th key={name} scope="col" className={tableClasses["numeric"]}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {found.map((client) => (
            <Client
              key={`${client.client_id} ${client.kind}`}
              client={client}
              asOf={clients.dataUpdatedAt}
            />
          ))}
        </tbody>
      </Table>
      {clients.hasNextPage && (
        <Button
          mt={10}
          variant="default"
          loading={clients.isFetchingNextPage}
          onClick={() => void clients.fetchNextPage()}
        >
          Show earlier clients
        </Button>
      )}
    </>
  );
}

function Nobody() {
  return (
    <Note
      title="No client numbers its rows"
      text="What is received is accounted for; what never arrived is not known. The SDK numbers rows by itself, any other client may with one header."
    />
  );
}

function Client({ client, asOf }: { client: ClientRow; asOf: number }) {
  const clock = clockLook(client);
  return (
    <tr>
      <td className={tableClasses["wide"]}>
        <span title={client.client_id}>{client.name}</span>
        {client.gaps.length > 0 && <Gaps client={client} />}
      </td>
      <td className={tableClasses["quiet"]}>{client.kind}</td>
      <td>
        <Mark look={clientLook(client, asOf)} />
      </td>
      <td className={classes["moment"]}>
        <time dateTime={client.last_seen}>{instant(client.last_seen)}</time>
      </td>
      <td className={classes["moment"]}>{clock === null ? ABSENT : <Mark look={clock} />}</td>
      <Counted value={client.given} />
      <Counted value={client.arrived} />
      <Counted value={client.missing} tone="critical" />
      <Counted value={client.dropped} tone="critical" />
      <Counted value={client.refused} tone="warning" />
      <Counted value={client.sampled} />
    </tr>
  );
}

/** Where rows are missing; one that may still arrive says so. */
function Gaps({ client }: { client: ClientRow }) {
  const waiting = client.missing - client.lost;
  return (
    <details className={classes["gaps"]}>
      <summary>
        {count(client.gaps.length)} {client.gaps.length === 1 ? "gap" : "gaps"}
        {waiting > 0 && `, ${count(waiting)} rows may still arrive`}
      </summary>
      <ul>
        {client.gaps.map((gap) => (
          <li key={gap.first}>
            {gapWords(gap)}
            {!gap.told && " (may still arrive)"}
          </li>
        ))}
      </ul>
    </details>
  );
}
