package ticket

import (
	"context"
	"encoding/json"
	"strings"

	"riposte.dev/action"
	"riposte.dev/fault"
)

type commentAction struct{ deed }

var _ action.Action = commentAction{}

const unsaid = "people have read it, and trackers keep what was said"

// NewComment returns the action ticket.comment.
func NewComment(trackers *Trackers) action.Action {
	return commentAction{deed{trackers, action.Spec{
		Name:  "ticket.comment",
		Title: "Comment a ticket",
		Description: "Adds a comment to a ticket, in ServiceNow a work note, unless the same task has done so before: its last line says what it " +
			"is known by. What looks like a secret is removed.",
		Parameters: json.RawMessage(`{"type": "object", "additionalProperties": false, "required": ["text"], "properties": {` + targetProperties + `,
    "text": {"type": "string", "minLength": 1, "description": "the comment, in lines"}}}`),
		Effect: action.StateChecked, Outside: true, Irreversible: unsaid,
	}}}
}

// Plan looks whether it was said already.
func (a commentAction) Plan(ctx context.Context, req action.Request) (*action.Plan, error) {
	var p struct {
		Tracker     string `json:"tracker"`
		Ticket      string `json:"ticket"`
		Correlation string `json:"correlation"`
		Text        string `json:"text"`
	}
	if err := begin(req, &p); err != nil {
		return nil, err
	}
	if strings.TrimSpace(p.Text) == "" {
		return nil, fault.New(fault.Invalid, "there is no text to say").WithHint(`give {"ticket": "SEC-7", "text": "The trail logs again."}`)
	}
	d, t, r, err := target{p.Tracker, p.Ticket, p.Correlation}.find(ctx, a.deed, req)
	if err != nil {
		return nil, err
	}
	mark := labelOf(reason("", req))
	item := action.Item{ID: r.ARN + "#" + mark, Resource: r}
	said, err := d.said(ctx, t, mark)
	if err != nil {
		return nil, err
	}
	before, after := state{Mark: mark, Said: is(said)}, state{Mark: mark, Said: is(true)}
	if said {
		item.Status, item.Reason, item.Before, item.After = action.Unneeded, "It was said already.", encode(before), encode(after)
		return a.plan(item), nil
	}
	call, err := d.commenting(t, clean(p.Text, nowText-len(mark)-10)+"\n\n("+mark+")")
	if err != nil {
		return nil, err
	}
	change(&item, d, []request{call}, before, after, "Says to "+t.key+": "+line(p.Text, 200))
	return a.plan(item), nil
}

// Undo says why there is none.
func (a commentAction) Undo(context.Context, action.Item) (*action.Plan, error) {
	return nil, fault.New(fault.Invalid, "%s can't be undone: %s", a.spec.Name, unsaid).WithHint("say in another comment what is true now")
}
