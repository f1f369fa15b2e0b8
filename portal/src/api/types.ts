/** The API's own words, as its OpenAPI document has them. */

import type { components } from "./schema";

type Schemas = components["schemas"];

export type Me = Schemas["Me"];
export type Catalogue = Schemas["Catalogue"];
export type WorkItem = Schemas["WorkItem"];
export type ItemSummary = Schemas["ItemSummary"];
export type WaferView = Schemas["WaferView"];
export type WaferDetail = Schemas["WaferDetail"];
export type ReviewView = Schemas["ReviewView"];
export type ReadingView = Schemas["ReadingView"];
export type ModelAnswer = Schemas["ModelAnswer"];
export type AnswerView = Schemas["AnswerView"];
export type AnswerBody = Schemas["AnswerBody"];
export type ItemAnswer = Schemas["ItemAnswer"];
export type AnswerOutcome = Schemas["AnswerOutcome"];
export type HeldItem = Schemas["HeldItem"];
export type HistoryEvent = Schemas["HistoryEvent"];
export type BulkBody = Schemas["BulkBody"];
export type BulkResult = Schemas["BulkResult"];
export type LabelBody = Schemas["LabelBody"];
export type LabelView = Schemas["LabelView"];
export type Line = Schemas["Line"];
export type Picture = Schemas["Picture"];
export type Problem = Schemas["Problem"];
export type State = Schemas["State"];
export type Statistics = Schemas["Statistics"];
export type AgreementReport = Schemas["AgreementReport"];
export type NamedAgreement = Schemas["NamedAgreement"];
export type Rates = Schemas["Rates"];
export type ExportBody = Schemas["ExportBody"];
export type Settings = Schemas["SettingsBody"];
export type SavedView = Schemas["SavedView"];
export type Order = Schemas["Order"];
export type ExportView = Schemas["ExportView"];
export type ModelList = Schemas["ModelList"];
export type ModelSummary = Schemas["ModelSummary"];
export type ModelDetail = Schemas["ModelDetail"];
export type ModelState = Schemas["ModelState"];
export type DatasetView = Schemas["DatasetView"];
export type Pair = Schemas["Pair"];
export type ReplayView = Schemas["ReplayView"];
export type RolloutSummary = Schemas["RolloutSummary"];
export type RolloutDetail = Schemas["RolloutDetail"];
export type Stage = Schemas["Stage"];
export type StageView = Schemas["StageView"];
export type Wish = Schemas["Wish"];
export type NeedView = Schemas["NeedView"];
export type TrainingSummary = Schemas["TrainingSummary"];
export type TrainingDetail = Schemas["TrainingDetail"];
export type TrainingState = Schemas["TrainingState"];
export type Fleet = Schemas["Fleet"];
export type DeviceView = Schemas["DeviceView"];
export type Drift = Schemas["Drift"];
export type SignalView = Schemas["SignalView"];
export type AuditView = Schemas["AuditView"];
export type WaferFigures = Schemas["WaferFigures"];
export type GuardFigures = Schemas["GuardFigures"];
export type DeviceStanding = Schemas["DeviceStanding"];
export type Why = Schemas["Why"];

/** What is the same of a wafer wherever it appears. */
export type WaferIdentity = Pick<WaferView, "item" | "fab" | "camera" | "timestamp" | "lot" | "wafer">;
