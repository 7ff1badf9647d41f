/** Code repositories: Git repositories that notebook instances clone, by names of the account's. */
import type { CodeRepositorySummary } from "@aws-sdk/client-sagemaker";
import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { Delete } from "@/blocks/Delete";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import type { Wire } from "@/client/wire";

type Row = Wire<CodeRepositorySummary>;

const source = listSource<Row>({ service: "sagemaker", operation: "ListCodeRepositories", rows: "CodeRepositorySummaryList", live: ["CodeRepository"] });

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", cell: (row) => row.CodeRepositoryName },
  { id: "address", header: "Address", width: 360, cell: (row) => row.GitConfig?.RepositoryUrl },
  { id: "branch", header: "Branch", cell: (row) => row.GitConfig?.Branch ?? "–" },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "arn", header: "ARN", hidden: true, width: 360, cell: (row) => row.CodeRepositoryArn },
];

export default function Repositories() {
  const [doomed, setDoomed] = useState<string>();
  return (
    <>
      <Table
        name="code-repositories"
        title="Code repositories"
        source={source}
        columns={columns}
        id={(row) => row.CodeRepositoryName ?? ""}
        choose="one"
        actions={([chosen]) => (
          <>
            <Button disabled={!chosen} onClick={() => setDoomed(chosen?.CodeRepositoryName)}>Delete</Button>
            <Go variant="primary" href="/code-repositories/create">Create code repository</Go>
          </>
        )}
        empty={
          <Nothing title="No code repositories" cli="aws sagemaker create-code-repository --code-repository-name churn --git-config RepositoryUrl=https://…">
            A Git repository under a name of this account: a notebook instance that is created with it finds it cloned.
          </Nothing>
        }
      />
      {doomed && (
        <Delete names={[doomed]} noun="code repositories" remove={(CodeRepositoryName) => call("sagemaker", "DeleteCodeRepository", { CodeRepositoryName })} onClose={() => setDoomed(undefined)}>
          The repository itself stays where it is, and so do clones of it. No instance can be created or started with this name any more.
        </Delete>
      )}
    </>
  );
}
