/** A definition's steps, and what each waits for. Source: developer guide, "Pipelines overview", "Data dependency". */

export interface Node {
  id: string;
  title: string;
  type: string;
  description?: string;
  arguments?: unknown;
}

export interface Edge {
  from: string;
  to: string;
  /** `true` or `false`: the branch of a condition. */
  label?: string;
}

export interface Parameter {
  Name: string;
  Type: string;
  DefaultValue?: string | number | boolean;
  EnumValues?: (string | number)[];
}

export interface Graph {
  nodes: Node[];
  edges: Edge[];
  parameters: Parameter[];
}

interface Raw {
  Name: string;
  Type: string;
  DisplayName?: string;
  Description?: string;
  DependsOn?: string[];
  Arguments?: { IfSteps?: Raw[]; ElseSteps?: Raw[] } & Record<string, unknown>;
}

export function graph(definition: string): Graph {
  const whole = JSON.parse(definition) as { Steps?: Raw[]; Parameters?: Parameter[] };
  const nodes: Node[] = [];
  const edges = new Map<string, Edge>();
  const add = (edge: Edge) => edges.set(`${edge.from} ${edge.to}`, edge);
  const walk = (steps: readonly Raw[]) => {
    for (const { Name, Type, DisplayName, Description, DependsOn = [], Arguments = {}, ...rest } of steps) {
      const { IfSteps = [], ElseSteps = [], ...own } = Arguments;
      nodes.push({ id: Name, title: DisplayName ?? Name, type: Type, description: Description, arguments: own });
      for (const from of [...DependsOn, ...references([own, rest])]) add({ from, to: Name });
      for (const step of IfSteps) add({ from: Name, to: step.Name, label: "true" });
      for (const step of ElseSteps) add({ from: Name, to: step.Name, label: "false" });
      walk(IfSteps);
      walk(ElseSteps);
    }
  };
  walk(whole.Steps ?? []);
  const known = new Set(nodes.map((node) => node.id));
  return { nodes, edges: [...edges.values()].filter((edge) => known.has(edge.from) && known.has(edge.to) && edge.from !== edge.to), parameters: whole.Parameters ?? [] };
}

/** The steps that expressions refer to: `{"Get": "Steps.Train.ModelArtifacts…"}`. */
function references(value: unknown): string[] {
  if (!value || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === "Get" && typeof inner === "string") return /^Steps\.([\w-]+)/.exec(inner)?.slice(1) ?? [];
    return references(inner);
  });
}
