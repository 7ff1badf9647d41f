/** How far a creation or an update is: fleet by fleet, from what DescribeEndpoint says. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Duration } from "@/blocks/Time";
import type { Described } from "./Endpoint";

const TITLES: Record<string, string> = {
  Creating: "Coming into service",
  Updating: "Update in progress",
  SystemUpdating: "Update in progress",
  RollingBack: "Rolling back",
  Deleting: "Being deleted",
};

export function Progress({ endpoint }: { endpoint: Described }) {
  const pending = endpoint.PendingDeploymentSummary;
  const variants = pending?.ProductionVariants ?? endpoint.ProductionVariants ?? [];
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={
            pending ? (
              <>
                From {endpoint.EndpointConfigName} to {pending.EndpointConfigName}, for <Duration from={pending.StartTime} />
              </>
            ) : (
              <>For <Duration from={endpoint.LastModifiedTime} /></>
            )
          }
        >
          {TITLES[endpoint.EndpointStatus ?? ""]}
        </Header>
      }
    >
      <SpaceBetween size="m">
        {variants.map((variant) => {
          const { CurrentInstanceCount: now = 0, DesiredInstanceCount: wanted = 0 } = variant;
          const [step] = variant.VariantStatus ?? [];
          const weight = pending ? `, ${variant.CurrentWeight ?? 0} of ${variant.DesiredWeight ?? 0} of its weight` : "";
          return (
            <ProgressBar
              key={variant.VariantName}
              label={variant.VariantName}
              description={step?.StatusMessage ?? step?.Status}
              value={wanted ? Math.round((now / wanted) * 100) : 0}
              additionalInfo={wanted ? `${now} of ${wanted} instances serve${weight}` : undefined}
            />
          );
        })}
      </SpaceBetween>
    </Container>
  );
}
