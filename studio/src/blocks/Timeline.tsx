/** What became of a thing, step by step, each with how long it took. */
import { Status, words } from "./Status";
import { Duration, moment } from "./Time";

interface Step {
  status: string;
  started: number;
  ended?: number;
  message?: string;
}

export function Timeline({ steps, label }: { steps: readonly Step[]; label: string }) {
  return (
    <ol className="timeline" aria-label={label}>
      {steps.map((step, index) => (
        <li key={`${step.status} ${step.started} ${index}`}>
          <div>
            {index < steps.length - 1 ? words(step.status) : <Status of={step.status} />}{" "}
            {(index < steps.length - 1 || step.ended !== step.started) && (
              <span className="quiet">
                <Duration from={step.started} to={step.ended} />
              </span>
            )}
          </div>
          <div className="quiet">
            {moment(step.started)}
            {step.message && ` · ${step.message}`}
          </div>
        </li>
      ))}
    </ol>
  );
}
