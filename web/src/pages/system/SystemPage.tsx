/** The installation itself: its processes, loops, queues, latencies and disk. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { errorText } from "@/api/client";
import { systemQuery } from "@/api/system";
import type { System } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Figures } from "@/components/core/Figures";
import { Note } from "@/components/core/Note";
import { PageHead } from "@/components/core/PageHead";
import { Panel } from "@/components/core/Panel";
import { Rows } from "@/components/core/Skeletons";
import { Table, tableClasses } from "@/components/core/Table";
import { count } from "@/lib/number";
import { Processes, Queues, Timings } from "./SystemTables";
import { ago, headline, seconds } from "./system";
import classes from "./SystemPage.module.css";

export function SystemPage() {
  const system = useQuery(systemQuery);
  return (
    <>
      <PageHead
        title="System"
        text="Whether Watchkeeper itself works and keeps up. The figures are those of /metrics, counted since each process started."
      />
      {system.isPending && <Rows count={6} height={44} />}
      {system.isError && (
        <ErrorNote
          title="The figures could not be loaded"
          text={errorText(system.error)}
          onRetry={() => void system.refetch()}
        />
      )}
      {system.isSuccess && <Parts system={system.data} />}
    </>
  );
}

function Parts({ system }: { system: System }) {
  return (
    <>
      <section className={classes["head"]} aria-label="In short">
        <Figures items={headline(system)} />
      </section>
      <div className={classes["grid"]}>
        <Panel title="Processes" hint="heard of within the last minute">
          <Processes system={system} />
        </Panel>
        <Panel title="What waits">
          <Queues system={system} />
        </Panel>
        <Panel title="Loops" hint="how long a round takes, and when one last ended well">
          <Loops system={system} />
        </Panel>
        <Panel title="Models that lag most" hint="since the end of the last judged window">
          <Lagging system={system} />
        </Panel>
        <Panel title="Transactions" hint="with what they waited for their turn">
          <Timings label="Each kind of transaction" found={system.catalog} />
        </Panel>
        <Panel title="Lake">
          <Timings label="Each operation on the lake" found={system.lake} />
        </Panel>
      </div>
    </>
  );
}

function Loops({ system }: { system: System }) {
  return (
    <Table label="Each loop">
      <thead>
        <tr>
          <th scope="col">Loop</th>
          <th scope="col">Rounds</th>
          <th scope="col">Half within</th>
          <th scope="col">99 % within</th>
          <th scope="col">Failed</th>
          <th scope="col">Last</th>
        </tr>
      </thead>
      <tbody>
        {system.loops.map((loop) => (
          <tr key={`${loop.process} ${loop.name}`}>
            <td className={tableClasses["wide"]}>
              {loop.name} <span className={classes["quiet"]}>{loop.process}</span>
            </td>
            <td>{count(loop.number)}</td>
            <td>{seconds(loop.p50_seconds)}</td>
            <td>{seconds(loop.p99_seconds)}</td>
            <td className={loop.failures > 0 ? classes["bad"] : undefined}>
              {count(loop.failures)}
            </td>
            <td>{ago(loop.last_success_at, system.now)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Lagging({ system }: { system: System }) {
  if (system.lagging.length === 0) {
    return <Note title="No window was judged yet" text="Models stand here once one was." />;
  }
  return (
    <Table label="Each model that lags">
      <thead>
        <tr>
          <th scope="col">Model</th>
          <th scope="col">Lag</th>
          <th scope="col">Windows to be judged</th>
        </tr>
      </thead>
      <tbody>
        {system.lagging.map((model) => (
          <tr key={model.name}>
            <td className={tableClasses["wide"]}>
              <Link to={`/models/${encodeURIComponent(model.name)}`}>{model.name}</Link>
            </td>
            <td>{seconds(model.lag_seconds)}</td>
            <td>{count(model.dirty)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
