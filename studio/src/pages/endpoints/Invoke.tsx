/** Ask an endpoint something, and see what it answers: InvokeEndpoint, as the session's user. */
import "./invoke.css";
import Alert from "@cloudscape-design/components/alert";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FileInput from "@cloudscape-design/components/file-input";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { decoded, download, size } from "@/blocks/bytes";
import { Code } from "@/blocks/Code";
import { Facts } from "@/blocks/Facts";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { asPython, quoted } from "@/blocks/snippets";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import type { Input as Request, Output } from "@/client/wire";
import type { Described } from "./Endpoint";

const TYPES = ["text/csv", "application/json", "application/jsonlines", "text/libsvm", "application/x-npy", "application/octet-stream"];
const SAMPLES: Record<string, string> = { "text/csv": "1.0,2.0,3.0\n", "application/json": '{"instances": [[1.0, 2.0, 3.0]]}\n' };
const SHOWN = 100_000; // characters of an answer; the rest is for the file

interface Answer {
  result: Output<"sagemaker-runtime", "InvokeEndpoint">;
  took: number;
}

export function Invoke({ endpoint }: { endpoint: Described }) {
  return endpoint.AsyncInferenceConfig ? <Later endpoint={endpoint} /> : <Now endpoint={endpoint} />;
}

function Now({ endpoint }: { endpoint: Described }) {
  const [type, setType] = useState("text/csv");
  const [accept, setAccept] = useState("");
  const [payload, setPayload] = useState(SAMPLES["text/csv"] ?? "");
  const [file, setFile] = useState<File[]>([]);
  const [variant, setVariant] = useState("");
  const [model, setModel] = useState("");
  const variants = (endpoint.ProductionVariants ?? []).map((one) => one.VariantName ?? "");
  const headers = {
    EndpointName: endpoint.EndpointName,
    ContentType: type,
    ...(accept && { Accept: accept }),
    ...(variant && { TargetVariant: variant }),
    ...(model && { TargetModel: model }),
  };
  const invoke = useAction(async (): Promise<Answer> => {
    const bytes = file[0] ? new Uint8Array(await file[0].arrayBuffer()) : new TextEncoder().encode(payload);
    const begun = performance.now();
    const result = await call("sagemaker-runtime", "InvokeEndpoint", { ...headers, Body: encoded(bytes) } as Request<"sagemaker-runtime", "InvokeEndpoint">);
    return { result, took: performance.now() - begun };
  });
  const chooseType = (chosen: string) => {
    if (SAMPLES[chosen] && (payload === "" || Object.values(SAMPLES).includes(payload))) setPayload(SAMPLES[chosen]);
    setType(chosen);
  };

  return (
    <div className="halves">
      <Container
        header={<Header variant="h2" description="A request with your rights, as any client would send it.">Request</Header>}
        footer={
          <ExpandableSection headerText="The same, as code">
            <Same headers={headers} payload={payload} file={file[0]?.name} />
          </ExpandableSection>
        }
      >
        <form onSubmit={(event) => (event.preventDefault(), invoke.mutate(undefined))}>
          <SpaceBetween size="m">
            <FormField label="Content type" stretch>
              <Autosuggest value={type} options={TYPES.map((value) => ({ value }))} onChange={({ detail }) => chooseType(detail.value)} enteredTextLabel={(text) => `Use “${text}”`} />
            </FormField>
            <FormField
              label="Payload"
              stretch
              description={file[0] ? `${file[0].name}, ${size(file[0].size)}` : undefined}
              secondaryControl={
                file[0] ? (
                  <Button formAction="none" onClick={() => setFile([])}>
                    Type instead
                  </Button>
                ) : (
                  <FileInput value={file} onChange={({ detail }) => setFile(detail.value)} ariaLabel="From a file">
                    From a file
                  </FileInput>
                )
              }
            >
              <Textarea value={file[0] ? "" : payload} disabled={Boolean(file[0])} rows={8} spellcheck={false} onChange={({ detail }) => setPayload(detail.value)} />
            </FormField>
            <ExpandableSection headerText="More">
              <SpaceBetween size="m">
                <FormField label="Accept" description="The type that the answer should have; the model's own, if empty." stretch>
                  <Autosuggest value={accept} options={TYPES.map((value) => ({ value }))} onChange={({ detail }) => setAccept(detail.value)} enteredTextLabel={(text) => `Use “${text}”`} />
                </FormField>
                {variants.length > 1 && (
                  <FormField label="Target variant" stretch>
                    <Select
                      selectedOption={{ value: variant, label: variant || "By weight" }}
                      options={["", ...variants].map((value) => ({ value, label: value || "By weight" }))}
                      onChange={({ detail }) => setVariant(detail.selectedOption.value ?? "")}
                    />
                  </FormField>
                )}
                <FormField label="Target model" description="Of an endpoint of many models: the rest of its S3 key." stretch>
                  <Input value={model} placeholder="model.tar.gz" onChange={({ detail }) => setModel(detail.value)} />
                </FormField>
              </SpaceBetween>
            </ExpandableSection>
            <Button variant="primary" loading={invoke.isPending} loadingText="The endpoint works on it">
              Invoke
            </Button>
          </SpaceBetween>
        </form>
      </Container>
      <Container header={<Header variant="h2">Answer</Header>}>
        <div aria-live="polite">
          <Problem error={invoke.error} doing={`invoke ${endpoint.EndpointName}`} />
          {!invoke.error && (invoke.data ? <Shown answer={invoke.data} name={endpoint.EndpointName ?? ""} /> : <Box color="text-body-secondary">What the model answers stands here, with its time.</Box>)}
        </div>
      </Container>
    </div>
  );
}

