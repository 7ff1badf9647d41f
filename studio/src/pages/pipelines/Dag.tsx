/** The steps as a graph, each with how it stands. Apart from everything else: whoever opens no pipeline loads none of it. */
import "@xyflow/react/dist/base.css";
import "./dag.css";
import dagre from "@dagrejs/dagre";
import { Controls, Handle, type Node as FlowNode, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useEffect, useMemo, useRef, useState } from "react";
import { Status } from "@/blocks/Status";
import { Duration } from "@/blocks/Time";
import { Mode, useMode } from "@/shell/appearance";
import type { Edge, Graph } from "./graph";

/** What is known of a step's run. */
export interface Run {
  status?: string;
  started?: number;
  ended?: number;
}

interface Props {
  graph: Graph;
  runs: ReadonlyMap<string, Run>;
  chosen?: string;
  onChoose: (step: string) => void;
}

type Data = { title: string; type: string; run?: Run; chosen: boolean };

const WIDTH = 210;
const HEIGHT = 72;
const FIT = { minZoom: 0.5, maxZoom: 1, padding: 0.08 }; // smaller, nobody could read it: one moves it, or zooms out

export default function Dag({ graph, runs, chosen, onChoose }: Props) {
  const mode = useMode();
  const places = useMemo(() => laid(graph), [graph]);
  const nodes = graph.nodes.map((node): FlowNode<Data> => {
    const run = runs.get(node.id);
    return {
      id: node.id,
      type: "step",
      position: places.get(node.id) ?? { x: 0, y: 0 },
      data: { title: node.title, type: node.type, run, chosen: node.id === chosen },
      ariaRole: "button",
      initialWidth: WIDTH,
      initialHeight: HEIGHT,
    };
  });
  const edges = useMemo(() => reduced(graph.edges), [graph]).map((edge) => ({
    id: `${edge.from} ${edge.to}`,
    source: edge.from,
    target: edge.to,
    label: edge.label,
    animated: runs.get(edge.to)?.status === "Executing",
    focusable: false,
  }));
  const [width, setWidth] = useState(1000);
  const [wide, tall] = (["x", "y"] as const).map((axis) => Math.max(0, ...[...places.values()].map((place) => place[axis]))) as [number, number];
  const scale = Math.min(FIT.maxZoom, Math.max(FIT.minZoom, width / (wide + WIDTH + 40)));
  const height = Math.min(620, Math.max(220, (tall + HEIGHT + 60) * scale));
  const frame = useRef<HTMLDivElement>(null);
  const flow = useRef<{ fitView: (options: typeof FIT) => unknown }>(undefined);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      setWidth(entry?.contentRect.width ?? 1000);
      void flow.current?.fitView(FIT);
    });
    if (frame.current) observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  return (
    <div ref={frame} className="dag" style={{ blockSize: height }}>
      <ReactFlow
        onInit={(instance) => (flow.current = instance)}
        colorMode={mode === Mode.Dark ? "dark" : "light"}
        nodes={nodes}
        edges={edges}
        nodeTypes={TYPES}
        onNodeClick={(_, node) => onChoose(node.id)}
        onNodesChange={(changes) => {
          for (const change of changes) if (change.type === "select" && change.selected) onChoose(change.id);
        }}
        nodesDraggable={false}
        nodesConnectable={false}
        fitView
        fitViewOptions={FIT}
        minZoom={0.1}
        zoomOnScroll={false}
        preventScrolling={false}
        proOptions={{ hideAttribution: true }}
        aria-label="Steps of the pipeline"
      >
        <Controls showInteractive={false} position="top-right" />
      </ReactFlow>
    </div>
  );
}

function StepNode({ data }: NodeProps<FlowNode<Data>>) {
  return (
    <div className={`dag-step${data.chosen ? " dag-chosen" : ""}`}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      <div className="dag-title">{data.title}</div>
      <div className="dag-state">
        {data.run?.status ? <Status of={data.run.status} /> : <span className="quiet">{data.type}</span>}
        {data.run?.started !== undefined && (
          <span className="quiet">
            <Duration from={data.run.started} to={data.run.ended} />
          </span>
        )}
      </div>
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}

const TYPES = { step: StepNode };

/** Without those that say what others say already: who waits for Evaluate, which waits for Train, waits for Train. */
function reduced(edges: readonly Edge[]): Edge[] {
  const next = Map.groupBy(edges, (edge) => edge.from);
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    (next.get(from) ?? []).some((edge) => edge.to === to || (!seen.has(edge.to) && reaches(edge.to, to, seen.add(edge.to))));
  return edges.filter((edge) => edge.label || !(next.get(edge.from) ?? []).some((other) => other.to !== edge.to && reaches(other.to, edge.to)));
}

function laid(graph: Graph): Map<string, { x: number; y: number }> {
  const layout = new dagre.graphlib.Graph().setGraph({ rankdir: "TB", nodesep: 30, ranksep: 46 }).setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) layout.setNode(node.id, { width: WIDTH, height: HEIGHT });
  for (const edge of graph.edges) layout.setEdge(edge.from, edge.to);
  dagre.layout(layout);
  return new Map(graph.nodes.map(({ id }) => [id, { x: layout.node(id).x - WIDTH / 2, y: layout.node(id).y - HEIGHT / 2 }]));
}
