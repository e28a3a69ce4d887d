import { Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { errorText } from "@/api/client";
import { fleetQuery, precisionQuery } from "@/api/queries";
import type { RulePrecision } from "@/api/types";
import { ErrorNote } from "@/components/core/ErrorNote";
import { Note } from "@/components/core/Note";
import { PageHead } from "@/components/core/PageHead";
import { Rows } from "@/components/core/Skeletons";
import { Table, tableClasses } from "@/components/core/Table";
import { count, percent } from "@/lib/number";
import { useUrl } from "@/lib/useUrl";
import classes from "./RulesPage.module.css";

export function RulesPage() {
  const url = useUrl();
  const model = url.get("model");
  const rules = useQuery(precisionQuery(model));
  const fleet = useQuery(fleetQuery);
  const names = fleet.data?.map((each) => each.name) ?? [];
  return (
    <>
      <PageHead
        title="Rules"
        text="How often each rule was worth it, by what people said of its incidents. What nobody rated is not counted as noise."
      />
      <Select
        aria-label="Model"
        placeholder="Every model"
        clearable
        searchable
        w={240}
        mb={14}
        data={model === null || names.includes(model) ? names : [model, ...names]}
        value={model}
        onChange={(next) => url.set({ model: next })}
      />
      <section className={classes["card"]} aria-label="Rules" aria-busy={rules.isPending}>
        {rules.isPending && <Rows count={5} height={44} />}
        {rules.isError && (
          <ErrorNote
            title="The rules could not be loaded"
            text={errorText(rules.error)}
            onRetry={() => void rules.refetch()}
          />
        )}
        {rules.isSuccess && rules.data.length === 0 && (
          <Note title="No incident so far" text="Rules stand here once they were part of one." />
        )}
        {rules.isSuccess && rules.data.length > 0 && <Precision rules={rules.data} />}
      </section>
    </>
  );
}

function Precision({ rules }: { rules: RulePrecision[] }) {
  return (
    <Table label="Rules and how often they were worth it">
      <thead>
        <tr>
          <th scope="col">Rule</th>
          <th scope="col">Incidents</th>
          <th scope="col">Useful</th>
          <th scope="col">Noise</th>
          <th scope="col">Not rated</th>
          <th scope="col">Worth it (95 %)</th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={`${rule.model} ${rule.monitor}`}>
            <td className={tableClasses["wide"]}>
              {rule.monitor}
              <span className={classes["of"]}>
                {" of "}
                <Link to={`/models/${encodeURIComponent(rule.model)}`}>{rule.model}</Link>
              </span>
            </td>
            <td>{count(rule.incidents)}</td>
            <td>{count(rule.useful)}</td>
            <td>{count(rule.noise)}</td>
            <td>{count(rule.incidents - rule.rated)}</td>
            <td>
              <Share rule={rule} />
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function Share({ rule: { precision, low, high } }: { rule: RulePrecision }) {
  if (precision === null || low === null || high === null) {
    return <span className={classes["unknown"]}>unknown: nobody said</span>;
  }
  return (
    <span className={classes["share"]}>
      <span className={classes["bar"]} aria-hidden>
        <span
          className={classes["range"]}
          style={{ left: `${low * 100}%`, width: `${(high - low) * 100}%` }}
        />
        <span className={classes["point"]} style={{ left: `${precision * 100}%` }} />
      </span>
      {`${percent(precision)} (${percent(low)} to ${percent(high)})`}
    </span>
  );
}