function Shown({ answer: { result, took }, name }: { answer: Answer; name: string }) {
  const bytes = decoded(result.Body ?? "");
  const text = readable(bytes, result.ContentType ?? "");
  return (
    <SpaceBetween size="m">
      <Facts
        columns={2}
        facts={[
          ["Took", `${took < 10 ? took.toFixed(1) : Math.round(took)} ms`],
          ["Variant", result.InvokedProductionVariant],
          ["Content type", result.ContentType],
          ["Size", size(bytes.length)],
        ]}
      />
      {text === undefined ? (
        <Alert type="info" action={<Button onClick={() => download(bytes, `${name}-answer`)}>Download</Button>}>
          The answer is not text.
        </Alert>
      ) : (
        <Code text={text.slice(0, SHOWN)} label="Answer" />
      )}
      {text !== undefined && text.length > SHOWN && <Button onClick={() => download(bytes, `${name}-answer`)}>Download the whole of it</Button>}
    </SpaceBetween>
  );
}

/** JSON with its indents, other text as it is; `undefined` for what is no text. */
function readable(bytes: Uint8Array, type: string): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!type.includes("json")) return text;
    try {
      return JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      return text;
    }
  } catch {
    return undefined;
  }
}

/** The CLI sends a body from a file and writes the answer into another. */
function Same({ headers, payload, file }: { headers: Record<string, string | undefined>; payload: string; file?: string }) {
  const path = file ?? "payload";
  const options = Object.entries(headers).map(([name, value]) => `--${name.replace(/\B[A-Z]/g, "-$&").toLowerCase()} ${quoted(value ?? "")}`);
  const write = file ? "" : `printf %s ${quoted(payload)} > ${path}\n`;
  const cli = `${write}${["aws sagemaker-runtime invoke-endpoint", ...options, `--body ${quoted(`fileb://${path}`)}`, "answer"].join(" \\\n  ")}\ncat answer`;
  const python = `${asPython("sagemaker-runtime", "InvokeEndpoint", { ...headers, Body: file ? path : payload })
    .replace("client.invoke", "answer = client.invoke")
    .replace(/Body=(.*),\n\)/, file ? 'Body=open($1, "rb"),\n)' : "Body=$1,\n)")}print(answer["Body"].read().decode())\n`;
  return (
    <Tabs
      ariaLabel="The same, as code"
      tabs={[
        { id: "cli", label: "AWS CLI", content: <Code text={cli} label="AWS CLI" /> },
        { id: "python", label: "Python", content: <Code text={python} label="Python" /> },
      ]}
    />
  );
}

/** An asynchronous endpoint takes its input from S3, and puts its answer there. */
function Later({ endpoint }: { endpoint: Described }) {
  const [location, setLocation] = useState("");
  const [type, setType] = useState("text/csv");
  const input = { EndpointName: endpoint.EndpointName, InputLocation: location, ContentType: type };
  const invoke = useAction(() => call("sagemaker-runtime", "InvokeEndpointAsync", input));
  return (
    <Container
      header={<Header variant="h2" description="The endpoint is asynchronous: its input lies in S3, and so will its answer.">Request</Header>}
      footer={
        <ExpandableSection headerText="The same, as code">
          <Snippets service="sagemaker-runtime" operation="InvokeEndpointAsync" input={input} />
        </ExpandableSection>
      }
    >
      <form onSubmit={(event) => (event.preventDefault(), invoke.mutate(undefined))}>
        <SpaceBetween size="m">
          <Problem error={invoke.error} doing={`invoke ${endpoint.EndpointName}`} />
          <FormField label="Input" stretch>
            <Input value={location} placeholder="s3://my-bucket/requests/1.csv" onChange={({ detail }) => setLocation(detail.value)} />
          </FormField>
          <FormField label="Content type" stretch>
            <Autosuggest value={type} options={TYPES.map((value) => ({ value }))} onChange={({ detail }) => setType(detail.value)} enteredTextLabel={(text) => `Use “${text}”`} />
          </FormField>
          <Button variant="primary" loading={invoke.isPending}>
            Invoke
          </Button>
          <div aria-live="polite">
            {invoke.data && <Facts columns={1} facts={[["Inference", invoke.data.InferenceId], ["Its answer will be", invoke.data.OutputLocation], ["An error would be", invoke.data.FailureLocation]]} />}
          </div>
        </SpaceBetween>
      </form>
    </Container>
  );
}

function encoded(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}
