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
export type ExportView = Schemas["ExportView"];

/** What is the same of a wafer wherever it appears. */
export type WaferIdentity = Pick<WaferView, "item" | "fab" | "camera" | "timestamp" | "lot" | "wafer">;
