import type { IncidentItem } from "@/lib/incident";
import { IncidentRow } from "./IncidentRow";
import classes from "./IncidentRow.module.css";

export function IncidentList({ label, items }: { label: string; items: IncidentItem[] }) {
  return (
    <ul className={classes["list"]} aria-label={label}>
      {items.map(({ id, ...item }) => (
        <IncidentRow key={id} {...item} />
      ))}
    </ul>
  );
}
