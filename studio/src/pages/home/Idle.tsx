import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Spinner from "@cloudscape-design/components/spinner";
import { Code } from "@/blocks/Code";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Time } from "@/blocks/Time";
import { call, own } from "@/client/call";
import { useAnswer } from "@/client/query";
import type { Series } from "@/client/series";

const MOST = 30; // endpoints that are looked at
const HOURS = 24;

/** Endpoints that stand ready, and that nobody invoked for a day: each costs as if it were busy. */
async function idle(signal: AbortSignal) {
  const { Endpoints = [] } = await call("sagemaker", "ListEndpoints", { StatusEquals: "InService", MaxResults: MOST, SortBy: "CreationTime", SortOrder: "Ascending" }, signal);
  if (!Endpoints.length) return { count: 0, idle: [] };
  const described = await Promise.all(Endpoints.map((endpoint) => call("sagemaker", "DescribeEndpoint", { EndpointName: endpoint.EndpointName }, signal)));
  const variants = described.flatMap((endpoint) =>
    (endpoint.ProductionVariants ?? []).map((variant) => ({ EndpointName: endpoint.EndpointName ?? "", VariantName: variant.VariantName ?? "" })),
  );
  const since = Math.floor(Date.now() / 1000) - HOURS * 3600;
  const used = new Set<string>();
  for (let first = 0; first < variants.length; first += 100) {
    const part = variants.slice(first, first + 100);
    const Queries = part.map((Dimensions) => ({ Namespace: "AWS/SageMaker", MetricName: "Invocations", Dimensions, Stat: "Sum" }));
    const { Series } = await own<{ Series: Series[] }>("POST", "/_series", { Queries, Start: since, Points: 100 }, signal);
    Series.forEach((series, index) => series.Count && used.add(part[index]?.EndpointName ?? ""));
  }
  return { count: Endpoints.length, idle: Endpoints.filter((endpoint) => !used.has(endpoint.EndpointName ?? "")) };
}

export function Idle() {
  const answer = useAnswer(["home", "idle"], idle, { live: ["Endpoint"], every: 300 });
  const endpoints = answer.data?.idle ?? [];
  return (
    <Container header={<Header variant="h2" counter={answer.data && `(${endpoints.length})`} description={`Ready, and not invoked for ${HOURS} hours.`}>Idle endpoints</Header>}>
      <Problem error={answer.error} doing="look for idle endpoints" />
      {answer.isPending && <Spinner />}
      {answer.data && !endpoints.length && (
        <Nothing title={answer.data.count ? "None is idle" : "There are no endpoints"}>
          {answer.data.count ? "Every endpoint was invoked." : "An endpoint serves a model, and costs while it stands ready."}
        </Nothing>
      )}
      <ul className="plain">
        {endpoints.slice(0, 5).map((endpoint) => (
          <li key={endpoint.EndpointName}>
            <b>{endpoint.EndpointName}</b> <span className="quiet">created <Time at={endpoint.CreationTime} /></span>
          </li>
        ))}
      </ul>
      {endpoints[0] && <Code label="AWS CLI" text={`aws sagemaker delete-endpoint --endpoint-name ${endpoints[0].EndpointName}`} />}
    </Container>
  );
}
