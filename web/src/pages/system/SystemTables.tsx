/** The tables of the page about the installation: processes, queues, and how long things take. */

import type { System } from "@/api/types";
import { Note } from "@/components/core/Note";
import { Table, tableClasses } from "@/components/core/Table";
import { ABSENT, count } from "@/lib/number";
import { instant } from "@/lib/time";
import { bytes, seconds } from "./system";
import classes from "./SystemPage.module.css";

export function Processes({ system }: { system: System }) {
  if (system.processes.length === 0) {
    return <Note title="No process was heard of" text="Each tells of itself every five seconds." />;
  }
  return (
    <Table label="Each process">
      <thead>
        <tr>
          <th scope="col">Process</th>
          <th scope="col">Version</th>
          <th scope="col">Since</th>
          <th scope="col">Memory</th>
          <th scope="col">Processor</th>
        </tr>
      </thead>
      <tbody>
        {system.processes.map((each) => (
          <tr key={`${each.role} ${each.host} ${each.address}`}>
            <td className={tableClasses["wide"]}>
              {each.role} <span className={classes["quiet"]}>{each.address || each.host}</span>
            </td>
            <td>{each.version}</td>
            <td>{instant(each.started_at)}</td>
            <td>{bytes(each.memory_bytes)}</td>
            <td>{seconds(each.processor_seconds)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

export function Queues({ system }: { system: System }) {
  return (
    <Table label="Each queue">
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Waiting</th>
          <th scope="col">More</th>
        </tr>
      </thead>
      <tbody>
        {system.queues.map((queue) => (
          <tr key={queue.name}>
            <td className={tableClasses["wide"]}>{queue.name}</td>
            <td>{count(queue.number)}</td>
            <td className={queue.detail === "failing" ? classes["bad"] : classes["quiet"]}>
              {queue.detail ?? ""}
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

export function Timings({ label, found }: { label: string; found: System["lake"] }) {
  return (
    <Table label={label}>
      <thead>
        <tr>
          <th scope="col">What</th>
          <th scope="col">Times</th>
          <th scope="col">Half within</th>
          <th scope="col">99 % within</th>
        </tr>
      </thead>
      <tbody>
        {found.map((timing) => (
          <tr key={timing.name}>
            <td className={tableClasses["wide"]}>{timing.name || ABSENT}</td>
            <td>{count(timing.number)}</td>
            <td>{seconds(timing.p50_seconds)}</td>
            <td>{seconds(timing.p99_seconds)}</td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
