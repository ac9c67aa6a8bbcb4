package playbook

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"riposte.dev/action"
	"riposte.dev/asl"
	"riposte.dev/guard"
)

// output is what an action's task gives the playbook.
type output struct {
	Status  string         `json:"status"` // changed, unneeded, dry-run, escalated, failed or partial
	Mode    guard.Mode     `json:"mode"`
	Action  string         `json:"action"`
	Account string         `json:"account"`
	Region  string         `json:"region"`
	Counts  map[string]int `json:"counts"` // items by status
	Items   []outputItem   `json:"items"`
	Reasons []string       `json:"reasons,omitempty"`
	Expires time.Time      `json:"expires,omitzero"` // when riposte takes it back by itself
}

type outputItem struct {
	ID     string          `json:"id"`
	ARN    string          `json:"arn"`
	Name   string          `json:"name,omitempty"`
	Owner  string          `json:"owner,omitempty"`
	Status action.Status   `json:"status"`
	Reason string          `json:"reason"`
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	Output json.RawMessage `json:"output,omitempty"` // what the last call answered, of an action that says so
	Error  string          `json:"error,omitempty"`
}

func resultOf(plan *action.Plan, mode guard.Mode, reasons []string) output {
	o := output{Mode: mode, Action: plan.Action, Account: plan.Account, Region: plan.Region, Counts: map[string]int{}, Items: []outputItem{},
		Reasons: reasons, Status: statusOf(plan)}
	for _, item := range plan.Items {
		o.Counts[string(item.Status)]++
		short := outputItem{ID: item.ID, ARN: item.Resource.ARN, Name: item.Resource.Name, Status: item.Status, Reason: item.Reason,
			Before: item.Before, After: item.After, Error: item.Error}
		for _, receipt := range item.Receipts {
			if receipt.Output != nil {
				short.Output = receipt.Output
			}
		}
		if item.Resource.Owner != nil {
			short.Owner = item.Resource.Owner.Contact
		}
		o.Items = append(o.Items, short)
	}
	return o
}

// statusOf sums up a plan whose outcome is known: the word that a playbook decides on.
func statusOf(plan *action.Plan) string {
	n := map[action.Status]int{}
	for _, item := range plan.Items {
		n[item.Status]++
	}
	switch {
	case n[action.Change] > 0:
		return "dry-run"
	case n[action.Failed] > 0 && n[action.Unneeded] == 0 && !slices.ContainsFunc(plan.Items, action.Item.Touched):
		return "failed"
	case n[action.Failed] > 0:
		return "partial"
	case n[action.Changed] > 0:
		return "changed"
	case n[action.Escalated]+n[action.Conflict] > 0:
		return "escalated"
	default:
		return "unneeded"
	}
}

func planSummary(plan *action.Plan, mode guard.Mode) string {
	if len(plan.Items) == 0 {
		return "there is nothing to look at"
	}
	n := map[action.Status]int{}
	for _, item := range plan.Items {
		n[item.Status]++
	}
	var parts []string
	for _, status := range []action.Status{action.Change, action.Unneeded, action.Excepted, action.Escalated, action.Conflict, action.Failed, action.Changed} {
		if n[status] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[status], status))
		}
	}
	return strings.Join(parts, ", ") + fmt.Sprintf(" (mode %s)", mode)
}

// summary is a line for people.
func (t *task) summary(step asl.Record) string {
	took := t.effect.Took.Round(time.Millisecond)
	switch {
	case step.Error != "":
		return fmt.Sprintf("failed after %v: %s", took, step.Error)
	case t.effect.Plan != nil:
		return fmt.Sprintf("%s in %v: %s", statusOf(t.effect.Plan), took, planSummary(t.effect.Plan, t.e.begin.Start.Mode))
	default:
		return fmt.Sprintf("done in %v", took)
	}
}
