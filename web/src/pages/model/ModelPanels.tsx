/** The panels of a model's page, in the order of the questions they answer. */

import type { Scope } from "./scope";
import { AccountingPanel } from "./AccountingPanel";
import { DriftPanel } from "./DriftPanel";
import { IncidentsPanel } from "./IncidentsPanel";
import { PerformancePanel } from "./PerformancePanel";
import { ServicePanel } from "./ServicePanel";
import { TimelinePanel } from "./TimelinePanel";

export function ModelPanels({ scope, task }: { scope: Scope; task: string }) {
  return (
    <>
      <IncidentsPanel model={scope.model} />
      <TimelinePanel scope={scope} />
      <DriftPanel scope={scope} />
      {task !== "none" && <PerformancePanel scope={scope} task={task} />}
      <ServicePanel scope={scope} />
      <AccountingPanel scope={scope} />
    </>
  );
}
