package ticket

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"riposte.dev/action"
	"riposte.dev/fault"
)

type createAction struct{ deed }

var _ action.Action = createAction{}

// NewCreate returns the action ticket.create.
func NewCreate(trackers *Trackers) action.Action {
	return createAction{deed{trackers, action.Spec{
		Name:  "ticket.create",
		Title: "Open a ticket",
		Description: "Opens a ticket in a tracker of the configuration, Jira Cloud or ServiceNow, unless there is one for the same reason, open or " +
			"closed. What looks like a secret is removed from its texts. The undo closes it, unless somebody has begun to work on it.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["title"], "properties": {
    "tracker": {"type": "string", "description": "name of the tracker in the configuration; default: the only one, or the one named default"},
    "title": {"type": "string", "minLength": 1, "description": "one line"},
    "description": {"type": "string", "description": "text, in lines"},
    "severity": {"type": "string", "enum": ["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"], "description": "urgency and impact in ServiceNow"},
    "correlation": {"type": "string", "description": "text that is the same for what shall be one ticket; default: the task of the execution"}}}`),
		Effect: action.StateChecked, Outside: true,
	}}}
}

var severities = []string{"", "INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"}

// Plan looks whether there is a ticket already.
func (a createAction) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		Tracker     string `json:"tracker"`
		Title       string `json:"title"`
		Description string `json:"description"`
		Severity    string `json:"severity"`
		Correlation string `json:"correlation"`
	}
	if err := begin(req, &p); err != nil {
		return nil, err
	}
	if strings.TrimSpace(p.Title) == "" || !slices.Contains(severities, p.Severity) {
		return nil, fault.New(fault.Invalid, "the title is missing, or the severity %q is none", p.Severity).
			WithHint(`give {"title": "CloudTrail was stopped", "severity": "HIGH"}; a severity is one of%s`, strings.Join(severities, " "))
	}
	d, tracker, err := a.trackers.tracker(p.Tracker)
	if err != nil {
		return nil, err
	}
	label := labelOf(reason(p.Correlation, req))
	item := action.Item{ID: arnPrefix + tracker + "/" + label, Resource: resource(req, tracker, label)}
	t, err := d.find(ctx, label)
	if err != nil {
		return nil, err
	}
	there := state{There: is(true)}
	if t != nil {
		item.Resource.Name = t.key
		item.Status, item.Before, item.After = action.Unneeded, encode(there), encode(there)
		item.Reason = t.key + " is there already, in state " + t.name + ": " + t.url
		return a.plan(item), nil
	}
	call, err := d.opening(draft{label: label, title: p.Title, text: p.Description, severity: p.Severity})
	if err != nil {
		return nil, err
	}
	change(&item, d, []request{call}, state{There: is(false)}, there, "There is no ticket for it in "+tracker+".")
	return a.plan(item), nil
}

// reason is what a ticket is known again by: what the playbook says, else the effect that asked for it, else all that was asked.
func reason(correlation string, req action.Request) string {
	switch {
	case correlation != "":
		return correlation
	case req.Effect != "":
		return req.Effect
	default:
		return req.Account + req.Region + string(req.Params)
	}
}

// Undo plans to close the ticket, unless somebody has moved it on.
func (a createAction) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	item := action.Item{ID: applied.ID, Resource: applied.Resource}
	if key := keyOf(applied.Receipts); key != "" {
		// By its key it is found however late the tracker's search is.
		tracker, _, _ := strings.Cut(strings.TrimPrefix(applied.Resource.ARN, arnPrefix), "/")
		item.Resource.ARN, item.Resource.Name = arnPrefix+tracker+"/"+key, key
	}
	d, t, err := a.ticket(ctx, item.Resource)
	switch {
	case fault.CodeOf(err) == fault.NotFound || err == nil && t == nil:
		item.Status, item.Reason = action.Unneeded, "There is no such ticket."
		return a.plan(item), nil
	case err != nil:
		return nil, err
	case t.closed:
		item.Status, item.Reason = action.Unneeded, t.key+" is closed already."
		item.Before, item.After = encode(state{Fields: t.state}), encode(state{Fields: t.state})
		return a.plan(item), nil
	case !t.fresh:
		item.Status, item.Reason = action.Conflict, t.key+" is in state "+t.name+": somebody works on it, so it is left open."
		return a.plan(item), nil
	}
	calls, after, left, err := d.closing(ctx, t, "What riposte opened this ticket for was taken back.")
	if err != nil {
		return nil, err
	}
	if left != "" {
		item.Status, item.Reason = action.Escalated, left
		return a.plan(item), nil
	}
	change(&item, d, calls, state{Fields: t.state}, state{Fields: after}, "Closes "+t.key+", which riposte opened.")
	return a.plan(item), nil
}

// keyOf is the key that the tracker gave the ticket; "" where riposte was interrupted before it knew.
func keyOf(receipts []action.Receipt) string {
	for _, r := range receipts {
		var out opened
		if r.Output != nil && json.Unmarshal(r.Output, &out) == nil && out.Ticket != "" {
			return out.Ticket
		}
	}
	return ""
}
