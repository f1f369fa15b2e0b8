import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";

import type { Statistics } from "../api/types";
import { percent } from "../app/words";

/** How often the model is wrong in the field, from wafers drawn at random whatever it said. */
export function ErrorBox({ audit }: { audit: NonNullable<Statistics["audit"]> | null }) {
  const known = audit && audit.wafers > 0 ? audit : null;
  return (
    <Container header={<Header variant="h2" description="From the random audit sample">The model&apos;s live error</Header>}>
      {known ? (
        <>
          <Box fontSize="display-l" fontWeight="bold">
            {percent(known.rate, 1)}
          </Box>
          <Box>
            Surely (95 %) between {percent(known.low, 1)} and {percent(known.high, 1)}: {known.errors} wrong of {known.wafers} audited wafers.
          </Box>
        </>
      ) : (
        <Box color="text-body-secondary">No audited wafer has been settled in this time: nothing can be said yet.</Box>
      )}
    </Container>
  );
}
