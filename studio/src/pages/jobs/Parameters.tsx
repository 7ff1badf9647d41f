/** What a job was given: inputs, hyperparameters, environment. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import type { Job } from "./kinds";

export function Parameters({ job }: { job: Job }) {
  return (
    <SpaceBetween size="l">
      <Pairs title="Inputs" rows={job.inputs.map((input) => [input.name, input.uri, input.type ?? ""])} heads={["Name", "From", "Content type or path"]} />
      <Pairs title="Hyperparameters" rows={Object.entries(job.parameters)} heads={["Name", "Value"]} />
      <Pairs title="Environment" rows={Object.entries(job.environment)} heads={["Name", "Value"]} />
      {!job.inputs.length && !Object.keys(job.parameters).length && !Object.keys(job.environment).length && (
        <Container header={<Header variant="h2">Configuration</Header>}>This job takes no inputs, hyperparameters or environment.</Container>
      )}
    </SpaceBetween>
  );
}

function Pairs({ title, rows, heads }: { title: string; rows: string[][]; heads: string[] }) {
  if (!rows.length) return null;
  return (
    <Table
      header={<Header variant="h2" counter={`(${rows.length})`}>{title}</Header>}
      items={rows}
      wrapLines
      ariaLabels={{ tableLabel: title }}
      columnDefinitions={heads.map((header, index) => ({
        id: header,
        header,
        isRowHeader: index === 0,
        width: index === 0 ? 220 : undefined,
        cell: (row: string[]) => <span className="fact">{long(row[index] ?? "")}</span>,
      }))}
    />
  );
}

function long(text: string): string {
  return text.length > 600 ? `${text.slice(0, 600)}… (${text.length} characters)` : text;
}
