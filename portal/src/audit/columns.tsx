import type { TableProps } from "@cloudscape-design/components/table";

import type { HistoryEvent } from "../api/types";
import { PlaceLink } from "../app/PlaceLink";
import { waferPath } from "../app/places";
import { ACTS, moment, wordsOf } from "../app/words";

/** Who, when, from, to: the columns of the history and of the audit log. */
export const eventColumns: TableProps.ColumnDefinition<HistoryEvent>[] = [
  { id: "when", header: "When", cell: ({ at_ms: at }) => moment(at), isRowHeader: true, minWidth: 125 },
  { id: "who", header: "Who", cell: ({ reviewer }) => reviewer },
  { id: "item", header: "Wafer", cell: ({ item }) => <PlaceLink to={waferPath({ item })}>{item.slice(0, item.lastIndexOf("~"))}</PlaceLink> },
  { id: "act", header: "What", cell: ({ act, bulk }) => ACTS[act] + (bulk ? ", in bulk" : "") },
  { id: "before", header: "From", cell: ({ before }) => (before ? wordsOf(before) : "–") },
  { id: "after", header: "To", cell: ({ after }) => (after ? wordsOf(after) : "–") },
  { id: "took", header: "Took", cell: ({ took_ms: took }) => (took == null ? "–" : `${(took / 1000).toFixed(1)} s`) },
  { id: "note", header: "Note", cell: ({ note }) => note ?? "", minWidth: 120 },
  { id: "hash", header: "Hash", cell: ({ hash }) => <span className="hash short" title={hash}>{hash.slice(0, 8)}</span> },
];
