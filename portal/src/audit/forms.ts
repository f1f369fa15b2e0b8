/** What an export can look like, and which wafers it can hold. */

import type { ExportBody } from "../api/types";

export const FORMATS: readonly (readonly [ExportBody["format"], string])[] = [
  ["csv", "CSV table"],
  ["manifest", "JSON lines, as training reads them"],
  ["folders", "A folder per class, with pictures"],
  ["coco", "COCO, with pictures"],
  ["events", "The audit log, as JSON lines to check its hashes by"],
];
export const SCOPES: readonly (readonly [ExportBody["scope"], string])[] = [
  ["all", "All wafers, normal ones too"],
  ["reviewed", "Only what people answered"],
];
