/** What became of every row: nothing is lost without being counted. */

import { Anchor, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { accountingQuery } from "@/api/queries";
import { panelState } from "@/api/state";
import type { ModelAccount } from "@/api/types";
import { Figures } from "@/components/core/Figures";
import { Panel } from "@/components/core/Panel";
import { instant } from "@/lib/time";
import { useUrl } from "@/lib/useUrl";
import { AccountClients } from "./AccountClients";
import { AccountDays } from "./AccountDays";
import { AccountWindows } from "./AccountWindows";
import { totals } from "./accounting";
import type { Scope } from "./scope";
import classes from "./ModelPage.module.css";

const VIEWS = [
  { value: "windows", label: "By window" },
  { value: "days", label: "By day" },
  { value: "clients", label: "By client" },
];

export function AccountingPanel({ scope }: { scope: Scope }) {
  const url = useUrl();
  const named = url.get("account");
  const view = VIEWS.find((each) => each.value === named)?.value ?? "windows";
  const account = useQuery(accountingQuery(scope.model, scope.range));
  return (
    <Panel
      title="Data accounting"
      hint={hint(account.data)}
      actions={
        <>
          <SegmentedControl
            size="xs"
            aria-label="Account by"
            data={VIEWS}
            value={view}
            onChange={(next) => url.set({ account: next === "windows" ? null : next, accounts: null })}
          />
          <Anchor component={Link} size="sm" to={`/models/${encodeURIComponent(scope.model)}/quarantine`}>
            Quarantine
          </Anchor>
        </>
      }
      state={panelState(account)}
      height={360}
    >
      {account.data && (
        <>
          <Figures items={totals(account.data)} />
          <div className={classes["account"]}>
            {view === "windows" && <AccountWindows scope={scope} account={account.data} />}
            {view === "days" && <AccountDays days={account.data.days} />}
            {view === "clients" && <AccountClients model={scope.model} />}
          </div>
        </>
      )}
    </Panel>
  );
}

function hint(account: ModelAccount | undefined): string {
  const words =
    "What became of every row that was sent for these windows, and which never arrived. Rejected rows are kept in quarantine, each with its reason.";
  return account?.watermark == null
    ? words
    : `${words} Rows are believed to be complete up to ${instant(account.watermark)}.`;
}
