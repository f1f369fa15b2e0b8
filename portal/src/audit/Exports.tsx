import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import { wordsFor } from "../api/client";
import type { ExportBody } from "../api/types";
import { Choose } from "../app/Choose";
import { DAY_MS, dayOf, isoDay } from "../search/query";
import { EarlierExports } from "./EarlierExports";
import { FORMATS, SCOPES } from "./forms";

const MONTH_DAYS = 28;

/** Ask for an export and fetch it when it is written. */
export function Exports({ fab }: { fab: string }) {
  const api = useApi();
  const queries = useQueryClient();
  const [now] = useState(Date.now);
  const [format, setFormat] = useState<ExportBody["format"]>("csv");
  const [scope, setScope] = useState<ExportBody["scope"]>("all");
  const [from, setFrom] = useState(() => isoDay(now - MONTH_DAYS * DAY_MS));
  const [to, setTo] = useState(() => isoDay(now));
  const [begin, end] = [dayOf(from), dayOf(to)];
  const wrong = begin === null || end === null || end < begin;
  const asking = useMutation({
    mutationFn: () => api.requestExport({ fab, format, scope, from_ms: begin ?? 0, to_ms: (end ?? 0) + DAY_MS }),
    onSuccess: () => queries.invalidateQueries({ queryKey: ["exports", fab] }),
  });
  return (
    <Container header={<Header variant="h2" description="Complete: scores, reviewers, model versions and normal wafers included">Export</Header>}>
      <SpaceBetween size="m">
        <div className="filters">
          <Choose label="Format" value={format} options={FORMATS} onChange={(value) => setFormat(value as ExportBody["format"])} />
          <Choose label="Wafers" value={scope} options={SCOPES} onChange={(value) => setScope(value as ExportBody["scope"])} />
          <FormField label="From day" errorText={begin === null && "YYYY-MM-DD"}>
            <Input value={from} onChange={({ detail }) => setFrom(detail.value)} />
          </FormField>
          <FormField label="To day" errorText={wrong && begin !== null && "YYYY-MM-DD, not before the first day"}>
            <Input value={to} onChange={({ detail }) => setTo(detail.value)} />
          </FormField>
          <div className="filters-button">
            <Button disabled={wrong} loading={asking.isPending} onClick={() => asking.mutate()}>
              Export
            </Button>
          </div>
        </div>
        {asking.isError && <Alert type="error">{wordsFor(asking.error)}</Alert>}
        <EarlierExports fab={fab} />
      </SpaceBetween>
    </Container>
  );
}
