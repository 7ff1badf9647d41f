/** What is on its way up or down, and how far. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { size } from "@/blocks/bytes";
import { Problem } from "@/blocks/Problem";
import { tidy, type Transfer, useTransfers } from "./transfers";

const SHOWN = 20;

export function Transfers() {
  const transfers = useTransfers();
  if (!transfers.length) return null;
  const running = transfers.filter(({ state }) => state === "running").length;
  const shown = transfers.filter(({ state }) => state !== "done").concat(transfers.filter(({ state }) => state === "done").toReversed()).slice(0, SHOWN);
  return (
    <ExpandableSection
      variant="container"
      defaultExpanded
      headerText={running ? `Transfers: ${running} on the way` : "Transfers"}
      headerCounter={`(${transfers.length})`}
      headerActions={running < transfers.length && <Button onClick={tidy}>Clear finished</Button>}
    >
      <SpaceBetween size="m">
        {shown.map((transfer) => (
          <Line key={transfer.id} transfer={transfer} />
        ))}
        {transfers.length > SHOWN && <Box color="text-body-secondary">and {transfers.length - SHOWN} more</Box>}
      </SpaceBetween>
    </ExpandableSection>
  );
}

function Line({ transfer: { upload, name, done, total, state, error, cancel } }: { transfer: Transfer }) {
  const failed = state === "failed" || state === "cancelled";
  return (
    <SpaceBetween size="xs">
      <ProgressBar
        label={<span className="fact">{upload ? "Upload" : "Download"} {name}</span>}
        value={total ? (done / total) * 100 : state === "done" ? 100 : 0}
        additionalInfo={`${size(done)} of ${size(total)}`}
        status={failed ? "error" : state === "done" ? "success" : "in-progress"}
        resultText={state === "done" ? (upload ? "Uploaded" : "Downloaded") : state === "cancelled" ? "Given up" : "Failed"}
      />
      {state === "running" && <Button variant="inline-link" ariaLabel={`Cancel ${name}`} onClick={cancel}>Cancel</Button>}
      <Problem error={error} doing={upload ? "upload it" : "download it"} />
    </SpaceBetween>
  );
}
