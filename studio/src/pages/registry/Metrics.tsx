/** How good a version is: the numbers of the reports in S3 that it was registered with. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import { decoded, place } from "@/blocks/bytes";
import { brief } from "@/blocks/Chart";
import { Problem } from "@/blocks/Problem";
import { words } from "@/blocks/Status";
import { useCall } from "@/client/query";
import type { Package } from "./Version";

/** `ModelQuality.Statistics` and all others that lie in S3. */
function reports(found: Package): { title: string; uri: string }[] {
  return Object.entries(found.ModelMetrics ?? {}).flatMap(([family, kinds]) =>
    Object.entries(kinds ?? {}).flatMap(([kind, source]) => {
      const uri = (source as { S3Uri?: string } | undefined)?.S3Uri;
      return uri ? [{ title: words(`${family}, ${kind.toLowerCase()}`), uri }] : [];
    }),
  );
}

export function Metrics({ found }: { found: Package }) {
  const all = reports(found);
  if (!all.length) return null;
  return (
    <Container header={<Header variant="h2">Metrics</Header>}>
      <SpaceBetween size="l">
        {all.map((report) => (
          <Report key={report.title} {...report} />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function Report({ title, uri }: { title: string; uri: string }) {
  const { bucket, key } = place(uri);
  const object = useCall("s3", "GetObject", { Bucket: bucket, Key: key, Range: "bytes=0-1048575" });
  if (object.error) return <Problem error={object.error} doing={`read ${uri}`} retry={() => void object.refetch()} />;
  const numbers = object.data ? leaves(new TextDecoder().decode(decoded(object.data.Body ?? ""))) : [];
  return (
    <CloudscapeTable
      variant="embedded"
      header={<Header variant="h3" description={uri}>{title}</Header>}
      ariaLabels={{ tableLabel: title }}
      loading={object.isPending}
      loadingText="Reading the report"
      items={numbers}
      columnDefinitions={[
        { id: "name", header: "Metric", cell: ([name]) => name, isRowHeader: true },
        { id: "value", header: "Value", cell: ([, value]) => brief(value) },
      ]}
      empty="The report holds no numbers."
    />
  );
}

const MOST = 200;

/** Each number of a JSON document, with the way to it: `regression_metrics.mse.value`. */
function leaves(text: string): [string, number][] {
  const found: [string, number][] = [];
  const walk = (value: unknown, path: string) => {
    if (found.length >= MOST) return;
    if (typeof value === "number") found.push([path, value]);
    else if (value && typeof value === "object") for (const [name, inner] of Object.entries(value)) walk(inner, path ? `${path}.${name}` : name);
  };
  try {
    walk(JSON.parse(text), "");
  } catch {
    return []; // no JSON: there is nothing to tabulate
  }
  return found;
}
