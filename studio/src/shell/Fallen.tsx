/** A page that throws takes nothing else with it, and says what happened. */
import Alert from "@cloudscape-design/components/alert";
import { Component, type ReactNode } from "react";

export class Fallen extends Component<{ children: ReactNode }, { error?: Error }> {
  state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    const stale = /dynamically imported module|Importing a module script/.test(error.message);
    return (
      <Alert type="error" header={stale ? "Studio was updated" : "This page failed"}>
        {stale ? "Reload the page: the server has newer ones." : `${error.name}: ${error.message}`}
      </Alert>
    );
  }
}
