/** What the model servers print: a stream for each instance of a variant. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useState } from "react";
import { Logs } from "@/blocks/Logs";
import type { Described } from "./Endpoint";

export function EndpointLogs({ endpoint, running }: { endpoint: Described; running: boolean }) {
  const names = (endpoint.ProductionVariants ?? []).map((variant) => variant.VariantName ?? "");
  const [chosen, setChosen] = useState(names[0] ?? "AllTraffic");
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={names.length > 1 && <SegmentedControl label="Variant" selectedId={chosen} options={names.map((name) => ({ id: name, text: name }))} onChange={({ detail }) => setChosen(detail.selectedId)} />}
        >
          Log
        </Header>
      }
    >
      <Logs key={chosen} group={`/aws/sagemaker/Endpoints/${endpoint.EndpointName}`} prefix={`${chosen}/`} running={running} />
    </Container>
  );
}
