/** The audit trail: who did what, when, from where; and what came of it. */
import type { Event } from "@aws-sdk/client-cloudtrail";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMemo, useState } from "react";
import { Code } from "@/blocks/Code";
import { Facts } from "@/blocks/Facts";
import { Nothing } from "@/blocks/Nothing";
import { Snippets } from "@/blocks/Snippets";
import type { Filter, Source } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { moment, Time } from "@/blocks/Time";
import { call } from "@/client/call";
import type { Wire } from "@/client/wire";

type Row = Wire<Event>;
/** A record of CloudTrail's, as far as it is shown. */
interface Told {
  sourceIPAddress?: string;
  userAgent?: string;
  errorCode?: string;
  errorMessage?: string;
  awsRegion?: string;
  userIdentity?: { arn?: string };
}

const told = (row: Row): Told => JSON.parse(row.CloudTrailEvent ?? "{}") as Told;

const FILTERS: Filter[] = [
  { key: "EventName", label: "Event", kind: "text" },
  { key: "Username", label: "User", kind: "text" },
  { key: "ResourceName", label: "Resource", kind: "text" },
  { key: "ResourceType", label: "Resource type", kind: "text" },
  { key: "EventSource", label: "Service", kind: "text" },
  { key: "AccessKeyId", label: "Access key", kind: "text" },
  { key: "EventId", label: "Event ID", kind: "text" },
  { key: "ReadOnly", label: "Read only", kind: "choice", values: ["true", "false"] },
  { key: "Time", label: "Time", kind: "time" },
];

/** What of an event each attribute is. */
const ATTRIBUTES: Record<string, (row: Row) => (string | undefined)[]> = {
  EventName: (row) => [row.EventName],
  Username: (row) => [row.Username],
  ResourceName: (row) => (row.Resources ?? []).map((one) => one.ResourceName),
  ResourceType: (row) => (row.Resources ?? []).map((one) => one.ResourceType),
  EventSource: (row) => [row.EventSource],
  AccessKeyId: (row) => [row.AccessKeyId],
  EventId: (row) => [row.EventId],
  ReadOnly: (row) => [row.ReadOnly],
};

const source: Source<Row> = {
  key: ["cloudtrail", "LookupEvents"],
  live: [],
  filters: FILTERS,
  words: "EventName",
  operators: (filter) => (filter.kind === "time" ? [">=", "<"] : ["="]),
  several: false,
  async ask(query, size, token, signal) {
    const attributes = query.tokens.filter(({ propertyKey }) => propertyKey !== "Time");
    // CloudTrail looks up by one attribute (API_LookupEvents, LookupAttributes); what else was asked for is sieved here.
    const [attribute, ...others] = attributes;
    const moment = (operator: string) => query.tokens.find((one) => one.propertyKey === "Time" && one.operator === operator)?.value;
    const [start, end] = [moment(">="), moment("<")];
    const answer = await call(
      "cloudtrail",
      "LookupEvents",
      {
        MaxResults: Math.min(size, 50),
        ...(token && { NextToken: token }),
        ...(attribute && { LookupAttributes: [{ AttributeKey: attribute.propertyKey as never, AttributeValue: String(attribute.value) }] }),
        ...(start ? { StartTime: Date.parse(String(start)) / 1000 } : {}),
        ...(end ? { EndTime: Date.parse(String(end)) / 1000 } : {}),
      },
      signal,
    );
    const wanted = (row: Row) => others.every(({ propertyKey = "", value }) => ATTRIBUTES[propertyKey]?.(row).includes(String(value)));
    return { rows: (answer.Events ?? []).filter(wanted), next: answer.NextToken };
  },
};

function columnsOf(open: (row: Row) => void): Column<Row>[] {
  return [
    { id: "event", header: "Event", width: 240, cell: (row) => <Button variant="inline-link" onClick={() => open(row)}>{row.EventName}</Button> },
    { id: "time", header: "Time", width: 150, cell: (row) => <Time at={row.EventTime} /> },
    { id: "user", header: "User", width: 180, cell: (row) => row.Username || "–" },
    { id: "result", header: "Result", width: 200, cell: (row) => <Result told={told(row)} /> },
    { id: "service", header: "Service", width: 150, cell: (row) => row.EventSource?.replace(".amazonaws.com", "") },
    { id: "resource", header: "Resources", width: 260, cell: (row) => (row.Resources ?? []).map((one) => one.ResourceName).join(", ") || "–" },
    { id: "from", header: "From", hidden: true, cell: (row) => told(row).sourceIPAddress ?? "–" },
    { id: "key", header: "Access key", hidden: true, cell: (row) => row.AccessKeyId || "–" },
  ];
}

function Result({ told: { errorCode } }: { told: Told }) {
  return errorCode ? <StatusIndicator type="error">{errorCode}</StatusIndicator> : <StatusIndicator>Done</StatusIndicator>;
}

export default function Audit() {
  const [shown, setShown] = useState<Row>();
  const columns = useMemo(() => columnsOf(setShown), []);
  return (
    <>
      <Table
        name="audit"
        title="Audit trail"
        description="Who asked for what, and what came of it: the last 90 days of this account and region."
        source={source}
        columns={columns}
        id={(row) => row.EventId ?? ""}
        empty={<Nothing title="Nothing was done yet" cli="aws cloudtrail lookup-events --max-results 10">Whatever anybody does in this account and region stands here.</Nothing>}
      />
      {shown && (
        <Modal visible size="large" header={shown.EventName} closeAriaLabel="Close" onDismiss={() => setShown(undefined)}>
          <Shown row={shown} />
        </Modal>
      )}
    </>
  );
}

function Shown({ row }: { row: Row }) {
  const record = told(row);
  return (
    <SpaceBetween size="l">
      <Facts
        columns={2}
        facts={[
          ["Time", moment(row.EventTime)],
          ["Who", record.userIdentity?.arn ?? row.Username],
          ["Result", <Result key="result" told={record} />],
          ["Why not", record.errorMessage],
          ["From", record.sourceIPAddress],
          ["By", record.userAgent],
          ["Region", record.awsRegion],
        ]}
      />
      <Code label="Event" text={JSON.stringify(record, null, 2)} />
      <Box variant="h3">The same, as code</Box>
      <Snippets service="cloudtrail" operation="LookupEvents" input={{ LookupAttributes: [{ AttributeKey: "EventId", AttributeValue: row.EventId }] }} />
    </SpaceBetween>
  );
}
