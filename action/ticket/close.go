package ticket

import (
	"context"
	"encoding/json"

	"riposte.dev/action"
	"riposte.dev/fault"
)

type closeAction struct{ deed }

var _ action.Action = closeAction{}

// NewClose returns the action ticket.close.
func NewClose(trackers *Trackers) action.Action {
	return closeAction{deed{trackers, action.Spec{
		Name:  "ticket.close",
		Title: "Close a ticket",
		Description: "Closes a ticket with a comment: in Jira by the transition to the status that the tracker's configuration names, or the only one " +
			"that leads to a status of the category Done; in ServiceNow by its state. The undo brings back the state before, where the tracker's workflow has a way back.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "properties": {` + targetProperties + `,
    "text": {"type": "string", "description": "why, for people"}}}`),
		Effect: action.StateChecked, Outside: true,
	}}}
}

const (
	whyClosed   = "Closed by riposte."
	whyReopened = "Reopened: what riposte closed this ticket for was taken back."
)

// Plan looks whether the ticket is closed.
func (a closeAction) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		Tracker     string `json:"tracker"`
		Ticket      string `json:"ticket"`
		Correlation string `json:"correlation"`
		Text        string `json:"text"`
	}
	if err := begin(req, &p); err != nil {
		return nil, err
	}
	d, t, r, err := target{p.Tracker, p.Ticket, p.Correlation}.find(ctx, a.deed, req)
	if err != nil {
		return nil, err
	}
	item := action.Item{ID: r.ARN, Resource: r}
	before := state{Fields: t.state}
	if t.closed {
		item.Status, item.Reason, item.Before, item.After = action.Unneeded, t.key+" is closed already.", encode(before), encode(before)
		return a.plan(item), nil
	}
	if p.Text == "" {
		p.Text = whyClosed
	}
	calls, after, left, err := d.closing(ctx, t, p.Text)
	switch {
	case err != nil:
		return nil, err
	case left != "":
		item.Status, item.Reason, item.Before = action.Escalated, left, encode(before)
	default:
		change(&item, d, calls, before, state{Fields: after}, t.key+" is in state "+t.name+".")
	}
	return a.plan(item), nil
}

// Undo plans the way back to the state before.
func (a closeAction) Undo(ctx context.Context, applied action.Item) (*action.Plan, error) {
	item := action.Item{ID: applied.ID, Resource: applied.Resource}
	var before state
	if err := json.Unmarshal(applied.Before, &before); err != nil {
		return nil, fault.New(fault.Invalid, "the stored state of %s can't be read: %w", applied.ID, err)
	}
	d, t, err := a.ticket(ctx, applied.Resource)
	if fault.CodeOf(err) == fault.NotFound {
		item.Status, item.Reason = action.Conflict, "It was deleted since."
		return a.plan(item), nil
	}
	if err != nil {
		return nil, err
	}
	now := state{Fields: t.state}
	item.Before = encode(now)
	switch {
	case action.SameState(item.Before, applied.Before):
		item.Status, item.Reason, item.After = action.Unneeded, "It is as it was before already.", item.Before
		return a.plan(item), nil
	case !action.SameState(item.Before, applied.After):
		item.Status, item.Reason = action.Conflict, t.key+" is in state "+t.name+" now: somebody changed it since, so it is left as it is."
		return a.plan(item), nil
	}
	calls, left, err := d.reopening(ctx, t, before.Fields, whyReopened)
	switch {
	case err != nil:
		return nil, err
	case left != "":
		item.Status, item.Reason = action.Escalated, left
	default:
		change(&item, d, calls, now, before, "Brings "+t.key+" back to the state before.")
	}
	return a.plan(item), nil
}
