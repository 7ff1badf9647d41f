/** A status of AWS's, with the sign and colour that Cloudscape has for its kind. */
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

const KINDS: Record<StatusIndicatorProps.Type, string[]> = {
  success: ["Completed", "InService", "Succeeded", "Active", "Approved", "Available", "Ready", "OK", "Attached", "Scheduled", "Successful"],
  error: ["Failed", "OutOfService", "ExecutionFailed", "Rejected", "UpdateRollbackFailed", "Delete_Failed", "Update_Failed", "ALARM"],
  "in-progress": [
    "InProgress", "Creating", "Updating", "SystemUpdating", "Executing", "Starting", "Downloading", "Training", "Uploading",
    "RollingBack", "Registering", "Restarting", "LaunchingMLInstances", "PreparingTrainingStack",
  ],
  pending: ["Pending", "PendingManualApproval", "Initializing", "NotStarted", "INSUFFICIENT_DATA"],
  stopped: ["Stopped", "Inactive", "Deleted", "Archived"],
  warning: ["Stopping", "Deleting", "Interrupted", "CompletedWithViolations", "CompletedWithFailures", "MaxRuntimeExceeded", "MaxWaitTimeExceeded"],
  info: [],
  loading: [],
  "not-started": [],
  log: [],
};

const kinds = new Map(Object.entries(KINDS).flatMap(([kind, names]) => names.map((name) => [name, kind as StatusIndicatorProps.Type])));

/** `InProgress` is read `In progress`; what AWS writes in capitals stays. */
export function words(status: string): string {
  return status.replace(/_/g, " ").replace(/([a-z])([A-Z])/g, (_, before: string, after: string) => `${before} ${after.toLowerCase()}`);
}

export function Status({ of, detail }: { of: string | undefined; detail?: string }) {
  if (!of) return <>–</>;
  return (
    <StatusIndicator type={kinds.get(of) ?? "info"}>
      {words(of)}
      {detail && detail !== of ? `: ${words(detail)}` : ""}
    </StatusIndicator>
  );
}
