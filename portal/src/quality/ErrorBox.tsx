import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";

import type { Statistics } from "../api/types";
import { percent } from "../app/words";
import { wilson } from "./interval";

/** How often the model is wrong in the field, from wafers drawn at random whatever it said. */
export function ErrorBox({ audit }: { audit: NonNullable<Statistics["audit"]> | null }) {
  const known = audit && audit.wafers > 0 ? audit : null;
  const computed = known && wilson(known.errors, known.wafers);
  const interval = known?.low != null && known.high != null ? { low: known.low, high: known.high } : computed;
  return (
    <Container header={<Header variant="h2" description="From the random audit sample">The model&apos;s live error</Header>}>
      {known && interval ? (
        <>
          <Box fontSize="display-l" fontWeight="bold">
            {percent(known.rate ?? known.errors / known.wafers, 1)}
          </Box>
          <Box>
            Surely (95 %) between {percent(interval.low, 1)} and {percent(interval.high, 1)}: {known.errors} wrong of {known.wafers} audited wafers.
          </Box>
        </>
      ) : (
        <Box color="text-body-secondary">No audited wafer has been settled in this time: nothing can be said yet.</Box>
      )}
    </Container>
  );
}
