/** One notebook instance: how it stands, what it costs, what its scripts said. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useLocation } from "wouter";
import { Anchor, Named } from "@/blocks/Anchor";
import { Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Logs } from "@/blocks/Logs";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { Status } from "@/blocks/Status";
import { Time } from "@/blocks/Time";
import { useCall } from "@/client/query";
import type { PageProps } from "@/pages";
import { Acts, Open } from "./acts";
import { said, useCosts } from "./cost";

const MOVING = new Set(["Pending", "Stopping", "Updating", "Deleting"]);

export default function Instance({ params: { name = "" } }: PageProps) {
  const [, go] = useLocation();
  const got = useCall("sagemaker", "DescribeNotebookInstance", { NotebookInstanceName: name }, { live: ["NotebookInstance"] });
  const cost = useCosts().get(got.data?.NotebookInstanceArn ?? "");
  if (got.error && !got.data) return <Problem error={got.error} page={name} doing={`show ${name}`} retry={() => void got.refetch()} />;
  if (!got.data) return <Spinner size="large" />;
  const instance = got.data;
  const status = instance.NotebookInstanceStatus;
  const config = instance.NotebookInstanceLifecycleConfigName;
  return (
    <SpaceBetween size="l">
      <Heading
        status={<Status of={status} />}
        actions={
          <>
            <Acts name={name} status={status} onDeleted={() => go("/notebook-instances")} />
            <Open name={name} status={status} primary />
          </>
        }
      >
        {name}
      </Heading>
      {instance.FailureReason && (
        <Alert type="error" header="Why it failed">
          <span className="said">{instance.FailureReason}</span>
        </Alert>
      )}
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          facts={[
            ["Instance type", instance.InstanceType],
            ["Cost", cost && said(cost, instance.InstanceType, status === "InService")],
            ["Volume", `${instance.VolumeSizeInGB} GB`],
            ["Role", instance.RoleArn && <Named key="role" arn={instance.RoleArn} />],
            ["Lifecycle configuration", config && <Anchor href={`/lifecycle-configurations/${config}`}>{config}</Anchor>],
            ["Git repository", instance.DefaultCodeRepository],
            ["Further repositories", instance.AdditionalCodeRepositories?.join(", ")],
            ["Created", <Time key="created" at={instance.CreationTime} />],
            ["Host", instance.Url],
            ["ARN", instance.NotebookInstanceArn],
          ]}
        />
      </Container>
      <Container header={<Header variant="h2" description="What Jupyter and the lifecycle configuration's scripts say.">Log</Header>}>
        <Logs group="/aws/sagemaker/NotebookInstances" prefix={`${name}/`} running={status === "InService" || MOVING.has(status ?? "")} height={320} />
      </Container>
      <Container header={<Header variant="h2">The same, as code</Header>}>
        <Snippets
          service="sagemaker"
          operation="CreateNotebookInstance"
          input={{ NotebookInstanceName: name, InstanceType: instance.InstanceType, RoleArn: instance.RoleArn, VolumeSizeInGB: instance.VolumeSizeInGB, LifecycleConfigName: config }}
        />
      </Container>
    </SpaceBetween>
  );
}
