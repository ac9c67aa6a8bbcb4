package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"riposte.dev/cli"
	"riposte.dev/playbook"
	"riposte.dev/web"
)

// timeline prints what the engine does as it happens, until the engine ends.
func (w *world) timeline(client *cli.Client) {
	body, err := client.Open(context.Background(), http.MethodGet, "/api/v1/watch", nil, nil)
	if err != nil {
		return // the engine is gone already
	}
	defer body.Close()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var l web.Line
		if json.Unmarshal(lines.Bytes(), &l) == nil && l.Kind != string(playbook.StepEntered) && l.Kind != web.LineFinding && l.Kind != web.LineDelivery {
			since := ""
			if l.Since > 0 {
				since = "+" + cli.Milliseconds(l.Since)
			}
			w.printf("     %10s  %-9s %s", since, l.Kind, l.Text)
		}
	}
}

// execution waits until an execution of the rule that is not in seen has ended, and returns its summary.
func (w *world) execution(ctx context.Context, rule string, seen ...string) (playbook.Summary, error) {
	var found playbook.Summary
	err := wait(ctx, "an execution of "+rule, func() (bool, error) {
		var list []playbook.Summary
		if err := w.client.Call(ctx, http.MethodGet, "/api/v1/executions", url.Values{"rule": {rule}}, nil, &list); err != nil {
			return false, err
		}
	next:
		for _, s := range list {
			for _, id := range seen {
				if s.ID == id {
					continue next
				}
			}
			if s.Status != playbook.Running {
				found = s
				return true, nil
			}
		}
		return false, nil
	})
	if err == nil && found.Status != playbook.Succeeded {
		err = fmt.Errorf("execution %s of %s ended as %s: %s %s", found.ID, rule, found.Status, found.Error, found.Why)
	}
	return found, err
}
