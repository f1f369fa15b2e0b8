/** What the API can be asked, by name. */

import { bodyOf, type ApiClient } from "./client";
import type { paths } from "./schema";
import type { BulkBody, ExportBody, HeldItem, ItemAnswer, LabelBody, Line, Settings, Wish } from "./types";

type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query: infer Values } } } ? Omit<Values, "cursor"> : never;
export type BacklogQuery = Query<"/items">;
export type WaferQuery = Query<"/wafers">;
export type AuditQuery = Query<"/audit">;

const at = (item: string) => ({ params: { path: { item } } });
const paged = <Values extends object>(query: Values, cursor: string | null) => ({
  params: { query: cursor === null ? query : { ...query, cursor } },
});

export function callsOf(client: ApiClient) {
  return {
    me: () => bodyOf(client.GET("/me")),
    catalogue: () => bodyOf(client.GET("/catalogue")),
    labels: (fab: string) => bodyOf(client.GET("/labels", { params: { query: { fab } } })),
    describeLabel: (label: string, body: LabelBody) => bodyOf(client.PUT("/labels/{label}", { params: { path: { label } }, body })),

    next: (fab: string, line: Line, count: number) => bodyOf(client.POST("/queue/next", { body: { fab, line, count } })),
    heartbeat: (items: HeldItem[]) => bodyOf(client.POST("/queue/heartbeat", { body: { items } })),
    answer: (answers: ItemAnswer[]) => bodyOf(client.POST("/answers", { body: { answers } })),
    undo: (item: string, answerId: string, version: number) =>
      bodyOf(client.POST("/items/{item}/undo", { ...at(item), body: { answer_id: answerId, version } })),
    release: (item: string, version: number, skip: boolean) => bodyOf(client.POST("/items/{item}/release", { ...at(item), body: { version, skip } })),
    sendBack: (item: string, answerId: string, version: number, comment: string) =>
      bodyOf(client.POST("/items/{item}/send-back", { ...at(item), body: { answer_id: answerId, version, comment } })),

    backlog: (query: BacklogQuery, cursor: string | null) => bodyOf(client.GET("/items", paged(query, cursor))),
    wafer: (item: string) => bodyOf(client.GET("/items/{item}", at(item))),
    picture: (item: string) => bodyOf(client.GET("/items/{item}/picture", at(item))),
    wafers: (query: WaferQuery, cursor: string | null) => bodyOf(client.GET("/wafers", paged(query, cursor))),
    why: (item: string) => bodyOf(client.GET("/wafers/{item}/why", at(item))),
    lot: (fab: string, lot: string) => bodyOf(client.GET("/lot", { params: { query: { fab, lot } } })),

    previewBulk: (body: BulkBody) => bodyOf(client.POST("/bulk/preview", { body })),
    bulk: (batch: string, body: BulkBody) => bodyOf(client.POST("/bulk", { body: { ...body, batch } })),
    undoBatch: (batch: string, answerId: string) =>
      bodyOf(client.POST("/bulk/{batch}/undo", { params: { path: { batch } }, body: { answer_id: answerId } })),

    rates: (fab: string, days: number) => bodyOf(client.GET("/rates", { params: { query: { fab, days } } })),
    statistics: (fab: string, days: number) => bodyOf(client.GET("/statistics", { params: { query: { fab, days } } })),
    agreement: (fab: string, days: number) => bodyOf(client.GET("/agreement", { params: { query: { fab, days } } })),
    audit: (query: AuditQuery, cursor: string | null) => bodyOf(client.GET("/audit", paged(query, cursor))),
    requestExport: (body: ExportBody) => bodyOf(client.POST("/exports", { body })),
    models: () => bodyOf(client.GET("/models")),
    model: (name: string) => bodyOf(client.GET("/models/{name}", { params: { path: { name } } })),
    decide: (name: string, approve: boolean) => bodyOf(client.POST("/models/{name}/decision", { params: { path: { name } }, body: { approve } })),
    rollouts: () => bodyOf(client.GET("/rollouts")),
    rollout: (number: string) => bodyOf(client.GET("/rollouts/{number}", { params: { path: { number } } })),
    wish: (number: string, wish: Wish) => bodyOf(client.POST("/rollouts/{number}/wish", { params: { path: { number } }, body: { wish } })),
    trainings: () => bodyOf(client.GET("/trainings")),
    training: (number: string) => bodyOf(client.GET("/trainings/{number}", { params: { path: { number } } })),
    askTraining: () => bodyOf(client.POST("/trainings")),
    stopTraining: (number: string) => bodyOf(client.POST("/trainings/{number}/stop", { params: { path: { number } } })),
    fleet: (fab: string) => bodyOf(client.GET("/fleet", { params: { query: { fab } } })),
    drift: (fab: string) => bodyOf(client.GET("/drift", { params: { query: { fab } } })),
    exports: (fab: string) => bodyOf(client.GET("/exports", { params: { query: { fab } } })),

    settings: () => bodyOf(client.GET("/settings")),
    keepSettings: (body: Settings) => bodyOf(client.PUT("/settings", { body })),
  };
}

export type Api = ReturnType<typeof callsOf>;
