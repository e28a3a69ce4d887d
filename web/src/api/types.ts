/** The wire types under the names that the page uses; all generated from the API's description. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type ModelSummary = Schemas["ModelSummary"];
export type ModelDetail = Schemas["ModelDetail"];
export type WindowRow = Schemas["WindowRow"];
export type WindowWire = Schemas["WindowWire"];
export type Timeline = Schemas["Timeline"];
export type TimelineCell = Schemas["TimelineCell"];
export type Verdict = Schemas["VerdictWire"];
export type DriftMap = Schemas["DriftMap"];
export type DriftCell = Schemas["DriftCell"];
export type Distribution = Schemas["Distribution"];
export type Bin = Schemas["Bin"];
export type Performance = Schemas["Performance"];
export type PerformancePoint = Schemas["PerformancePoint"];
export type Metric = Schemas["MetricWire"];
export type Service = Schemas["Service"];
export type ServicePoint = Schemas["ServicePoint"];
export type Incident = Schemas["IncidentWire"];
export type IncidentDetail = Schemas["IncidentDetail"];
export type Alert = Schemas["AlertWire"];
export type TimelineEntry = Schemas["TimelineEntry"];
export type ModelAccount = Schemas["ModelAccount"];
export type AccountRow = Schemas["AccountRow"];
export type AccountDay = Schemas["AccountDay"];
export type ClientRow = Schemas["ClientRow"];
export type Gap = Schemas["GapWire"];
export type Reason = Schemas["Reason"];
export type QuarantinedRow = Schemas["QuarantinedRow"];
export type QuarantineReason = Schemas["QuarantineReason"];
export type System = Schemas["System"];
export type Principal = Schemas["PrincipalWire"];
export type JournalEntry = Schemas["JournalEntry"];
export type Candidate = Schemas["CandidateWire"];
export type Feedback = Schemas["FeedbackWire"];
export type Silence = Schemas["SilenceWire"];
export type RulePrecision = Schemas["RulePrecision"];
